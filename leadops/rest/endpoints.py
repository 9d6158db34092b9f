"""What every endpoint of the API shares: actor, language and zone of the caller, bounded bodies, strict shapes, one unit
per POST, idempotency. It knows no resource and decides no right.
"""

from __future__ import annotations

import json
import uuid
import zoneinfo
from collections.abc import Callable
from io import BytesIO
from typing import IO, Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django_filters import BooleanFilter, MultipleChoiceFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import exceptions, serializers, viewsets
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access
from leadops.access import Actor
from leadops.errors import Refused
from leadops.rest import idempotency, queries
from leadops.rest.pagination import Newest
from leadops.rest.problems import TooLarge
from leadops.unit import Unit, in_unit

T = TypeVar("T")
MOST_BYTES = 1024 * 1024


class BoundedJson(JSONParser):
    """JSON up to a megabyte; what nests deeper than any reader bears is refused, not crashed on, and so is half a character:
    it can neither be kept nor be said again.
    """

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise TooLarge()
        try:
            found = super().parse(BytesIO(raw), media_type, parser_context)
            if b"\\u" in raw:
                json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as fault:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from fault
        except UnicodeEncodeError as fault:
            raise exceptions.ParseError(_("The body holds half of a surrogate pair.")) from fault
        return found


class Endpoint(viewsets.GenericViewSet[Any]):
    """Base of every resource; `reads` is the verb without which none of its rows is read or acted on."""

    reads = ""
    parser_classes = [BoundedJson]
    pagination_class = Newest
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "put", "patch", "delete", "head", "options"]  # an action may be named `trace`
    filter_backends = [DjangoFilterBackend]  # for the schema; `filter_queryset` below does it, strictly

    @property
    def actor(self) -> Actor:
        """Who calls, as the policy knows them; a token is never more than its maker."""
        request = self.request
        found: Actor = getattr(request._request, "actor", access.VISITOR) if request.user else access.VISITOR
        return found

    # -- a request's frame ---------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with timezone.override(timezone.get_current_timezone()), translation.override(translation.get_language()):
            return super().dispatch(request, *args, **kwargs)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        if "Accept-Language" in request.headers:
            translation.activate(translation.get_language_from_request(request))
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.reads and (request.method in SAFE_METHODS or getattr(self, "detail", False)):
            self.require(self.reads)  # a token without the scope is told so, instead of seeing nothing
        timezone.activate(zoneinfo.ZoneInfo(getattr(request.user, "zone", settings.REPORTING_ZONE)))
        handler = getattr(self, "post", None)
        if idempotency.keyed(request) and handler is not None and not self.staged():
            call = idempotency.Call(request, self.actor)
            self.post = lambda *a, **k: idempotency.once(call, lambda: handler(*a, **k))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(answer, ["Accept-Language", "Authorization"])
        answer["Content-Language"] = translation.get_language() or "en"
        answer["Cache-Control"] = "no-store"
        return answer

    def staged(self) -> bool:
        """Whether this action keeps its idempotency itself, because it takes more than one transaction."""
        return False

    # -- what handlers use ---------------------------------------------------------------------------

    def read(self, shape: type[serializers.Serializer[Any]], partial: bool = False) -> dict[str, Any]:
        """The body in the shape of this verb, or 422 naming what is wrong."""
        given = shape(data=self.request.data, partial=partial, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        found: dict[str, Any] = given.validated_data
        return found

    def require(self, verb: str, obj: Any = None) -> None:
        access.require(self.actor, verb, obj)

    def in_unit(self, work: Callable[[Unit], T]) -> T:
        return in_unit(work, actor=self.actor)

    def answer(self, row: Any, status: int = 200) -> Response:
        """One row in the shape of the resource."""
        return Response(self.get_serializer(row).data, status=status)

    def listed(self, rows: Any) -> Response:
        """One page of rows, filtered by the query string."""
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def filter_queryset(self, queryset: Any) -> Any:
        """Only named filters count; an unknown name is refused, so that a typing error never widens a list."""
        wanted = getattr(self, "filterset_class", None)
        known = set(wanted.base_filters) if wanted else set()
        extra = sorted(set(self.request.query_params) - known - {"cursor", "limit", "lang"})
        if extra:
            raise Refused(
                "unknown-filter", _("There is no filter of this name: %(names)s") % {"names": ", ".join(extra)[:200]},
                status=400, names=extra,
            )  # fmt: skip
        filters = wanted.base_filters if wanted else {}
        several = [name for name, each in filters.items() if isinstance(each, MultipleChoiceFilter)]
        truths = [name for name, each in filters.items() if isinstance(each, BooleanFilter)]
        queries.check(self.request.query_params, several, truths)
        if wanted is None:
            return queryset
        chosen = wanted(self.request.query_params, queryset=queryset, request=self.request)
        if not chosen.is_valid():
            raise serializers.ValidationError(chosen.errors)
        return chosen.qs


def one(rows: Any, key: uuid.UUID | int) -> Any:
    """The row of this address among those the caller may see; else the one 404."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise exceptions.NotFound()
    return row
