"""A sequence compiled from its document, and what ends it; pure, it reads no row and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadops.conditions import predicate
from leadops.conditions.fields import LEAD
from leadops.conditions.predicate import Predicate
from leadops.journal import Kind

MAIL, WAIT, CALL = "mail", "wait", "call"
STEPS = (MAIL, WAIT, CALL)
BY_HAND, BY_CONDITION = "hand", "condition"
STAGE, TOUCH = "stage", "touch"
OPTIONAL_EXITS = (STAGE, TOUCH)  # the others always end a sequence
ENDED_BY = frozenset(
    {
        Kind.REPLIED, Kind.STAGE_MOVED, Kind.ATTEMPTED, Kind.CONVERSED, Kind.UNSUBSCRIBED, Kind.BOUNCED,
        Kind.COMPLAINED, Kind.OPPORTUNITY_OPENED,
    }
)  # fmt: skip
OF_PERSON = frozenset({Kind.UNSUBSCRIBED, Kind.BOUNCED, Kind.COMPLAINED, Kind.REPLIED})


@dataclass(frozen=True, slots=True)
class Step:
    """`days` are working days of a wait; `template` is the key of a mail's template; `text` is what a caller reads."""

    kind: str
    template: str = ""
    days: int = 0
    text: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """`opens` and `closes` bound the send window in minutes of the recipient's day."""

    name: Mapping[str, str]
    by: str
    entry: Predicate | None
    document: Mapping[str, Any]
    exits: frozenset[str]
    needs_consent: bool
    calendar: str
    opens: int
    closes: int
    steps: tuple[Step, ...]

    @property
    def by_condition(self) -> bool:
        return self.by == BY_CONDITION and self.entry is not None


def minutes(text: str) -> int:
    """ "09:30" -> 570; raises ValueError for anything else."""
    hours, _, rest = str(text).partition(":")
    if not (hours.isascii() and hours.isdigit() and rest.isascii() and rest.isdigit() and len(rest) == 2):
        raise ValueError(text)
    found = int(hours) * 60 + int(rest)
    if not 0 <= found <= 1440 or int(rest) > 59:
        raise ValueError(text)
    return found


def compile_sequence(body: Mapping[str, Any]) -> Sequence:
    document = body.get("entry") or {}
    window = body.get("window") or {}
    by = body.get("by", BY_HAND)
    return Sequence(
        name=body.get("name") or {},
        by=by,
        entry=predicate.compile(document, LEAD) if document and by == BY_CONDITION else None,
        document=document,
        exits=frozenset(body.get("exits", OPTIONAL_EXITS)),
        needs_consent=bool(body.get("needs_consent")),
        calendar=window.get("calendar", "house"),
        opens=minutes(window.get("opens", "09:00")),
        closes=minutes(window.get("closes", "18:00")),
        steps=tuple(
            Step(step["kind"], step.get("template", ""), int(step.get("days", 0)), step.get("text"))
            for step in body.get("steps", ())
        ),
    )


def ended_by(sequence: Sequence, kind: str, data: Mapping[str, Any], *, by_person: bool) -> str:
    """Why an entry of the journal ends the sequence for its lead; "" = it goes on."""
    if kind == Kind.STAGE_MOVED:
        if data.get("to") == "won":
            return "customer"
        if data.get("to") == "disqualified":
            return "disqualified"
        return "stage" if STAGE in sequence.exits else ""
    if kind in (Kind.ATTEMPTED, Kind.CONVERSED):
        return "touch" if by_person and TOUCH in sequence.exits else ""
    if kind == Kind.BOUNCED and not data.get("hard"):
        return ""
    return {
        Kind.REPLIED: "reply",
        Kind.UNSUBSCRIBED: "unsubscribed",
        Kind.BOUNCED: "bounce",
        Kind.COMPLAINED: "complaint",
        Kind.OPPORTUNITY_OPENED: "opportunity" if STAGE in sequence.exits else "",
    }.get(Kind(kind), "")
