"""Cursor pages of the API: keyset on a unique column, so that rows that arrive meanwhile neither repeat nor hide others."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from leadops.errors import Refused


class Newest(CursorPagination):
    """Newest first: addresses are UUIDv7, so the key itself is the order."""

    ordering: Any = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    page_size_query_description = _("Rows of a page, 200 at most.")
    cursor_query_description = _("Where the page before ended; taken from `next`.")

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound as fault:
            raise Refused("invalid-cursor", _("This cursor cannot be read: start from the first page.")) from fault


class ByKey(Newest):
    ordering = "key"


class BySlug(Newest):
    ordering = "slug"


class ByUser(Newest):
    ordering = "user"
