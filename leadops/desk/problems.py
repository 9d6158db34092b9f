"""Every API error as application/problem+json with a stable code."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from leadops.errors import Refused

_CODES: list[tuple[type[Exception], int, str]] = [
    (exceptions.NotAuthenticated, 401, "not-authenticated"),
    (exceptions.AuthenticationFailed, 401, "invalid-token"),
    (exceptions.PermissionDenied, 403, "not-allowed"),
    (PermissionDenied, 403, "not-allowed"),
    (Http404, 404, "not-found"),
    (exceptions.NotFound, 404, "not-found"),
    (exceptions.MethodNotAllowed, 405, "method-not-allowed"),
    (exceptions.UnsupportedMediaType, 415, "unsupported-media-type"),
    (exceptions.Throttled, 429, "too-many-requests"),
    (exceptions.ParseError, 400, "unreadable-body"),
]


def problem_json(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; anything unknown is left to Django."""
    if isinstance(fault, Refused):
        set_rollback()
        return _answer(fault.status, fault.code, str(fault.message), fault.detail)
    if isinstance(fault, exceptions.ValidationError):
        return _answer(422, "invalid", _("Some fields are not valid."), {"faults": fault.get_full_details()})
    for kind, status, code in _CODES:
        if isinstance(fault, kind):
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            return _answer(status, code, str(getattr(fault, "detail", "") or code), {}, headers)
    return None


def _answer(
    status: int, code: str, title: str, detail: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "code": code, **detail}
    return Response(body, status=status, content_type="application/problem+json", headers=headers)
