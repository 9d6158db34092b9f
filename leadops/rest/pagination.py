"""Cursor pages of the API: keyset on a unique column, so that rows that arrive meanwhile neither repeat nor hide others."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from leadops.errors import Refused
from leadops.rest import queries

_base64 = re.compile(r"[A-Za-z0-9+/]{1,400}={0,2}")


class Newest(CursorPagination):
    """Newest first: addresses are UUIDv7, so the key itself is the order."""

    ordering: Any = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    page_size_query_description = _("Rows of a page, 200 at most.")
    cursor_query_description = _("Where the page before ended; taken from `next`.")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """A cursor somebody made up is refused; the database is not asked about it."""
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                queryset.model._meta.get_field(self.ordering.lstrip("-")).to_python(cursor.position)
            except ValidationError as fault:
                raise _unreadable() from fault
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int | None:
        queries.size(request.query_params.get("limit", ""), self.max_page_size)
        found: int | None = super().get_page_size(request)
        return found

    def decode_cursor(self, request: Request) -> Any:
        given = request.query_params.get(self.cursor_query_param)
        if given is not None and not _base64.fullmatch(given):
            raise _unreadable()
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound as fault:
            raise _unreadable() from fault


def _unreadable() -> Refused:
    return Refused("invalid-cursor", _("This cursor cannot be read: start from the first page."))


class ByKey(Newest):
    ordering = "key"


class BySlug(Newest):
    ordering = "slug"


class ByUser(Newest):
    ordering = "user"
