"""Every API error as application/problem+json with a stable code, in the caller's language; decides no status itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from leadops.errors import Refused, lost_race

NOT_FOUND = _("There is nothing here, or it is not yours to see.")


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is larger than one megabyte.")


# what DRF and Django raise → status, code, words (empty = the words of the exception)
_CODES: list[tuple[type[Exception], int, str, str | Promise]] = [
    (exceptions.NotAuthenticated, 401, "not-authenticated", _("Sign in, or send a bearer token.")),
    (exceptions.AuthenticationFailed, 401, "invalid-token", _("This token is not valid, or not any more.")),
    (exceptions.PermissionDenied, 403, "not-allowed", ""),
    (PermissionDenied, 403, "not-allowed", _("Your role does not allow this.")),
    (Http404, 404, "not-found", NOT_FOUND),
    (exceptions.NotFound, 404, "not-found", NOT_FOUND),
    (exceptions.MethodNotAllowed, 405, "method-not-allowed", ""),
    (exceptions.NotAcceptable, 406, "not-acceptable", ""),
    (TooLarge, 413, "too-large", ""),
    (RequestDataTooBig, 413, "too-large", TooLarge.default_detail),
    (exceptions.UnsupportedMediaType, 415, "unsupported-media-type", ""),
    (exceptions.Throttled, 429, "too-many-requests", ""),
    (exceptions.ParseError, 400, "unreadable-body", ""),
]


def problem_json(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; anything unknown is left to Django."""
    fault = lost_race(fault) or fault
    if isinstance(fault, Refused):
        set_rollback()
        # one answer for what is foreign and what is not there: the words of the place that noticed say too much
        words = NOT_FOUND if fault.code == "not-found" else fault.message
        wait = {"Retry-After": str(fault.detail["retry_after"])} if "retry_after" in fault.detail else {}
        return _answer(fault.status, fault.code, str(words), fault.detail, wait)
    if isinstance(fault, exceptions.ValidationError):
        return _answer(422, "invalid", str(_("Some fields are not valid.")), {"faults": list(faults_of(fault.detail))})
    for kind, code_status, code, words in _CODES:
        if isinstance(fault, kind):
            headers = {"WWW-Authenticate": "Bearer"} if code_status == 401 else {}
            if isinstance(fault, exceptions.Throttled):
                headers["Retry-After"] = str(math.ceil(getattr(fault, "wait", None) or 1))
            return _answer(code_status, code, str(words or getattr(fault, "detail", code)), {}, headers)
    return None


def faults_of(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested errors as one flat list: where, a stable code, words."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from faults_of(inner, f"{path}.{here}" if path and here else here or path)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from faults_of(inner, f"{path}[{position}]" if nested else path)
    elif detail:
        yield {"path": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def _answer(
    code_status: int, code: str, title: str, detail: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    body = {"type": "about:blank", "title": title, "status": code_status, "code": code, **detail}
    return Response(body, status=code_status, content_type="application/problem+json", headers=headers)
