"""A ruleset is checked before it is published, told as sentences, and reads territories alike in Python and SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from leadops.conditions.fields import LEAD
from leadops.models import Lead, Rep
from leadops.testing import LeadFactory, put_in_force, rep
from leadops.unit import in_unit
from routing import defaults, kinds, services, territories
from routing.choose import PoolState, RepState, State, choose
from routing.credits import ONE
from routing.match import Step, Target, compile_ruleset, match
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _flow() -> Iterator[None]:
    with house.only_routing():
        yield


def body(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rules": list(rules), "fallback": {"pool": "everyone", "watcher": "revenue_ops"}, **more}


def everyone() -> list[Rep]:
    reps = house.three()
    house.pool("everyone", *reps)
    house.pool("empty")
    return reps


FRENCH = {"all": [{"field": "country", "op": "eq", "value": "FR"}]}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"rules": []}, "fallback.pool"),
        ({"rules": [], "fallback": {"pool": "everyone"}}, "fallback.watcher"),
        ({"rules": [], "fallback": {"pool": "gone", "watcher": "revenue_ops"}}, "fallback.pool"),
        ({"rules": "x"}, "rules"),
        (body({"key": "a", "to": {"pool": "gone"}}), "rules[0].to"),
        (body({"key": "a", "to": {"pool": "empty"}}), "rules[0].to"),
        (body({"key": "a", "to": {"claim": "everyone"}}), "rules[0].to"),
        (body({"key": "a", "to": {"rep": "ghost@example.com"}}), "rules[0].to"),
        (body({"key": "a", "to": {}}), "rules[0].to"),
        (body({"key": "a", "to": {"pool": "everyone"}, "else": ["gone"]}), "rules[0].else[0]"),
        (body({"key": "a", "to": {"pool": "everyone"}, "nobody": "shrug"}), "rules[0].nobody"),
        (body({"key": "a", "to": {"pool": "everyone"}, "colour": 1}), "rules[0].colour"),
        (body({"key": "a", "to": {"pool": "everyone"}, "require": {"skills": {"x": "lots"}}}), "rules[0].require.skills"),
        (
            body({"key": "a", "to": {"pool": "everyone"}, "when": {"all": [{"field": "nope", "op": "eq", "value": 1}]}}),
            "rules[0].when.all[0].field",
        ),
        (body({"key": "a", "to": {"pool": "everyone"}}, {"key": "b", "to": {"pool": "everyone"}}), "rules[1]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_place(given: dict[str, Any], path: str) -> None:
    everyone()
    assert [fault[0] for fault in kinds.check(given)] == [path]


def test_an_inactive_rep_is_an_error_and_an_absent_one_a_warning() -> None:
    ada, bob, _cleo = everyone()
    given = body({"key": "a", "to": {"rep": ada.user.email}}, {"key": "b", "to": {"rep": str(bob.pk)}})
    assert kinds.check(given) == []
    assert kinds.warnings(given, house.now()) == []
    house.do(lambda unit: services.set_absence(bob, unit.at, None, "leave", unit))
    Rep.objects.filter(pk=ada.pk).update(active=False)
    (fault,) = kinds.check(given)
    assert fault[0] == "rules[0].to" and "Ada" in str(fault[1])
    (warned,) = kinds.warnings(given, house.now() + timedelta(seconds=1))
    assert warned[0] == "rules[1].to" and "Bob" in str(warned[1])


def test_a_rule_naming_an_absent_rep_loses_nothing() -> None:
    ada, bob, cleo = everyone()
    house.rules(house.rule("ada", {"rep": ada.user.email}))
    house.do(lambda unit: services.set_absence(ada, unit.at, None, "leave", unit))
    (lead,) = house.arrive([LeadFactory()])
    assert lead.owner_id in {bob.pk, cleo.pk}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_rules_read_as_sentences(language: str) -> None:
    everyone()
    given = body({
        "key": "a", "when": FRENCH, "to": {"account_owner": True}, "else": ["everyone"],
        "require": {"skills": {"saas": 2}, "languages": "lead"}, "nobody": "assign_anyway",
    })  # fmt: skip
    with translation.override(language):
        first, last = kinds.said_whole(given).split("\n")
    expected = {
        "en": ("to the owner of the account while they are available, else Everyone. The rep needs level 2 in “saas”",
               "Every other lead: to the pool Everyone"),
        "fr": ("au responsable du compte tant qu’il est disponible, sinon Everyone. Le commercial doit avoir le niveau 2",
               "Tout autre lead\u00a0: vers le vivier Everyone"),
    }[language]  # fmt: skip
    assert expected[0] in first
    assert last.startswith(expected[1])


def test_the_shipped_versions_can_be_published_in_an_empty_house() -> None:
    defaults.ensure_defaults()
    defaults.ensure_defaults()
    for kind, key, shipped in defaults.DEFAULTS:
        put_in_force(kind, key, shipped)
    (lead,) = house.arrive([LeadFactory()])
    assert lead.held == "no_members"


def test_the_most_specific_place_wins_alike_in_python_and_sql() -> None:
    house.territory("france", ("country", "FR", ""))
    house.territory("rhone", ("region", "FR", "FR-ARA"), ("postcode", "FR", "69"))
    house.territory("lyon3", ("postcode", "FR", "69003"))
    house.territory("belgium", ("country", "BE", ""))
    cases = {
        ("FR", "", ""): "france",
        ("FR", "FR-ARA", ""): "rhone",
        ("FR", "FR-IDF", "69100"): "rhone",
        ("FR", "FR-ARA", "69003"): "lyon3",
        ("BE", "FR-ARA", "69003"): "belgium",
        ("DE", "", "69003"): "",
        ("", "", "69003"): "",
    }
    leads = {LeadFactory(country=c, region=r, postcode=p).pk: want for (c, r, p), want in cases.items()}
    at = house.now()
    rows = list(Lead.objects.filter(pk__in=leads))
    assert territories.read(rows, at) == leads
    field = LEAD.get("territory")
    assert field is not None
    told = Lead.objects.filter(pk__in=leads).annotate(t=field.expression(at)).values_list("pk", "t")
    assert {pk: t or "" for pk, t in told} == leads


@pytest.mark.parametrize("key", ["owner_known", "account_owner_known"])
def test_the_flags_are_alike_in_python_and_sql(key: str) -> None:
    ada, *_rest = everyone()
    leads = [LeadFactory(), LeadFactory(owner=ada)]
    field, at = LEAD.get(key), house.now()
    assert field is not None
    told = dict(Lead.objects.annotate(t=field.expression(at)).values_list("pk", "t"))
    assert told == field.read(leads, at)


def test_a_capacity_of_14_a_month_receives_14_a_month() -> None:
    """D1: no daily quota is rounded from a monthly one."""
    target, taken = Target("r", (Step("pool", "p"),)), []
    pools = {"p": PoolState("p", {"a": ONE})}
    for hour in range(24 * 60):
        month = [at for at in taken if at > hour - 24 * 30]
        now = State(hour, pools, {"a": RepState("a", cap_month=14, month=len(month))})
        outcome, after = choose(target, now, hour)
        pools = dict(after.pools)
        if outcome.kind == "assigned":
            taken.append(hour)
    assert len([at for at in taken if at < 24 * 30]) == 14
    assert len(taken) == 28


def test_a_lead_that_needs_german_waits_rather_than_going_to_somebody_without() -> None:
    ada, dora = rep("Ada"), rep("Dora", languages=["de"], capacity=1)
    house.pool("everyone", ada, dora)
    house.rules(house.rule("own", {"pool": "everyone"}, require={"languages": "lead"}))
    leads = house.arrive([LeadFactory(language="de"), LeadFactory(language="de"), LeadFactory(language="fr")])
    assert [lead.owner_id for lead in leads] == [dora.pk, None, ada.pk]
    assert leads[1].held == "no_capacity"


def test_the_sun_is_followed_through_three_offices() -> None:
    """R53, R10: the same instant is morning for one office and night for another."""
    week = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    offices = {"paris": "Europe/Paris", "york": "America/New_York", "tokyo": "Asia/Tokyo"}
    for key, zone in offices.items():
        put_in_force("calendar", key, {"zone": zone, "week": week})
    reps = {key: rep(key.title(), calendar=key) for key in offices}
    house.pool("everyone", *reps.values())
    house.rules()
    start, owners = datetime(2026, 3, 10, tzinfo=UTC), Counter[str]()  # the American clocks have changed, ours not yet
    for hour in range(24):
        (lead,) = house.new_leads(1)
        at = start + timedelta(hours=hour)
        in_unit(lambda unit, lead=lead: services.route([_now(unit, lead)], unit), actor=house.PIPELINE, at=at)
        lead.refresh_from_db()
        open_now = {k for k, z in offices.items() if _is_open(z, at)}
        owner = next((k for k, r in reps.items() if r.pk == lead.owner_id), "")
        assert (owner in open_now) if open_now else lead.held == "off_hours"
        owners[owner] += 1
    assert set(owners) == {"paris", "york", "tokyo", ""}


def _now(unit: Any, lead: Lead) -> Any:
    (mine,) = unit.leads([lead.pk])
    return unit.record("captured", mine, data={"trigger": "now"})


def _is_open(zone: str, at: datetime) -> bool:
    from zoneinfo import ZoneInfo

    here = at.astimezone(ZoneInfo(zone))
    return here.weekday() < 5 and 9 <= here.hour < 18


def test_matching_takes_the_first_true_rule_and_unknown_is_not_true() -> None:
    ruleset = compile_ruleset(body(
        {"key": "fr", "when": FRENCH, "to": {"pool": "a"}},
        {"key": "not-fr", "when": {"not": FRENCH}, "to": {"pool": "b"}},
    ))  # fmt: skip
    rule = lambda **facts: match(facts, ruleset, house.now()).rule  # noqa: E731
    assert (rule(country="FR"), rule(country="BE"), rule(), rule(country=None)) == (
        "fr", "not-fr", "fallback", "fallback",
    )  # fmt: skip
