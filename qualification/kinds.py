"""The version kinds `scorecard`, `mql`, `framework`: what stands against publishing a body, and how it is said in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.conditions.tree import leaves
from leadops.conditions.validate import Invalid, parse, validate
from leadops.models import Touch
from leadops.templatetags.house import said
from leadops.versions.kinds import Fault, Kind, register
from qualification import selectors
from qualification.behaviour import DECAYS, HALVES, MATCHES
from qualification.framework import compile_framework
from qualification.mql import compile_definition
from qualification.scoring import BANDS, FIT, GRADES, GROUPS, LEVELS, OWN_FIELDS, compile_card

HIGHEST = 1000  # points of a line and of a cap: sums stay far inside a smallint
MOST_LINES = 60
MOST_DAYS = 365  # a window
MOST_COUNTED = 50  # touches of one line
MOST_MATCHES = 50  # values of one match
MOST_QUESTIONS, MOST_ANSWERS = 12, 6
NEVER_IN_CARD = {*OWN_FIELDS, "stage", "status"}  # a score that read its own effects would move by itself


def _condition(body: Any, path: str) -> list[Fault]:
    try:
        validate(body, LEAD)
    except Invalid as invalid:
        return [(f"{path}.{fault.path}" if fault.path else path, fault.message) for fault in invalid.faults]
    return []


def _card_condition(body: Any, path: str) -> list[Fault]:
    faults = _condition(body, path)
    if not faults:
        read = {leaf.field.key: leaf.field.label for leaf in leaves(parse(body, LEAD))}
        refused = [read[key] for key in sorted(NEVER_IN_CARD.intersection(read))]
        faults += [(path, _("A scorecard cannot read “%(field)s”.") % {"field": label}) for label in refused]
    return faults


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def check_scorecard(body: dict[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    groups = body.get("groups")
    if not isinstance(groups, list) or {group.get("key") for group in groups if isinstance(group, dict)} - set(GROUPS):
        return [("groups", _("The groups are fit, engagement and negative."))]
    for position, group in enumerate(groups):
        faults += _check_group(group, f"groups[{position}]")
    keys = [line.get("key") for group in groups for line in group.get("lines", ())]
    if not any(keys):
        faults.append(("groups", _("A scorecard needs at least one line.")))
    if len(keys) > MOST_LINES:
        faults.append(("groups", _("A scorecard holds at most %(limit)s lines.") % {"limit": MOST_LINES}))
    faults += [("groups", _("Two lines share the key “%(key)s”.") % {"key": key}) for key in sorted(_twice(keys))]
    faults += _check_steps(body.get("bands"), "bands", BANDS)
    faults += _check_steps(body["grades"], "grades", GRADES) if body.get("grades") else []
    faults += _check_steps(body["levels"], "levels", LEVELS) if body.get("levels") else []
    for position, each in enumerate(body.get("knockouts", ())):
        faults += _labelled(each, f"knockouts[{position}]")
        faults += _card_condition(each.get("when"), f"knockouts[{position}].when")
    return faults


def _twice(keys: Iterable[Any]) -> set[str]:
    seen: set[str] = set()
    return {str(key) for key in keys if str(key) in seen or seen.add(str(key))}  # type: ignore[func-returns-value]


def _labelled(row: dict[str, Any], path: str) -> list[Fault]:
    labels = row.get("label")
    return (
        []
        if row.get("key") and isinstance(labels, dict) and labels.get("fr") and labels.get("en")
        else [(path, _("It needs a label in both languages."))]
    )


def _check_group(group: dict[str, Any], path: str) -> list[Fault]:
    faults: list[Fault] = []
    if not _whole(group.get("cap"), 0, HIGHEST):
        faults.append((f"{path}.cap", _("A cap is a whole number from 0 to %(high)s.") % {"high": HIGHEST}))
    negative = group["key"] == "negative"
    for position, line in enumerate(group.get("lines", ())):
        here = f"{path}.lines[{position}]"
        faults += _labelled(line, here)
        if not _whole(line.get("points"), -HIGHEST if negative else 1, -1 if negative else HIGHEST):
            faults.append((f"{here}.points", _points_fault(negative)))
        if "touch" in line:
            faults += _check_behaviour(line, group["key"], here)
        else:
            faults += _card_condition(line.get("when"), f"{here}.when")
    return faults


def _check_behaviour(line: dict[str, Any], group: str, path: str) -> list[Fault]:
    """Acts are engagement, or count against it; fit says who somebody is."""
    faults: list[Fault] = []
    touch = line["touch"]
    if group == FIT:
        faults.append((path, _("A behaviour line belongs to engagement or to the negative points.")))
    if "when" in line or not isinstance(touch, dict):
        return [*faults, (path, _("A line has either a condition or touches."))]
    kinds = touch.get("kinds", [])
    if not isinstance(kinds, list) or not set(map(str, kinds)) <= set(Touch.Kind.values):
        faults.append((f"{path}.touch.kinds", _("One of these kinds of touch does not exist.")))
    for name, high in (("days", MOST_DAYS), ("most", MOST_COUNTED)):
        if not _whole(touch.get(name), 1, high):
            faults.append(
                (f"{path}.touch.{name}", _("A whole number from 1 to %(high)s is expected.") % {"high": high})
            )
    if touch.get("decay", "none") not in DECAYS:
        faults.append((f"{path}.touch.decay", _("Points are kept, fall to zero, or halve: none, linear, halves.")))
    if touch.get("decay") == HALVES and not _whole(touch.get("half_life_days"), 1, MOST_DAYS):
        faults.append((f"{path}.touch.half_life_days", _("A half-life is a whole number of days.")))
    return faults + [
        (f"{path}.touch.{name}", _("A list of at most %(n)s values is expected.") % {"n": MOST_MATCHES})
        for name in MATCHES
        if not _values(touch.get(name, []))
    ]


def _values(given: Any) -> bool:
    return (
        isinstance(given, list)
        and len(given) <= MOST_MATCHES
        and all(isinstance(v, str) and 0 < len(v) <= 120 for v in given)
    )


def _points_fault(negative: bool) -> str:
    if negative:
        return _("Points of the negative group are below zero.")
    return _("Points are a whole number from 1 to %(high)s.") % {"high": HIGHEST}


def _check_steps(rows: Any, path: str, known: tuple[str, ...]) -> list[Fault]:
    if not isinstance(rows, list) or not rows or any(row.get("key") not in known for row in rows):
        return [(path, _("These steps are not the known ones: %(names)s.") % {"names": ", ".join(known)})]
    starts = [row.get("from") for row in sorted(rows, key=lambda row: known.index(row["key"]))]
    if any(not _whole(start, -3 * HIGHEST, 3 * HIGHEST) for start in starts):
        return [(path, _("Each step starts at a whole number."))]
    if sorted(set(starts), reverse=True) != starts:
        return [(path, _("Each step starts lower than the one above it."))]
    return []


def check_mql(body: dict[str, Any]) -> list[Fault]:
    faults = _condition(body.get("when"), "when")
    names = body.get("scorecards", [])
    if not isinstance(names, list) or len(names) > 1:
        return [*faults, ("scorecards", _("A definition reads one scorecard version."))]
    faults += [("scorecards", _no_card(name)) for name in names if selectors.scorecard_named(str(name)) is None]
    if not _whole(body.get("cooldown_days", 0), 0, 3650):
        faults.append(("cooldown_days", _("A number of days is expected here.")))
    if not _whole(body.get("most_cycles", 1), 1, 100):
        faults.append(("most_cycles", _("A whole number from 1 to %(high)s is expected.") % {"high": 100}))
    if not faults and not names and compile_definition(body).reads_score:
        faults.append(("scorecards", _("The condition reads the score: name the scorecard version it reads.")))
    return faults


def _no_card(name: Any) -> str:
    return _("There is no published scorecard “%(name)s”.") % {"name": str(name)[:60]}


# -- framework -----------------------------------------------------------------------------------------


def check_framework(body: dict[str, Any]) -> list[Fault]:
    faults: list[Fault] = []
    questions = body.get("questions")
    if (
        not isinstance(questions, list)
        or not 0 < len(questions) <= MOST_QUESTIONS
        or not all(isinstance(q, dict) for q in questions)
    ):
        return [("questions", _("A framework has from 1 to %(n)s questions.") % {"n": MOST_QUESTIONS})]
    if not _whole(body.get("minimum"), 0, 100):
        faults.append(("minimum", _("The minimum is a percentage.")))
    name = body.get("name")
    if not isinstance(name, dict) or not (name.get("fr") and name.get("en")):
        faults.append(("name", _("It needs a label in both languages.")))
    for position, question in enumerate(questions):
        faults += _check_question(question, f"questions[{position}]")
    keys = [question.get("key") for question in questions]
    faults += [
        ("questions", _("Two questions share the key “%(key)s”.") % {"key": key}) for key in sorted(_twice(keys))
    ]
    return faults


def _check_question(question: dict[str, Any], path: str) -> list[Fault]:
    faults = _labelled(question, path)
    if not _whole(question.get("weight"), 1, 100):
        faults.append((f"{path}.weight", _("A whole number from 1 to %(high)s is expected.") % {"high": 100}))
    answers = question.get("answers")
    if (
        not isinstance(answers, list)
        or not 2 <= len(answers) <= MOST_ANSWERS
        or not all(isinstance(a, dict) for a in answers)
    ):
        return [*faults, (f"{path}.answers", _("A question has from 2 to %(n)s answers.") % {"n": MOST_ANSWERS})]
    for position, answer in enumerate(answers):
        faults += _labelled(answer, f"{path}.answers[{position}]")
        if not _whole(answer.get("worth"), 0, 100):
            faults.append((f"{path}.answers[{position}].worth", _("An answer is worth a percentage of the weight.")))
    twice = _twice(answer.get("key") for answer in answers)
    return faults + [
        (f"{path}.answers", _("Two answers share the key “%(key)s”.") % {"key": key}) for key in sorted(twice)
    ]


def say_framework(body: dict[str, Any]) -> str:
    names = ", ".join(said(question.get("label")) for question in body.get("questions", ()))
    return _("%(name)s: %(questions)s. Sales qualified from %(minimum)s%%.") % {
        "name": said(body.get("name")),
        "questions": names,
        "minimum": body.get("minimum", ""),
    }


# -- in words ------------------------------------------------------------------------------------------


def say_scorecard(body: dict[str, Any]) -> str:
    count = sum(len(group.get("lines", ())) for group in body.get("groups", ()))
    return ngettext("%(n)s line", "%(n)s lines", count) % {"n": count}


def say_mql(body: dict[str, Any]) -> str:
    """The definition in one sentence; a body that cannot be read says so instead of failing the page."""
    try:
        return sentence(body.get("when") or {}, LEAD)
    except Invalid as invalid:
        return _("This condition cannot be read: %(why)s") % {"why": invalid.message}


def register_kinds() -> None:
    for name, label, verb, check, compiler, say in _KINDS:
        register(Kind(name=name, label=label, verb=verb, check=check, compile=compiler, sentence=say))


_KINDS: tuple[tuple[str, Any, str, Callable[..., Any], Callable[..., Any], Callable[..., str]], ...] = (
    ("scorecard", gettext_lazy("Scorecard"), "edit_scorecard", check_scorecard, compile_card, say_scorecard),
    ("mql", gettext_lazy("MQL definition"), "edit_mql", check_mql, compile_definition, say_mql),
    ("framework", gettext_lazy("Framework"), "edit_framework", check_framework, compile_framework, say_framework),
)
