"""The version kinds `sequence` and `template`: what stands against publishing a body, and how it is said in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadops import calendars, moment
from leadops.conditions.fields import LEAD
from leadops.conditions.tree import leaves
from leadops.conditions.validate import Invalid, parse, validate
from leadops.templatetags.house import said
from leadops.versions import services as versions
from leadops.versions.calendars import calendar_at
from leadops.versions.kinds import Fault, Kind, register
from leadops.versions.models import Version
from nurture import timing, waiting, wording
from nurture.merging import FIELDS
from nurture.sequence import BY_CONDITION, BY_HAND, CALL, MAIL, OPTIONAL_EXITS, STEPS, WAIT, compile_sequence, minutes

LANGUAGES = ("fr", "en")
MOST_STEPS, MOST_DAYS = 30, 90
MOST_MAILS = {"per_day": 20, "per_week": 100}


def _texts(given: Any, path: str, what: str) -> list[Fault]:
    texts = given if isinstance(given, dict) else {}
    missing = [language for language in LANGUAGES if not str(texts.get(language) or "").strip()]
    return [(path, what)] if missing else []


def check_template(body: dict[str, Any]) -> list[Fault]:
    faults = _texts(body.get("name"), "name", _("It needs a name in both languages."))
    for part in ("subject", "body"):
        texts = body.get(part) if isinstance(body.get(part), dict) else {}
        for language in LANGUAGES:
            text = str((texts or {}).get(language) or "")
            found = wording.faults_of(text, FIELDS, one_liner=part == "subject")
            faults += [(f"{part}.{language}", message) for message in found]
    return faults


def check_sequence(body: dict[str, Any]) -> list[Fault]:
    faults = _texts(body.get("name"), "name", _("It needs a name in both languages."))
    if body.get("by") not in (BY_HAND, BY_CONDITION):
        faults.append(("by", _("Say who enters: by hand or by condition.")))
    faults += _check_entry(body)
    exits = body.get("exits", [])
    if not isinstance(exits, list) or set(map(str, exits)) - set(OPTIONAL_EXITS):
        faults.append(("exits", _("These exit rules are not the known ones: %(names)s.") % {"names": "stage, touch"}))
    faults += _check_window(body.get("window"))
    return faults + _check_steps(body.get("steps"))


def _check_entry(body: dict[str, Any]) -> list[Fault]:
    if body.get("by") != BY_CONDITION:
        return []
    entry = body.get("entry") or {}
    try:
        compared = list(leaves(parse(validate(entry, LEAD), LEAD))) if entry else []
    except Invalid as invalid:
        return [(f"entry.{fault.path}" if fault.path else "entry", fault.message) for fault in invalid.faults]
    # a condition that is always true would write to everybody
    return [] if compared else [("entry", _("Say which leads enter: a sequence by condition needs one."))]


def _check_window(window: Any) -> list[Fault]:
    given = window if isinstance(window, dict) else {}
    try:
        opens, closes = minutes(given.get("opens", "")), minutes(given.get("closes", ""))
    except ValueError:
        return [("window", _("The send window is two times of a day, such as 09:00 and 18:00."))]
    if closes - opens < 60:
        return [("window", _("The send window lasts at least an hour."))]
    key = str(given.get("calendar", "house"))
    if not _published("calendar", [key]):
        return [("window.calendar", _("There is no published calendar “%(name)s”.") % {"name": key[:60]})]
    try:
        sends = timing.window(calendar_at(key, moment.now()), opens, closes, "")
        timing.next_moment(sends, moment.now())
    except calendars.NeverOpens as never:
        return [("window.calendar", str(never.message))]
    return []


def _check_steps(steps: Any) -> list[Fault]:
    if not isinstance(steps, list) or not steps:
        return [("steps", _("A sequence needs at least one step."))]
    if len(steps) > MOST_STEPS:
        return [("steps", _("A sequence holds at most %(limit)s steps.") % {"limit": MOST_STEPS})]
    faults: list[Fault] = []
    templates = [str(s.get("template", "")) for s in steps if isinstance(s, dict) and s.get("kind") == MAIL]
    published = _published("template", templates)
    for position, step in enumerate(steps):
        faults += [(f"steps[{position}]", message) for message in _check_step(step, published)]
    kinds = [step.get("kind") if isinstance(step, dict) else "" for step in steps]
    if any(pair == (MAIL, MAIL) for pair in pairwise(kinds)):
        faults.append(("steps", _("Two mails follow each other: put a wait between them.")))
    if not any(isinstance(step, dict) and step.get("kind") in (MAIL, CALL) for step in steps):
        faults.append(("steps", _("A sequence that only waits does nothing: add a mail or a call.")))
    return faults


def _check_step(step: Any, published: set[str]) -> Iterable[str]:
    kind = step.get("kind") if isinstance(step, dict) else None
    if kind not in STEPS:
        return [_("A step is a mail, a wait or a call task.")]
    if kind == MAIL and step.get("template") not in published:
        name = str(step.get("template") or "")[:60]
        return [_("There is no published template “%(name)s”.") % {"name": name}]
    days = step.get("days")
    if kind == WAIT and not (isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= MOST_DAYS):
        return [_("A wait is 1 to %(most)s working days.") % {"most": MOST_DAYS}]
    if kind == CALL and _texts(step.get("text"), "", "x"):
        return [_("A call task needs a text in both languages.")]
    return []


def _published(kind: str, keys: Iterable[str]) -> set[str]:
    held = versions.held_at(moment.now()).filter(kind=kind, key__in=list(keys))
    return set(held.values_list("key", flat=True))


def check_policy(body: dict[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    for name, most in MOST_MAILS.items():
        given = body.get(name)
        if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= most:
            faults.append((name, _("A whole number from 1 to %(most)s.") % {"most": most}))
    if not faults and body["per_day"] > body["per_week"]:
        faults.append(("per_week", _("A week holds at least as many mails as a day.")))
    return faults


def say_policy(body: dict[str, Any]) -> str:
    said = _("At most %(day)s a day and %(week)s a week to one person, over all sequences")
    return said % {"day": body["per_day"], "week": body["per_week"]}


def say_sequence(body: dict[str, Any]) -> str:
    count = len(body.get("steps", ()))
    steps = ngettext("%(n)s step", "%(n)s steps", count) % {"n": count}
    return f"{said(body.get('name'))}: {steps}"


def say_template(body: dict[str, Any]) -> str:
    return f"{said(body.get('name'))}: {said(body.get('subject'))}"


def name_of(version: Version) -> str:
    return said(version.body.get("name")) or version.key


def register_kinds() -> None:
    register(
        Kind(
            name="sequence",
            label=gettext_lazy("Sequence"),
            verb="edit_sequences",
            check=check_sequence,
            compile=compile_sequence,
            sentence=say_sequence,
        )
    )
    register(
        Kind(
            name=waiting.KIND,
            label=gettext_lazy("Cap on mails"),
            verb="edit_sequences",
            check=check_policy,
            compile=lambda body: waiting.Cap(int(body["per_day"]), int(body["per_week"])),
            sentence=say_policy,
        )
    )
    register(
        Kind(
            name="template",
            label=gettext_lazy("Mail template"),
            verb="edit_sequences",
            check=check_template,
            compile=lambda body: body,
            sentence=say_template,
        )
    )
