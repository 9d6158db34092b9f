"""The intake's way past sessions, sign-in and pages: none of them is for a machine that posts; answers nothing itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from http.client import responses
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import connections
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

from capture import receive, views
from capture.doors import Addressed, Stopped
from leadops.platform import identity
from leadops.platform.headers import UNSEEN

PREFIX = "/in/"
MOST_HOSTS = 100  # a house with a dot in front of a name (all below it) has many
log = logging.getLogger("leadops.capture")
_hosts: set[str] = set()


def intake_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Half the time of an accept went into middleware made for people at a desk."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        response = views.take_submission(request, request.path_info[len(PREFIX) :])
        for name, value in UNSEEN.items():  # what the skipped middleware would have said
            response[name] = value
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def straight(environ: MutableMapping[str, Any], start_response: Callable[..., Any]) -> list[bytes] | None:
    """A post answered without Django's request around it, half of what was left; None: Django's to answer.

    What it says and keeps is the same (`receive.post`), whichever way it came.
    """
    path = environ["PATH_INFO"]
    if not path.startswith(PREFIX) or environ["REQUEST_METHOD"] != "POST" or not _ours(environ):
        return None
    began, own = time.perf_counter(), identity.give(environ)
    with bound_contextvars(request=own):
        try:
            answer = receive.post(environ, path[len(PREFIX) :])
        except Exception:
            log.exception("a post could not be answered")
            connections.close_all()
            answer = receive.told(Stopped(500, "fault"), environ)
        identity.tell("POST", "in/", answer.meant or answer.status, began)
    headers = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), (identity.HEADER, own)]
    headers += [*UNSEEN.items(), *answer.more]
    start_response(f"{answer.status} {responses[answer.status]}", headers)
    return [answer.body]


def _ours(environ: Mapping[str, Any]) -> bool:
    """Whether the request names a host of ours: asked of Django once for each name."""
    host = environ.get("HTTP_HOST", "")
    if host not in _hosts:
        try:
            Addressed(environ).get_host()
        except DisallowedHost:
            return False
        if len(_hosts) >= MOST_HOSTS:
            _hosts.clear()
        _hosts.add(host)
    return True
