"""The order in which a request at /in/<key> is judged, cheapest first; answers only, the storing is `intake`'s."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from capture import doors, intake, limits, live_sources, refusals
from capture.bell import bell
from capture.doors import Stopped
from capture.live_sources import LiveSource
from leadops import moment

RETRY_DATABASE = 5
TITLES = {
    "unknown-source": gettext_noop("There is no source at this address."),
    "signature": gettext_noop("The signature is missing or wrong."),
    "too-many-bad-signatures": gettext_noop("Too many requests with a wrong signature came from this address."),
    "too-large": gettext_noop("The body is larger than 1 MiB."),
    "length-required": gettext_noop("The request names no length."),
    "incomplete": gettext_noop("The body ended before its announced length."),
    "content-encoding": gettext_noop("Compressed bodies are not accepted here."),
    "too-many-requests": gettext_noop("Too many requests; please try again in a moment."),
    "database-away": gettext_noop("The database is not answering. Please try again in a moment."),
    "handshake": gettext_noop("The verification is not the one of this source."),
    "method-not-allowed": gettext_noop("This address takes posted submissions only."),
}


def post(request: HttpRequest, key: str) -> HttpResponse:
    """202 once the raw request is committed, whatever it holds; 200 when it was here before."""
    slug = refusals.UNKNOWN
    try:
        source = _source(key)
        slug = source.slug
        accepted = _accept(request, source)
    except Stopped as stopped:
        return refuse(slug, stopped)
    except (OperationalError, InterfaceError):
        connection.close()
        return refuse(slug, Stopped(503, "database-away", RETRY_DATABASE))
    bell.ring()
    body = {"submission": str(accepted.submission), "status": accepted.status}
    return JsonResponse(body, status=202 if accepted.status == "accepted" else 200)


def _source(key: str) -> LiveSource:
    source = live_sources.by_key(key, moment.now())
    if source is None:
        raise Stopped(404, "unknown-source")
    return source


def _accept(request: HttpRequest, source: LiveSource) -> intake.Accepted:
    address = doors.sender(request)
    if source.signed and limits.BAD_SIGNATURES.spent(address):
        raise Stopped(403, "too-many-bad-signatures")
    posted = intake.Posted(
        raw=doors.body_of(request),
        headers=doors.headers_of(request),
        at=moment.now(),
        url=request.build_absolute_uri(),
        address=address,
    )
    peek = intake.look(source, posted)
    if source.signed and not peek.verified:
        limits.BAD_SIGNATURES.take(address)
        raise Stopped(401, "signature")
    wait = limits.PER_SOURCE.take(source.slug)
    if wait:
        raise Stopped(429, "too-many-requests", wait)
    return intake.accept(source, posted, peek)


def handshake(request: HttpRequest, key: str) -> HttpResponse:
    """The vendor's question whether this address is ours (Meta)."""
    try:
        source = _source(key)
    except Stopped as stopped:
        return refuse(refusals.UNKNOWN, stopped)
    if not source.handshakes:
        return not_allowed()
    challenge = intake.proven_handshake(source, request.GET)
    if challenge is None:
        return refuse(source.slug, Stopped(403, "handshake"))
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def not_allowed() -> HttpResponse:
    response = refuse_quietly(Stopped(405, "method-not-allowed"))
    response["Allow"] = "GET, POST"
    return response


def refuse(slug: str, stopped: Stopped) -> HttpResponse:
    """One more counted refusal of the source, and its answer (RFC 9457 with our stable code)."""
    refusals.count(slug, stopped.code)
    bell.wake()
    return refuse_quietly(stopped)


def refuse_quietly(stopped: Stopped) -> HttpResponse:
    title = _(TITLES[stopped.code])
    body = {"type": "about:blank", "title": title, "status": stopped.status, "code": stopped.code}
    response = JsonResponse(body, status=stopped.status, content_type="application/problem+json")
    if stopped.retry_after:
        response["Retry-After"] = str(stopped.retry_after)
    return response
