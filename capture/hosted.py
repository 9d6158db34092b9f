"""The hosted form page: shown, checked, and handed to the same accept as every other submission.

Bots end as spam or in quarantine, where people review; nothing a visitor posts well-formed is refused for its looks,
and the page never tells whether somebody is already known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, Signer
from django.forms import Form as VisitorForm
from django.http import HttpRequest

from capture import doors, intake, limits, live_sources
from capture.adapters.base import UTM
from capture.adapters.coercion import LIMITS
from capture.adapters.synonyms import CLICK_IDS
from capture.doors import Stopped
from capture.hosted_fields import CONSENT, TRAP, said, visitor_form
from capture.intake import PENDING, Ended
from capture.models import Form, Source, Submission
from leadops import ids
from leadops.fold import clean_text
from leadops.limit import network

FASTEST = timedelta(seconds=2)  # nobody reads and fills in a form in less
OLDEST = timedelta(hours=24)
MARKS = (*UTM, "landing_url", "referrer", *CLICK_IDS)


@dataclass(frozen=True, slots=True)
class Page:
    """What the form page shows."""

    form: Form
    fields: VisitorForm
    nonce: str
    marks: dict[str, str]


def open_form(slug: str) -> Form | None:
    """The form of a page that is open to visitors."""
    found = Form.objects.select_related("source").filter(slug=slug, active=True)
    return found.exclude(source__state=Source.State.ENDED).first()


def fresh_page(form: Form, request: HttpRequest, at: datetime) -> Page:
    """The page as a visitor first sees it; what the link carried is carried on."""
    before = request.headers.get("Referer", "")
    own = before.startswith(request.build_absolute_uri("/"))  # the same page in another language refers nobody
    given = {"landing_url": request.build_absolute_uri(), "referrer": "" if own else before}
    marks = marks_of({**given, **request.GET.dict()})
    return Page(form, visitor_form(form.fields, said(form.consent), None), new_nonce(form.slug, at), marks)


def marks_of(given: Mapping[str, Any]) -> dict[str, str]:
    kept = {name: clean_text(str(given.get(name, "")), LIMITS.get(name, 500)).strip() for name in MARKS}
    return {name: text for name, text in kept.items() if text}


def new_nonce(slug: str, at: datetime) -> str:
    """One per rendering: its post is one submission however often it is sent."""
    return Signer(salt=f"hosted:{slug}").sign(f"{ids.token(12)}.{int(at.timestamp())}")


def rendered_at(slug: str, nonce: str) -> datetime | None:
    """When this server rendered the page of a nonce; None: it did not."""
    try:
        return datetime.fromtimestamp(int(Signer(salt=f"hosted:{slug}").unsign(nonce).rpartition(".")[2]), UTC)
    except (BadSignature, ValueError):
        return None


def take(form: Form, request: HttpRequest, at: datetime) -> Page | None:
    """Store what a visitor posted (None), or give the page back with what to correct; nothing is stored then."""
    posted = {name: str(value) for name, value in request.POST.items()}
    fields = visitor_form(form.fields, said(form.consent), posted)
    nonce = clean_text(posted.get("nonce", ""), 300)
    if not fields.is_valid():
        return Page(form, fields, nonce or new_nonce(form.slug, at), marks_of(posted))
    address = doors.sender(request.META)
    ended = _judged(form.slug, nonce, posted, address, at)
    body = canonical_body(form, fields.cleaned_data, marks_of(posted), nonce, request.LANGUAGE_CODE)
    source = live_sources.live(form.source, at)
    headers = {"content-type": "application/json", "user-agent": request.headers.get("User-Agent", "")}
    received = intake.Posted(raw=body, headers=headers, at=at, address=address)
    intake.accept(source, received, intake.look(source, received), ended)
    return None


def canonical_body(form: Form, cleaned: Mapping[str, Any], marks: dict[str, str], nonce: str, language: str) -> bytes:
    """The same bytes for the same post, so that a double click is one delivery."""
    body: dict[str, Any] = {
        "form": form.slug,
        "language": language[:2],
        "fields": {name: value for name, value in cleaned.items() if name != CONSENT and value not in ("", None)},
        "marks": marks,
    }
    if CONSENT in cleaned:
        body["consent"] = {"given": bool(cleaned[CONSENT]), "text": said(form.consent), "language": language[:2]}
    if nonce:
        body["nonce"] = nonce
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def _judged(slug: str, nonce: str, posted: Mapping[str, str], address: str, at: datetime) -> Ended:
    """Where a well-formed post goes: on, or aside for people to look at."""
    over_address = limits.FORM_PER_ADDRESS.take(f"{slug} {network(address)}")
    over_form = limits.FORM_PER_FORM.take(slug)
    if over_address or over_form:
        waits = (
            limits.FLOOD_PER_ADDRESS.take(network(address)) if over_address else 0,
            limits.FLOOD_PER_FORM.take(slug) if over_form else 0,
        )
        if max(waits):
            raise Stopped(429, "too-many-requests", max(waits))
        return Ended(Submission.End.QUARANTINED, "flood")
    if posted.get(TRAP, "").strip():
        return Ended(Submission.End.SPAM, "honeypot")
    rendered = rendered_at(slug, nonce)
    if rendered is None or at - rendered > OLDEST:
        return Ended(Submission.End.QUARANTINED, "stale-form")
    if at - rendered < FASTEST:
        return Ended(Submission.End.SPAM, "too-fast")
    return PENDING
