"""Which channel a touch belongs to: an ordered table of conditions, first match wins; it reads no database and writes none.

The table is the version kind `channels`, key `house`. The rule that matched is stored on the touch; where none does the
campaign's own channel counts, then the source's, else `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capture import words
from capture.adapters.base import Draft
from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.predicate import Predicate
from leadops.conditions.predicate import compile as compile_condition
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid, validate
from leadops.fold import fold
from leadops.models import Touch
from leadops.versions.kinds import Fault, Kind, register

KIND, KEY = "channels", "house"
UNKNOWN = "unknown"
MOST_RULES = 100
CLICK_IDS = ("gclid", "gbraid", "wbraid", "dclid", "msclkid", "fbclid", "li_fat_id", "ttclid")
VISIT, ORIGIN = _("Visit"), _("Source")


def _host(address: str) -> str:
    if not address:
        return ""
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def facts_of(draft: Draft, source_slug: str, source_channel: str) -> dict[str, Any]:
    """What the channel rules see of one draft. A referrer on the landing page's own host is no referrer."""
    landing, referrer = _host(draft.landing_url), _host(draft.referrer)
    raw: dict[str, Any] = {
        "utm_source": fold(draft.utm_source),
        "utm_medium": fold(draft.utm_medium),
        "utm_campaign": fold(draft.utm_campaign),
        "click_ids": tuple(sorted(key for key in draft.click_ids if key in CLICK_IDS)) or None,
        "referrer_host": "" if referrer == landing else fold(referrer),
        "landing_host": fold(landing),
        "touch_kind": draft.kind,
        "source": source_slug,
        "source_channel": source_channel,
    }
    return {key: None if value == "" and key in _unknown_when_empty else value for key, value in raw.items()}


def _read(key: str) -> Any:
    def read(rows: Sequence[Any], at: datetime) -> dict[Any, Any]:
        return {row.pk: getattr(row, key) for row in rows}

    return read


def _in_memory(key: str) -> Any:
    def sql(at: datetime) -> F:
        raise TypeError(f"the touch field {key!r} is asked of drafts, never of the database")

    return sql


def _click_ids() -> Iterable[tuple[str, str | Promise]]:
    return [(code, code) for code in CLICK_IDS]


def _touch_field(
    key: str, label: str | Promise, kind: str, group: str | Promise, choices: Any = None, subject: str | Promise = ""
) -> Field:
    says: dict[str, Any] = {"subject": subject or label, "names": words.spaced}
    return Field(key, label, kind, _read(key), _in_memory(key), choices=choices, group=group, **says)


TOUCH = Vocabulary("touch")
TOUCH.register(
    _touch_field("utm_source", "utm_source", "text", VISIT),
    _touch_field("utm_medium", "utm_medium", "text", VISIT),
    _touch_field("utm_campaign", "utm_campaign", "text", VISIT),
    _touch_field("click_ids", _("Click identifiers"), "multi", VISIT, _click_ids, _("the set of click identifiers")),
    _touch_field("referrer_host", _("Referring site"), "text", VISIT, subject=_("the referring site")),
    _touch_field("landing_host", _("Landing site"), "text", VISIT, subject=_("the landing site")),
    _touch_field(
        "touch_kind", _("Kind of touch"), "choice", ORIGIN, lambda: Touch.Kind.choices, _("the kind of touch")
    ),
    _touch_field("source", _("Source"), "choice", ORIGIN, subject=_("the source")),
    _touch_field(
        "source_channel", _("Channel of the source"), "choice", ORIGIN, subject=_("the channel of the source")
    ),
)


_unknown_when_empty = frozenset(field.key for field in TOUCH.all() if field.typed.empty_is_unknown)


@dataclass(frozen=True, slots=True)
class Rule:
    key: str
    channel: str
    when: Predicate


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """The compiled table; `labels` by channel code."""

    rules: tuple[Rule, ...] = ()
    labels: Mapping[str, Mapping[str, str]] | None = None

    def classify(self, facts: Mapping[str, Any], at: datetime, campaign_channel: str = "") -> tuple[str, str]:
        """Channel and the key of the rule that said so ('' when the campaign or the source did)."""
        for rule in self.rules:
            if rule.when(facts, at) is True:
                return rule.channel, rule.key
        return campaign_channel or facts.get("source_channel") or UNKNOWN, ""


EMPTY = ChannelTable()


def compile_table(body: dict[str, Any]) -> ChannelTable:
    rules = tuple(Rule(r["key"], r["channel"], compile_condition(r["when"], TOUCH)) for r in body.get("rules", ()))
    return ChannelTable(rules, {c["code"]: c.get("labels", {}) for c in body.get("channels", ())})


def check_table(body: dict[str, Any]) -> list[Fault]:
    """What stands against publishing a table."""
    rules, channels = body.get("rules"), body.get("channels")
    if not isinstance(rules, list) or not isinstance(channels, list):
        return [("", _("A channel table has a list of rules and a list of channels."))]
    faults: list[Fault] = []
    codes = [c.get("code") for c in channels if isinstance(c, dict)]
    if UNKNOWN not in codes or len(set(codes)) != len(codes):
        faults.append(("channels", _("Each channel has a code of its own, and “unknown” is one of them.")))
    if len(rules) > MOST_RULES:
        faults.append(("rules", _("There are too many rules.")))
    seen: set[str] = set()
    for n, rule in enumerate(rules[:MOST_RULES]):
        faults += _check_rule(rule, f"rules[{n}]", codes, seen)
    return faults


def _check_rule(rule: Any, path: str, codes: list[Any], seen: set[str]) -> list[Fault]:
    if not isinstance(rule, dict) or not isinstance(rule.get("key"), str) or not 0 < len(rule["key"]) <= 80:
        return [(path, _("A rule has a key of at most 80 characters."))]
    faults: list[Fault] = []
    if rule["key"] in seen:
        faults.append((f"{path}.key", _("Another rule has this key.")))
    seen.add(rule["key"])
    if rule.get("channel") not in codes:
        faults.append((f"{path}.channel", _("There is no such channel in the table.")))
    try:
        validate(rule.get("when"), TOUCH)
    except Invalid as fault:
        faults += [(f"{path}.when.{each.path}".rstrip("."), each.message) for each in fault.faults]
    return faults


def _said(texts: Mapping[str, str], otherwise: str) -> str:
    return texts.get((get_language() or "en")[:2]) or otherwise


def table_sentence(body: dict[str, Any]) -> str:
    """One line per rule, in the active language."""
    labels = {c["code"]: _said(c.get("labels", {}), c["code"]) for c in body.get("channels", ())}
    return "\n".join(
        f"{n}. {sentence(rule['when'], TOUCH)} → {labels.get(rule['channel'], rule['channel'])}"
        for n, rule in enumerate(body.get("rules", ()), 1)
    )


def register_kind() -> None:
    register(
        Kind(
            name=KIND,
            label=_("Channel table"),
            verb="edit_channels",
            check=check_table,
            compile=compile_table,
            sentence=table_sentence,
        )
    )
