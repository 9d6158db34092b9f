"""The order in which a request at /in/<key> is judged, cheapest first; answers only, the storing is `intake`'s."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from capture import doors, intake, limits, live_sources, refusals
from capture.bell import bell
from capture.doors import Stopped
from capture.live_sources import LiveSource
from leadops import moment
from leadops.failpoints import failpoint
from leadops.limit import network

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
    "fault": gettext_noop("Something failed on our side. It has been noted."),
}
PASSING = ("fault", "database-away", "too-many-requests")  # the same post may be taken the next time


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told: a status, JSON, and whatever else the answer says in headers."""

    status: int
    body: bytes
    kind: str = "application/json"
    more: tuple[tuple[str, str], ...] = ()
    meant: int = 0  # the status that a person's browser was not told


def post(meta: Mapping[str, Any], key: str) -> Answer:
    """202 once the raw request is committed, whatever it holds; 200 when it was here before. A browser that sent a
    plain form goes on to a page that says thanks, or why it was not taken.

    `meta` is the request's WSGI environment, its host judged before.
    """
    slug = refusals.UNKNOWN
    try:
        source = _source(key)
        slug = source.slug
        accepted = _accept(meta, source)
    except Stopped as stopped:
        return refuse(slug, stopped, meta)
    except (OperationalError, InterfaceError):
        connection.close()
        slug = live_sources.remembered(key) or slug  # the look-up itself may be what failed
        return refuse(slug, Stopped(503, "database-away", RETRY_DATABASE), meta)
    bell.ring()
    failpoint("intake.before_response")
    if _person_reads(meta):
        return Answer(303, b"", more=(("Location", reverse("capture:thanks")),))
    told = b'{"submission": "%s", "status": "%s"}' % (str(accepted.submission).encode(), accepted.status.encode())
    return Answer(202 if accepted.status == "accepted" else 200, told)


def _source(key: str) -> LiveSource:
    source = live_sources.by_key(key, moment.now())
    if source is None:
        raise Stopped(404, "unknown-source")
    return source


def _accept(meta: Mapping[str, Any], source: LiveSource) -> intake.Accepted:
    address = doors.sender(meta)
    if source.signed and limits.BAD_SIGNATURES.spent(network(address)):
        raise Stopped(403, "too-many-bad-signatures")
    posted = intake.Posted(
        raw=doors.body_of(meta),
        headers=doors.headers_of(meta),
        at=moment.now(),
        url=doors.Addressed(meta).build_absolute_uri() if source.scheme else "",  # only some signatures cover it
        address=address,
    )
    peek = intake.look(source, posted)
    if source.signed and not peek.verified:
        limits.BAD_SIGNATURES.take(network(address))
        raise Stopped(401, "signature")
    wait = limits.PER_SOURCE.take(source.slug)
    if wait:
        raise Stopped(429, "too-many-requests", wait)
    return intake.accept(source, posted, peek)


def handshake(query: Mapping[str, Any], key: str, meta: Mapping[str, Any]) -> Answer:
    """The vendor's question whether this address is ours (Meta)."""
    try:
        source = _source(key)
    except Stopped as stopped:
        return refuse(refusals.UNKNOWN, stopped, meta)
    if not source.handshakes:
        return not_allowed(meta)
    challenge = intake.proven_handshake(source, query)
    if challenge is None:
        return refuse(source.slug, Stopped(403, "handshake"), meta)
    return Answer(200, challenge.encode(), "text/plain; charset=utf-8")


def not_allowed(meta: Mapping[str, Any]) -> Answer:
    return told(Stopped(405, "method-not-allowed"), meta, ("Allow", "GET, POST"))


def refuse(slug: str, stopped: Stopped, meta: Mapping[str, Any]) -> Answer:
    """One more counted refusal of the source, and its answer."""
    refusals.count(slug, stopped.code)
    bell.wake()
    return told(stopped, meta)


def told(stopped: Stopped, meta: Mapping[str, Any], *more: tuple[str, str]) -> Answer:
    """To a program a problem in JSON, to a person a page in their language that says what to do."""
    if not _person_reads(meta):
        return problem(stopped, *more)
    wait = f"&wait={stopped.retry_after}" if stopped.retry_after else ""
    where = f"{reverse('capture:not_taken')}?code={stopped.code}{wait}"
    return Answer(303, b"", more=(("Location", where),), meant=stopped.status)


def _person_reads(meta: Mapping[str, Any]) -> bool:
    """Whether a plain form of somebody's own site was sent: what comes next is a page of the browser."""
    return meta.get("HTTP_SEC_FETCH_MODE") == "navigate"


def problem(stopped: Stopped, *more: tuple[str, str]) -> Answer:
    """RFC 9457 with our stable code."""
    body = {"type": "about:blank", "title": _(TITLES[stopped.code]), "status": stopped.status, "code": stopped.code}
    if stopped.retry_after:
        more = (*more, ("Retry-After", str(stopped.retry_after)))
    return Answer(stopped.status, json.dumps(body).encode(), "application/problem+json", more)
