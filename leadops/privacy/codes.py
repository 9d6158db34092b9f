"""What the codes in a person's data mean, in the reader's language; a code without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from babel import Locale
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from capture.panels import channel_labels
from capture.reasons import words as submission_words
from capture.selectors import Names, names_of
from leadops import perrequest
from leadops.dates import language
from leadops.desk.timeline import held_words, system_words
from leadops.effects.suppression import REASON_LABELS
from leadops.industries import industry_words
from leadops.templatetags.house import country, day, money, percent, said, stamp
from nurture.eligibility import words as exit_words
from nurture.selectors import names as sequence_names
from routing.models import Pool

CONTACT: dict[str, str | Promise] = {"email": _("E-mail"), "phone": _("Phone"), "erased": _("Erased")}
AGREED: dict[str, str | Promise] = {
    "given": _("Given"),
    "refused": _("Refused"),
    "withdrawn": _("Withdrawn"),
    "pending": _("Not confirmed yet"),
    "consent": _("Consent"),
    "marketing": _("Marketing"),
}


def _tongue(code: str) -> str:
    return str(Locale.parse(language()).languages.get(code.lower()[:2], code)).capitalize()


@dataclass(frozen=True, slots=True)
class Codes:
    """The names of one copy, looked up once."""

    names: Names
    channels: Mapping[str, str]
    statuses: Mapping[str, str]
    reasons: Mapping[str, str]
    pools: Mapping[str, str]
    sequences: Mapping[str, str]
    plain: Mapping[str, Callable[[str], str]] = field(
        default_factory=lambda: {
            "country": country,
            "held": held_words,
            "industry": industry_words,
            "language": _tongue,
            "system": system_words,
        }
    )

    def words(self, table: str, name: str, value: Any, row: Mapping[str, Any]) -> Any:
        """One value as a person reads it."""
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if name in ("amount_minor", "house_minor"):
            return money(value, row.get("currency", "") if name == "amount_minor" else "")
        if name in ("probability", "propensity"):
            return percent(value)
        if isinstance(value, datetime):
            return stamp(value)
        if isinstance(value, date):
            return day(value)
        return self._text(table, name, value) if isinstance(value, str) else value

    def _text(self, table: str, name: str, code: str) -> str:
        if name in self.plain:
            return self.plain[name](code)
        if name == "reason" and table in REASONS:
            return str(REASONS[table](code))
        return str(self._tables(table, name).get(code, code))

    def _tables(self, table: str, name: str) -> Mapping[str, str | Promise]:
        if table in ("leadops_consent", "leadops_suppression", "leadops_matchkey"):
            return {"channel": CONTACT, "kind": CONTACT, "state": AGREED, "purpose": AGREED, "basis": AGREED}.get(
                name, {}
            )
        kept: dict[str, Mapping[str, str | Promise]] = {
            "source": self.names.sources,
            "campaign": self.names.campaigns,
            "channel": self.channels,
            "status": self.statuses,
            "pool": self.pools,
            "sequence": self.sequences,
            "reason": self.reasons,
            "stage_reason": self.reasons,
        }
        return kept.get(name.removeprefix("first_").removeprefix("last_"), {})


REASONS: dict[str, Callable[[str], Any]] = {
    "capture_submission": submission_words,
    "nurture_enrolment": exit_words,
    "leadops_suppression": lambda code: REASON_LABELS.get(code, code),
}


def codes_of(rows: Iterable[Mapping[str, Any]]) -> Codes:
    """Every name that these rows mention by a code."""
    rows = list(rows)

    def mentioned(*names: str) -> set[str]:
        return {str(row[name]) for row in rows for name in names if row.get(name)}

    return Codes(
        names=names_of(
            mentioned("source", "first_source", "last_source"),
            mentioned("campaign", "first_campaign", "last_campaign"),
        ),
        channels=channel_labels(),
        statuses={row.key: said(row.labels) for row in perrequest.statuses()},
        reasons={row.key: said(row.labels) for row in perrequest.reasons()},
        pools={row.key: said(row.name) for row in Pool.objects.filter(key__in=mentioned("pool"))},
        sequences=sequence_names(mentioned("sequence")),
    )
