"""What a sequence would do to one lead, before anybody starts it: what is sent, when, and why not. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadops import access
from leadops.access import Actor
from leadops.models import Lead
from leadops.versions import services as versions
from nurture import eligibility, pages, selectors, steps, waiting, wording
from nurture.sequence import MAIL
from nurture.sequence import Sequence as Flow


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One step with its moment; a mail with its words, or why it would be held up for this lead."""

    kind: str
    words: str
    at: datetime
    letter: wording.Worded | None = None
    blocked: str = ""

    def to_json(self) -> dict[str, Any]:
        subject = self.letter.subject if self.letter else ""
        return {"kind": self.kind, "at": self.at, "words": self.words, "subject": subject, "blocked": self.blocked}


@dataclass(frozen=True, slots=True)
class Preview:
    """`why_not`: the lead does not enter at all. `wait`: its first mail waits until then, with the reason."""

    sequence: str
    name: str
    why_not: str
    wait: tuple[datetime, str] | None
    steps: list[Foreseen]
    exits: list[str]

    def to_json(self) -> dict[str, Any]:
        until, why = self.wait or (None, "")
        planned = [step.to_json() for step in self.steps]
        return {"sequence": self.sequence, "enters": not self.why_not, "why_not": self.why_not, "waits_until": until,
                "waits_for": why, "steps": planned}  # fmt: skip


def preview(lead: Lead, key: str, actor: Actor, at: datetime) -> Preview | None:
    """If the lead entered now and nothing ended it; None where no sequence of this name is in force."""
    version = versions.version_at("sequence", key, at)
    if version is None:
        return None
    flow: Flow = versions.compiled(version)
    why_not = eligibility.excluded([lead], flow).get(lead.pk, "")
    until, why = waiting.not_before([lead], waiting.cap_at(at), at, planned=True).get(lead.pk, (at, ""))
    names = {row["key"]: row["name"] for row in selectors.templates()}
    readable = access.can(actor, "read_contacts", lead) and not access.masks_contacts(actor)
    found = [
        _foreseen(document, when, lead, names, at, readable)
        for document, when in steps.forecast(lead, version, max(at, until))
        if document["kind"] != "wait"
    ]
    return Preview(
        sequence=key,
        name=str(selectors.names([key]).get(key, key)),
        why_not=eligibility.words(why_not) if why_not else "",
        wait=(until, eligibility.words(why)) if why else None,
        steps=found,
        exits=pages.exit_words(version.body),
    )


def _foreseen(
    step: Mapping[str, Any], when: datetime, lead: Lead, names: Mapping[str, str], at: datetime, readable: bool
) -> Foreseen:
    words = pages.step_words(step, names)
    if step["kind"] != MAIL:
        return Foreseen(step["kind"], words, when)
    template = versions.version_at("template", step["template"], at)
    if template is None:
        return Foreseen(MAIL, words, when, blocked=eligibility.words("no_template"))
    try:
        letter = steps.word_for(template, lead)
    except wording.Missing as missing:
        return Foreseen(MAIL, words, when, blocked=eligibility.words(f"missing:{missing.field}"))
    return Foreseen(MAIL, words, when, letter if readable else None)
