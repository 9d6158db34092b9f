"""The accept: one request looked at once, stored raw in one statement, answered; decides nothing about its content.

After a 2xx the row is committed. What the body holds is read later, by the pipeline (`adapters.*.read`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from capture import signatures, storing
from capture.adapters import Peek, Redaction
from capture.live_sources import LiveSource
from capture.models import Submission
from leadops import ids
from leadops.failpoints import failpoint
from leadops.fold import clean_text

MOST_BYTES = 1024 * 1024
SLOT = 600  # seconds in which an equal body without an id is the same delivery
LONGEST_KEY = 190
# What is worth keeping of a request; signatures, cookies and authorisations never are.
KEPT_HEADERS = (
    "user-agent", "idempotency-key", "webhook-id", "webhook-timestamp", "svix-id", "x-hubspot-request-timestamp",
    "x-request-id", "leadops-request",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as the door hands it over; header names lower case."""

    raw: bytes
    headers: Mapping[str, str]
    at: datetime
    method: str = "POST"
    url: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`status` is accepted, duplicate or conflict; the row is committed when the accept ran on its own."""

    submission: uuid.UUID
    status: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An end known before any reading: kept aside for review, by a rule of the door."""

    end: str = Submission.End.PENDING
    reason: str = ""
    warnings: Sequence[str] = field(default_factory=tuple)


PENDING = Ended()


def look(source: LiveSource, posted: Posted) -> Peek:
    """The adapter's first look, completed with the signature over the raw bytes."""
    found = source.adapter.peek(posted.headers, posted.raw, source.secrets, source.mapping)
    verified = found.verified
    if verified is None and source.scheme:
        verified = signatures.verify(
            source.scheme, source.secrets, posted.headers, posted.raw, posted.method, posted.url, posted.at
        )
    return Peek(verified, found.delivery_key, found.redact, found.code)


def accept(source: LiveSource, posted: Posted, peek: Peek, ended: Ended = PENDING) -> Accepted:
    """Store the request once per delivery key; another body under the same key is stored beside it as a conflict."""
    body = blanked(posted.raw, peek.redact, source.secrets if source.adapter.secret_in_body else ())
    digest = hashlib.sha256(body).digest()
    key, verified = delivery_key(peek, posted, digest), bool(peek.verified)

    def stored(variant: bytes, as_ended: Ended) -> tuple[uuid.UUID, bool] | None:
        return storing.insert(
            storing.packed(
                ids.uuid7(),
                source.id,
                key,
                variant,
                posted.at,
                clean_text(posted.headers.get("content-type", ""), 120),
                json.dumps(kept_headers(posted)),
                body,
                digest,
                verified,
                as_ended.end,
                as_ended.reason,
                json.dumps(list(as_ended.warnings)),
            )
        )

    failpoint("intake.before_commit")
    found = stored(b"", ended)
    failpoint("intake.after_commit")
    if found is not None:
        return Accepted(found[0], "accepted" if found[1] else "duplicate")
    kept = stored(digest, Ended(Submission.End.QUARANTINED, "conflict"))
    if kept is None:  # only an equal digest can stand under its own variant
        raise RuntimeError("a submission's variant does not match its digest")
    return Accepted(kept[0], "conflict")


def delivery_key(peek: Peek, posted: Posted, digest: bytes) -> str:
    """The vendor's id, else the sender's header, else the body within a fixed slot of our time."""
    if peek.delivery_key:
        return _key("v", peek.delivery_key)
    for name in ("idempotency-key", "webhook-id", "svix-id"):
        if posted.headers.get(name, "").strip():
            return _key("i", posted.headers[name].strip())
    return f"h:{digest.hex()}:{int(posted.at.timestamp()) // SLOT}"


def _key(kind: str, given: str) -> str:
    """An id as given where it can be stored as given, else its digest: two ids are never made one by cutting."""
    if len(given) <= LONGEST_KEY and clean_text(given, LONGEST_KEY) == given:
        return f"{kind}:{given}"
    return f"{kind}#{hashlib.sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()}"


def blanked(raw: bytes, redact: Sequence[Redaction], secrets: Sequence[str]) -> bytes:
    """The body without the secrets that travelled in it, wherever else they were repeated."""
    kept, done = [], 0
    for span in sorted(redact, key=lambda one: one.start):
        if span.start >= done:
            kept += [raw[done : span.start], span.by]
            done = span.end
    body = b"".join([*kept, raw[done:]]) if kept else raw
    for secret in secrets:
        for form in {secret, json.dumps(secret)[1:-1]}:
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
                body = body.replace(form.encode(encoding), "*".encode(encoding))
    return body


def kept_headers(posted: Posted) -> dict[str, str]:
    """The few headers worth keeping; of the address a keyed digest, enough to tell one sender from many."""
    kept = {
        name: clean_text(posted.headers[name], 300).replace("\n", " ")
        for name in KEPT_HEADERS
        if name in posted.headers
    }
    if posted.address:
        kept["sender"] = hmac.new(settings.SECRET_KEY.encode(), posted.address.encode(), "sha256").hexdigest()[:16]
    return kept


def proven_handshake(source: LiveSource, query: Mapping[str, Any]) -> str | None:
    """Meta's challenge, to be sent back when the verify token is ours; None: not proven."""
    token, challenge = str(query.get("hub.verify_token", "")), str(query.get("hub.challenge", ""))
    good = False
    for ours in source.handshakes:
        good |= hmac.compare_digest(ours.encode(), token.encode("utf-8", "surrogatepass"))
    return challenge if good and query.get("hub.mode") == "subscribe" and challenge.isalnum() else None
