"""What every adapter gives and gets: the draft of one inquiry, a bounded first look, one error; reads no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

IDENTITY = (
    "email", "phone", "given_name", "family_name", "name", "company", "title", "country", "region", "postcode",
    "city", "language", "industry", "employees", "message",
)  # fmt: skip
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


class Unreadable(Exception):
    """The body cannot be read as a submission of its source: it goes to quarantine with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Mail:
    """What a received mail is: human, automatic, bounce or complaint, or what a mail service tells: unsubscribe, event; `letters` are ids of ours that it answers or is about.

    `about` is the address a report speaks of, `hard` whether it never takes mail again; `back` the first day the writer of
    an automatic answer is there again, where it says so. `by_service`: told by the service that sends for us, and not by a
    mail, which anybody can write.
    """

    kind: str
    message_id: str = ""
    letters: tuple[str, ...] = ()
    about: str = ""
    hard: bool = False
    back: date | None = None
    by_service: bool = False


@dataclass(slots=True)
class Draft:
    """The canonical reading of one submission. Text is clean and cut to its column; unknown is '' or None.

    `email` is an address as typed (its identity is `fold.fold_email`), `phone` is E.164, `country` ISO 3166-1 alpha-2,
    `language` ISO 639-1. What could not be coerced is in `extra` under the same name, with its code in `warnings`.
    """

    email: str = ""
    phone: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    company: str = ""
    title: str = ""
    country: str = ""
    region: str = ""
    postcode: str = ""
    city: str = ""
    language: str = ""
    industry: str = ""
    employees: int | None = None
    message: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm_term: str = ""
    click_ids: dict[str, str] = field(default_factory=dict)
    landing_url: str = ""
    referrer: str = ""
    occurred_at: datetime | None = None  # the provider's time; None: it gave none, ours counts
    is_test: bool = False
    external_id: str = ""
    consent: dict[str, Any] = field(default_factory=dict)  # {"given": bool, "text": …, "language": …}; empty: not asked
    extra: dict[str, Any] = field(default_factory=dict)  # everything else that was sent, by path
    warnings: list[str] = field(default_factory=list)
    kind: str = "inquiry"
    mail: Mail | None = None  # where the submission is a mail
    # the last number given to a name of `extra` that stands there more than once
    namesakes: dict[str, int] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Redaction:
    """Bytes of the body that must never be stored, and what stands in their place."""

    start: int
    end: int
    by: bytes


@dataclass(frozen=True, slots=True)
class Peek:
    """The first look before the insert. `verified` None: the body carries no proof of its own."""

    verified: bool | None = None
    delivery_key: str | None = None
    redact: Sequence[Redaction] = ()
    code: str | None = None  # why the request is refused, where the adapter itself knows


class SourceLike(Protocol):
    """What of a source the reading depends on."""

    phone_region: str
    mapping: dict[str, Any]


class Received(Protocol):
    """What of a submission the reading depends on."""

    content_type: str
    headers: dict[str, Any]
    body: Any  # bytes or memoryview
    received_at: datetime


class Adapter(Protocol):
    """One provider: `peek` is bounded and never fails, `read` is strict and raises `Unreadable`."""

    scheme: str  # the signature scheme that the provider uses when the source names none
    secret_in_body: bool  # whether the source's secret travels in the body, where it must never be stored

    def peek(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]
    ) -> Peek: ...

    def read(self, received: Received, source: SourceLike) -> list[Draft]: ...
