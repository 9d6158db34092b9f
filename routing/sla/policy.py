"""The version kind `sla`: policies in order, the first whose condition is true gives a lead its clocks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops import conditions
from leadops.conditions.fields import LEAD
from leadops.conditions.predicate import Predicate, compile
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid
from leadops.versions.kinds import Fault, Kind, register

KINDS = ("first_attempt", "acceptance", "follow_up")
MOST = 6  # follow-ups of one cycle unless a policy says otherwise: then the lead is a decision, not a reminder
MOST_STEPS = 50  # of one clock
DO = ("remind", "breach", "escalate", "take_away")
CALENDARS = ("rep", "team", "always", "house")
LONGEST = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a ladder at a percentage of the target; `on` false = described, never taken."""

    percent: int
    do: str
    on: bool = True

    @property
    def key(self) -> str:
        return f"{self.do}_{self.percent}"


@dataclass(frozen=True, slots=True)
class ClockRule:
    kind: str
    target: int
    start: str
    calendar: str
    ladder: tuple[Rung, ...]
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Policy:
    key: str
    label: Mapping[str, str]
    when: Predicate
    tree: Any
    clocks: tuple[ClockRule, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    rows: tuple[Policy, ...]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset().union(*(row.when.used_fields for row in self.rows))

    def match(self, facts: Mapping[str, Any], at: datetime) -> Policy | None:
        """The first policy whose condition is true."""
        return next((row for row in self.rows if row.when.test(facts, at)), None)

    def rule(self, key: str, kind: str) -> ClockRule | None:
        found = next((row for row in self.rows if row.key == key), None)
        return next((c for c in found.clocks if c.kind == kind), None) if found else None


def _rung(body: Mapping[str, Any]) -> Rung:
    return Rung(percent=int(body["at"]), do=body["do"], on=bool(body.get("on", True)))


def _clock(body: Mapping[str, Any]) -> ClockRule:
    ladder = sorted((_rung(r) for r in body.get("ladder", [])), key=lambda r: (r.percent, DO.index(r.do)))
    start, most = body.get("from", "received"), int(body.get("most", MOST))
    return ClockRule(body["kind"], int(body["target"]), start, body["calendar"], tuple(ladder), most)


def compile_body(body: Mapping[str, Any]) -> Policies:
    """Compile a checked body."""
    return Policies(
        tuple(
            Policy(p["key"], p.get("label", {}), compile(p["when"], LEAD), p["when"], tuple(map(_clock, p["clocks"])))
            for p in body["policies"]
        )
    )


def check(body: Mapping[str, Any]) -> list[Fault]:
    """What stands against publishing: unknown words, targets of nothing, a condition that cannot be read."""
    policies = body.get("policies")
    if not isinstance(policies, list) or not policies:
        return [("policies", _("At least one policy is needed."))]
    faults: list[Fault] = []
    keys: set[str] = set()
    for i, policy in enumerate(policies):
        path = f"policies[{i}]"
        if policy.get("key") in keys or not policy.get("key"):
            faults.append((f"{path}.key", _("Each policy needs a key of its own.")))
        keys.add(policy.get("key"))
        try:
            compile(policy.get("when", {}), LEAD)
        except Invalid as fault:
            faults += [(f"{path}.when.{f.path}", f.message) for f in fault.faults]
        for j, clock in enumerate(policy.get("clocks", [])):
            faults += _clock_faults(clock, f"{path}.clocks[{j}]")
    return faults


def _clock_faults(clock: Mapping[str, Any], path: str) -> list[Fault]:
    faults: list[Fault] = []
    if clock.get("kind") not in KINDS:
        faults.append((f"{path}.kind", _("This clock is not known.")))
    target = clock.get("target")
    if not isinstance(target, int) or not 0 < target <= LONGEST:
        faults.append((f"{path}.target", _("The target is a number of seconds up to 90 days.")))
    if clock.get("from", "received") not in ("received", "assigned"):
        faults.append((f"{path}.from", _("A clock starts at reception or at assignment.")))
    if not isinstance(clock.get("most", MOST), int) or not 0 < clock.get("most", MOST) <= 50:
        faults.append((f"{path}.most", _("Between 1 and 50 follow-ups in a cycle.")))
    if not isinstance(clock.get("calendar"), str) or not clock["calendar"]:
        faults.append((f"{path}.calendar", _("Name the calendar this clock follows.")))
    if len(clock.get("ladder", [])) > MOST_STEPS:
        faults.append((f"{path}.ladder", _("A clock has at most 50 steps.")))
    for k, rung in enumerate(clock.get("ladder", [])):
        if rung.get("do") not in DO or not isinstance(rung.get("at"), int) or not 0 < rung["at"] <= 1000:
            faults.append((f"{path}.ladder[{k}]", _("A step names what to do and at which percentage of the target.")))
    return faults


def _sentence(body: Mapping[str, Any]) -> str:
    return " ; ".join(sentence(p.get("when", {}), conditions.fields.LEAD) for p in body.get("policies", []))


def register_kind() -> None:
    register(Kind("sla", _("SLA policies"), "edit_sla", check, compile_body, _sentence))


def _clock_body(kind: str, start: str, target: int, *ladder: tuple[int, str, bool]) -> dict[str, Any]:
    rungs = [{"at": at, "do": do} | ({} if on else {"on": False}) for at, do, on in ladder]
    return {"kind": kind, "target": target, "from": start, "calendar": "rep", "ladder": rungs}


REMIND, BREACH = (80, "remind", True), (100, "breach", True)
DEFAULT = {
    "policies": [
        {
            "key": "hand-raiser",
            "label": {"fr": "Demande de contact", "en": "Asked to be contacted"},
            "when": {"field": "hand_raiser", "op": "is_true"},
            "clocks": [
                _clock_body(
                    "first_attempt", "received", 300,
                    (60, "remind", True), BREACH, (200, "escalate", True), (600, "take_away", False),
                ),
                _clock_body("acceptance", "assigned", 900, BREACH, (200, "escalate", True)),
                _clock_body("follow_up", "assigned", 14400, REMIND, BREACH, (200, "escalate", True)),
            ],
        },
        {
            "key": "mql",
            "label": {"fr": "MQL", "en": "MQL"},
            "when": {"any": [{"field": "stage", "op": "eq", "value": stage} for stage in ("mql", "sal", "sql")]},
            "clocks": [
                _clock_body(
                    "first_attempt", "assigned", 3600,
                    REMIND, BREACH, (200, "escalate", True), (400, "take_away", False),
                ),
                _clock_body("acceptance", "assigned", 7200, BREACH, (200, "escalate", True)),
                _clock_body("follow_up", "assigned", 28800, REMIND, BREACH, (200, "escalate", True)),
            ],
        },
        {
            "key": "other",
            "label": {"fr": "Autres leads", "en": "Other leads"},
            "when": {"all": []},
            "clocks": [
                _clock_body(
                    "first_attempt", "assigned", 28800,
                    REMIND, BREACH, (150, "escalate", True), (300, "take_away", False),
                ),
                _clock_body("acceptance", "assigned", 28800, BREACH),
                _clock_body("follow_up", "assigned", 57600, REMIND, BREACH),
            ],
        },
    ]
}  # fmt: skip
DEFAULTS = [("sla", "house", DEFAULT)]
