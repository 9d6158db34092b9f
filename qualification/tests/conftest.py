"""The cast of qualification: marketing ops, a rep, a shipped scorecard and definition in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from leadops import moment, unit
from leadops.access import Actor, actor_of, system
from leadops.journal import Kind
from leadops.models import Lead, Rep, Role, User
from leadops.testing import LeadFactory, member, put_in_force, rep
from leadops.unit import Phase, Unit, in_unit
from leadops.versions.models import Version
from qualification import assessing, services
from qualification.defaults import MQL, SCORECARD

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
PHASES = (
    Phase("score", assessing.SCORED_BY, assessing.score),
    Phase("gate", services.GATED_BY, services.gate),
    Phase("look again", assessing.PUBLISHED, assessing.mark_stale),
    Phase("follow", services.HANDOFF_FOLLOWS, services.follow_owner),
)


@pytest.fixture(autouse=True)
def _still(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Business time stands still, and only qualification's own phases run."""
    monkeypatch.setattr(unit, "_phases", PHASES)
    with moment.at(NOW):
        yield


def line(key: str, points: int, when: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "label": {"fr": key, "en": key}, "points": points, "when": when}


def one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"all": [{"field": field, "op": op} | ({} if value is None else {"value": value})]}


SMALL_CARD: dict[str, Any] = {
    "groups": [
        {
            "key": "fit",
            "cap": 30,
            "lines": [line("big", 20, one("employees", "gte", 100)), line("near", 15, one("country", "in", ["FR"]))],
        },
        {"key": "engagement", "cap": 40, "lines": [line("asks", 25, one("hand_raiser", "is_true"))]},
        {"key": "negative", "cap": 20, "lines": [line("free", -10, one("free_mail", "is_true"))]},
    ],
    "bands": [{"key": "hot", "from": 50}, {"key": "warm", "from": 20}, {"key": "cold", "from": 0}],
    "grades": [{"key": "A", "from": 25}, {"key": "B", "from": 10}, {"key": "C", "from": 0}],
    "knockouts": [line("student", 0, one("title", "contains", "student"))],
}
SMALL_MQL: dict[str, Any] = {"when": one("score", "gte", 40), "scorecards": ["house@1"], "cooldown_days": 30}


@pytest.fixture
def card() -> Version:
    return put_in_force("scorecard", "house", SMALL_CARD)


@pytest.fixture
def definition(card: Version) -> Version:
    return put_in_force("mql", "house", SMALL_MQL)


@pytest.fixture
def shipped() -> tuple[Version, Version]:
    return put_in_force("scorecard", "house", SCORECARD), put_in_force("mql", "house", MQL)


@pytest.fixture
def hugo() -> User:
    return member("Hugo", Role.MARKETING_OPS, language="en")


@pytest.fixture
def lea() -> Rep:
    return rep("Léa")


@pytest.fixture
def as_lea(lea: Rep) -> Actor:
    return actor_of(lea.user)


def hot_lead(**values: Any) -> Lead:
    """Scores 55 under the small card: cap of fit reached, asks to be contacted."""
    return LeadFactory(**({"employees": 250, "country": "FR", "hand_raiser": True} | values))


def captured(leads: Sequence[Lead], kind: str = Kind.CAPTURED, at: datetime = NOW) -> list[Lead]:
    """Leads as `resolve` would leave them, through the phases."""

    def work(unit: Unit) -> list[Lead]:
        found = unit.leads(lead.pk for lead in leads)
        for lead in found:
            unit.record(kind, lead, data={})
        return found

    return in_unit(work, actor=system("pipeline"), at=at)


def act(work: Callable[[Lead, Unit], Any], lead: Lead, actor: Actor, at: datetime = NOW) -> Any:
    """One verb on one locked lead in its own unit."""
    return in_unit(lambda unit: work(unit.leads([lead.pk])[0], unit), actor=actor, at=at)
