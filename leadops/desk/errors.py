"""Answers to what goes wrong, as page, fragment or JSON; never a traceback and never a bare 500 text."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from leadops.errors import Refused

OUTAGE = (OperationalError, InterfaceError)


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/in/")) or request.headers.get("Accept", "").startswith(
        "application/json"
    )


def problem(status: int, code: str, title: str, **detail: Any) -> JsonResponse:
    """RFC 9457 body with our stable `code`."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code, **detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To who is not signed in (any more): the sign-in page and back; a fragment or JSON answers 401."""
    htmx = getattr(request, "htmx", False)
    if not wants_json(request) and not htmx:
        wanted = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
        return redirect_to_login(wanted, reverse("desk:sign_in"))
    fault = Refused("signed-out", _("You were signed out: sign in again."), status=401)
    return refused(request, fault)


def refused(request: HttpRequest, fault: Refused) -> HttpResponse:
    visitor = not getattr(getattr(request, "user", None), "is_authenticated", False)
    if visitor and fault.code == "not-allowed" and not wants_json(request):
        return sign_in_first(request)
    if wants_json(request):
        answer: HttpResponse = problem(fault.status, fault.code, str(fault.message), **fault.detail)
    else:
        template = "errors/refused.html#fragment" if getattr(request, "htmx", False) else "errors/refused.html"
        shell = "base_plain.html" if visitor else "base.html"
        answer = render(request, template, {"refusal": fault, "shell": shell}, status=fault.status)
    if "retry_after" in fault.detail:
        answer["Retry-After"] = str(fault.detail["retry_after"])
    return answer


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After; the connection that failed is given up."""
    connection.close()
    message = _("The database is not answering. Please try again in a moment.")
    if wants_json(request):
        response: HttpResponse = problem(503, "database-away", message)
    else:
        # without the request no context processor runs: nothing here may ask the database
        response = HttpResponse(render_to_string("errors/503.html"), status=503)
    response["Retry-After"] = "5"
    return response


def unencrypted() -> HttpResponse:
    return problem(
        403, "not-encrypted", _("The API is asked over https alone. Give this token up: it was sent in clear.")
    )


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refused(request, Refused("csrf", _("This page was open too long: reload it and try again."), status=403))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refused(request, Refused("not-found", _("There is nothing here, or it is not yours to see."), status=404))


def wrong_method(request: HttpRequest, blank: HttpResponse) -> HttpResponse:
    """405 in a browser: most often the address of a form, opened as a page."""
    message = _("This address is no page: it only takes what a form sends.")
    if request.method not in ("GET", "HEAD"):
        message = _("This page takes no form.")
    answer = refused(request, Refused("method-not-allowed", message, status=405))
    answer["Allow"] = blank["Allow"]
    return answer


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What no page can read: an unknown host name, a form beyond every limit. It asks for no context and no host."""
    message = _("This request cannot be read, or this address is not ours.")
    if isinstance(exception, TooManyFieldsSent | RequestDataTooBig):
        message = _("This form is larger than what can be sent at once. Nothing was saved.")
    if wants_json(request):
        return problem(400, "bad-request", message)
    return HttpResponse(render_to_string("errors/400.html", {"message": message}), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; but an outage noticed outside of a view (a middleware, a refusal's own page) is a 503 like any other."""
    if isinstance(sys.exception(), OUTAGE):
        return database_away(request)
    if wants_json(request):
        return problem(500, "fault", _("Something failed on our side. It has been noted."))
    return HttpResponse(render_to_string("errors/500.html"), status=500)
