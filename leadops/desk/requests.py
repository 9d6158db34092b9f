"""Every request through Django has its identity and its one line; a lead that the address names is named in all lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, bound_contextvars

from leadops import perrequest
from leadops.platform import identity

UNNAMED = ("healthz", "readyz", "metrics")  # asked all day by machines


def identified(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The outermost of the middleware: refusals of the others have an id, too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began, own = time.perf_counter(), identity.give(request.META)
        with bound_contextvars(request=own, lead=None), perrequest.keeping():
            response = get_response(request)
            tell(request, response, began)
        response[identity.HEADER] = own
        return response

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if "lead_id" in kwargs:
            bind_contextvars(lead=str(kwargs["lead_id"]))

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def tell(request: HttpRequest, response: HttpResponse, began: float) -> None:
    match = request.resolver_match
    route = match.route if match else "in/" if request.path_info.startswith("/in/") else "-"
    if route not in UNNAMED:
        who = getattr(getattr(request, "actor", None), "user_id", None)
        identity.tell(request.method or "-", route, response.status_code, began, user_id=who)
