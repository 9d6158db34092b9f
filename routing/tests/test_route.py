"""A lead that arrives gets its owner, or is held with the reason; records say why and can be decided again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from leadops import moment
from leadops.conditions.fields import LEAD, column
from leadops.decisions import Decision, DecisionBatch
from leadops.effects.models import Notice
from leadops.journal import JournalEntry, Kind
from leadops.models import AccountOwner, Lead, Rep, Role
from leadops.testing import DAWN, AccountFactory, LeadFactory, member, rep
from leadops.unit import Unit
from routing import availability, selectors, services, workload
from routing.models import Assignment, CreditEntry, PoolCredit
from routing.replay import replay
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _flow():
    with house.only_routing():
        yield


def sums_hold() -> None:
    """Every credit is the sum of its entries; every lead is owned by whom its open assignment says."""
    for row in PoolCredit.objects.all():
        total = CreditEntry.objects.filter(pool=row.pool, rep=row.rep).aggregate(s=Sum("delta"))["s"]
        assert row.credit == (total or Decimal(0))
    held = dict(Assignment.objects.filter(ended_at=None).values_list("lead_id", "rep_id"))
    assert held == dict(Lead.objects.exclude(owner=None).values_list("pk", "owner_id"))


def test_a_batch_is_shared_fairly_and_everything_is_written() -> None:
    reps = house.three()
    house.pool("everyone", *reps)
    house.rules()
    leads = house.arrive(house.new_leads(31))
    counts = Counter(lead.owner_id for lead in leads)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert all(lead.team_id and lead.assigned_at and lead.pool == "everyone" and lead.version == 2 for lead in leads)
    entry = JournalEntry.objects.filter(lead=leads[0], kind=Kind.ASSIGNED).get()
    assert entry.data["how"] == "pushed"
    assert entry.data["rep"] == str(leads[0].owner_id)
    assert Notice.objects.filter(kind="lead_assigned").count() == 31
    sums_hold()


def test_load_is_the_units_of_open_leads_found_without_a_walk_through_all_assignments() -> None:
    ada, bob, cleo = house.three()
    house.pool("ada", ada)
    house.rules(house.rule("heavy", {"pool": "ada"}, house.is_in("country", "FR"), units=5), fallback="ada")
    given = house.arrive([*house.new_leads(2, country="FR"), *house.new_leads(3, country="DE")])
    lost, kept = given[0], given[2]
    Lead.objects.filter(pk=lost.pk).update(stage="lost", stage_reason="price", closed_at=moment.now())
    LeadFactory(owner=bob)  # of an older house, without an assignment
    every = [ada.pk, bob.pk, cleo.pk]
    assert {rep: (work["load"], work["month"]) for rep, work in workload.work_of(every, moment.now()).items()} == {
        str(ada.pk): (5 + 3, 5),
        str(bob.pk): (1, 0),
        str(cleo.pk): (0, 0),
    }
    assert kept.owner_id == ada.pk
    with (
        connection.cursor() as cursor
    ):  # what the planner sees must not depend on what a neighbour's test left to be counted
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO routing_assignment (id, lead_id, rep_id, how, cycle, units, started_at, ended_at, ended_why, xid)"
            " SELECT gen_random_uuid(), gen_random_uuid(), md5((n % 40)::text)::uuid, 'pushed', 1, 1 + (n % 50 = 0)::int,"
            " now() - n * interval '3 hours', CASE WHEN n % 9 > 0 THEN now() END, '', xid"
            " FROM generate_series(1, 5000) n, (SELECT xid FROM routing_assignment LIMIT 1) one"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE routing_assignment")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = workload.working(every, moment.now(), live=True).values("load", "month").explain()
    assert "using assignment_heavy" in plan and "using assignment_of_rep" in plan
    assert "assignment_one_open" not in plan and "Seq Scan on routing_assignment" not in plan


def test_territory_and_skill_decide_and_the_fallback_catches_the_rest() -> None:
    lyon, paris, dora = rep("Lyon"), rep("Paris"), rep("Dora", languages=["de"], skills={"saas": 2})
    (
        house.pool("lyon", lyon),
        house.pool("paris", paris),
        house.pool("german", dora, lyon),
        house.pool("everyone", paris),
    )
    house.territory("rhone", ("region", "FR", "FR-ARA"), ("postcode", "FR", "69"))
    house.territory("france", ("country", "FR", ""))
    house.rules(
        house.rule("saas-de", {"pool": "german"}, house.is_in("language", "de"), require={
            "skills": {"saas": 2}, "languages": "lead"}),
        house.rule("rhone", {"pool": "lyon"}, house.is_in("territory", "rhone")),
        house.rule("france", {"pool": "paris"}, house.is_in("territory", "france")),
    )  # fmt: skip
    cases = [
        ({"country": "DE", "language": "de"}, dora, "saas-de"),
        ({"country": "FR", "postcode": "69003"}, lyon, "rhone"),
        ({"country": "FR", "region": "FR-ARA"}, lyon, "rhone"),
        ({"country": "FR", "postcode": "75011"}, paris, "france"),
        ({"country": "US"}, paris, "fallback"),
        ({"country": ""}, paris, "fallback"),
    ]
    for fields, owner, rule in cases:
        (lead,) = house.arrive([LeadFactory(**fields)])
        assert lead.owner_id == owner.pk, fields
        why = Decision.objects.get(lead=lead).why
        assert why["rule"] == rule
    german = Decision.objects.get(lead__language="de").why
    assert german["excluded"] == {"language": 1}
    assert german["matched"][0]["fact"] == "de"
    us = Decision.objects.get(lead__country="US").why
    assert [row["rule"] for row in us["skipped"]] == ["saas-de", "rhone", "france"]
    assert us["skipped"][1]["leaf"]["result"] is None  # no territory: unknown, not false


@pytest.mark.parametrize(
    ("trigger", "hand_raiser", "routed"),
    [("now", False, True), ("rules", True, True), ("rules", False, False), ("mql", True, False)],
)
def test_who_asks_is_routed_at_capture_others_at_mql_unless_the_source_says(
    trigger: str, hand_raiser: bool, routed: bool
) -> None:
    house.pool("everyone", *house.three())
    house.rules()
    (lead,) = house.arrive([LeadFactory(hand_raiser=hand_raiser)], trigger)
    assert (lead.owner_id is not None) is routed
    assert lead.held == ""

    def to_mql(unit: Unit) -> None:
        (mine,) = unit.leads([lead.pk])
        unit.record(Kind.STAGE_MOVED, mine, data={"from": "engaged", "to": "mql"})

    before = lead.owner_id
    house.do(to_mql)
    lead.refresh_from_db()
    assert lead.owner_id is not None
    assert before in (None, lead.owner_id)  # MQL never changes an owner


def test_nobody_there_means_held_with_reason_and_one_alarm_for_a_hundred() -> None:
    """R6, D12, D17: all reps away is an explicit state, not a lead nobody sees."""
    watcher = member("Rita", Role.REVENUE_OPS)
    ada, bob, cleo = house.three()
    house.pool("everyone", ada, bob, cleo)
    house.rules()
    back = moment.now() + timedelta(hours=3)
    for each in (ada, bob, cleo):
        house.do(lambda unit, each=each: services.set_absence(each, unit.at, back, "leave", unit))
    leads = house.arrive(house.new_leads(100))
    assert {(lead.held, lead.owner_id, lead.pool) for lead in leads} == {("all_absent", None, "everyone")}
    assert all(lead.held_until == back for lead in leads)
    assert Notice.objects.filter(user=watcher, kind="leads_held").count() == 1


def test_a_pool_without_members_is_named_where_the_lead_is_shown_and_filled_it_gives_its_leads() -> None:
    watcher = member("Rita", Role.REVENUE_OPS)
    house.pool("everyone")
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    assert (lead.held, lead.pool) == ("no_members", "everyone")
    assert Notice.objects.get(user=watcher).data["reason"] == "no_members"
    assert lead.pk in {row.pk for row in selectors.held()}, "the first member takes it"


def test_no_ruleset_loses_nothing() -> None:
    (lead,) = house.arrive([LeadFactory()])
    assert (lead.held, lead.owner_id) == ("no_rule", None)


def test_outside_hours_a_lead_waits_for_the_opening_or_is_assigned_anyway() -> None:
    ada = rep("Ada", calendar="office")
    house.pool("everyone", ada)
    house.put_in_force("calendar", "office", house.OFFICE)
    house.rules()
    with moment_at("2026-03-14T20:00:00+00:00"):  # a Saturday
        (lead,) = house.arrive([LeadFactory()])
        assert lead.held == "off_hours"
        assert Decision.objects.get(lead=lead).outcome["until"] is not None
        assert JournalEntry.objects.get(lead=lead, kind=Kind.HELD).data["until"].startswith("2026-03-16T08:00")
        house.rules(house.rule("now", {"pool": "everyone"}, nobody="assign_anyway"))
        (lead,) = house.arrive([LeadFactory()])
        assert lead.owner_id == ada.pk


def moment_at(text: str):
    from datetime import datetime
    from unittest import mock

    return mock.patch("leadops.moment.now", lambda: datetime.fromisoformat(text))


def test_caps_hold_to_the_lead_however_many_come_at_once() -> None:
    ada = rep("Ada", cap_hour=3)
    bob = rep("Bob", capacity=4)
    house.pool("everyone", ada, bob)
    house.rules()
    leads = house.arrive(house.new_leads(20))
    counts = Counter(lead.owner_id for lead in leads)
    assert (counts[ada.pk], counts[bob.pk], counts[None]) == (3, 4, 13)
    assert {lead.held for lead in leads if lead.owner_id is None} == {"no_capacity"}
    leads = house.arrive(house.new_leads(1))
    assert leads[0].held == "no_capacity"


def test_a_sticky_owner_who_left_lets_the_next_rule_speak() -> None:
    """R13."""
    ada, bob = rep("Ada"), rep("Bob")
    account = AccountFactory()
    AccountOwner.objects.create(account=account, rep=ada, valid_from=DAWN, known_from=DAWN)
    house.pool("everyone", bob)
    house.rules(house.rule("known", {"account_owner": True}))
    (lead,) = house.arrive([LeadFactory(account=account)])
    assert lead.owner_id == ada.pk
    assert Assignment.objects.get(lead=lead).how == "sticky"
    assert not CreditEntry.objects.exists()
    Rep.objects.filter(pk=ada.pk).update(active=False)
    (lead,) = house.arrive([LeadFactory(account=account)])
    assert lead.owner_id == bob.pk
    why = Decision.objects.get(lead=lead).why
    assert why["passed"] == ["known"]
    assert why["excluded"] == {"inactive": 1}


def test_a_rule_that_can_no_longer_be_read_is_passed_over_and_said() -> None:
    """D12, R9: an error never leaves a lead unassigned in silence."""
    watcher = member("Rita", Role.REVENUE_OPS)
    house.pool("everyone", *house.three())
    LEAD.register(column("passing", "Passing", "text", "company_folded"))
    try:
        house.rules(house.rule("bad", {"pool": "everyone"}, {"all": [{"field": "passing", "op": "eq", "value": "x"}]}))
    finally:
        del LEAD._fields["passing"]
    (lead,) = house.arrive([LeadFactory()])
    assert lead.owner_id
    assert Decision.objects.get(lead=lead).why["skipped"] == [{"rule": "bad", "fault": "unknown-field"}]
    assert Notice.objects.filter(user=watcher, data__reason="broken").count() == 1


def test_recorded_decisions_replay_to_the_same_owners() -> None:
    """R8, D2, D3: every draw has its seed, every record its version and state."""
    reps = house.three(("Ada", "Bob", "Cleo", "Dan"))
    house.new_terms(reps[3], cap_day=5)
    house.pool("north", *reps[:2], weights=(2, 0.5))
    house.pool("south", *reps[1:], method="least_loaded")
    house.pool("everyone", *reps)
    house.territory("north", ("country", "FR", ""))
    house.rules(
        house.rule("north", {"pool": "north"}, house.is_in("territory", "north"), units=2),
        house.rule("south", {"pool": "south"}, house.is_in("country", "IT")),
    )
    for size in (1, 40, 7):
        house.arrive([LeadFactory(country=("FR", "IT", "US")[n % 3]) for n in range(size)])
    house.rules(house.rule("all", {"pool": "everyone"}))
    house.arrive(house.new_leads(12))
    answers = Counter(row.answer for batch in DecisionBatch.objects.all() for row in replay(batch))
    assert answers == {"same": 60}
    assert Decision.objects.filter(seed=None).count() == 0
    assert Decision.objects.filter(propensity__lt=1).exists()


def test_a_changed_fact_or_state_no_longer_replays() -> None:
    """The proof above proves something: a different state gives a different answer."""
    house.pool("everyone", *house.three())
    house.rules()
    house.arrive(house.new_leads(6))
    batch = DecisionBatch.objects.get()
    first = batch.decisions.order_by("ordinal")[0].outcome["rep"]
    batch.state["reps"][first]["absent"] = True
    assert {row.answer for row in replay(batch)} >= {"different"}


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size() -> None:
    house.pool("everyone", *house.three())
    house.territory("france", ("country", "FR", ""))
    house.rules(house.rule("fr", {"pool": "everyone"}, house.is_in("territory", "france")))
    house.arrive(house.new_leads(2))
    costs = {}
    for size in (1, 10, 100):
        leads = house.new_leads(size)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            house.arrive(leads)
        told = [q["sql"] if isinstance(q["sql"], str) else q["sql"].as_string(None) for q in caught]
        sql = [each for each in told if not each.startswith(("SAVEPOINT", "RELEASE"))]
        costs[size] = len(sql)
        writes = [s for s in sql if s.startswith(("INSERT", "UPDATE"))]
        # leads, assignments, batch, credits, notices, entries, decisions, facts, journal
        assert len(writes) <= 9, writes
    assert len(set(costs.values())) == 1, costs
    assert costs[1] <= 27  # two of them are this test's own (leads, re-read)


def test_what_is_asked_for_is_answered_and_nothing_stored() -> None:
    ada = rep("Ada")
    house.pool("everyone", ada)
    house.territory("france", ("country", "FR", ""))
    house.rules(house.rule("fr", {"pool": "everyone"}, house.is_in("country", "FR")))
    with CaptureQueriesContext(connection) as caught:
        answer = services.preview({"country": "FR"}, moment.now())
    assert answer["outcome"]["rep"] == str(ada.pk)
    assert answer["why"]["matched"][0]["fact"] == "FR"
    assert not [q for q in caught if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not any("FOR " in q["sql"] and "FOR UPDATE" in q["sql"] for q in caught)
    with pytest.raises(services.Refused):
        services.preview({"nonsense": 1}, moment.now())


def test_nobody_is_asked_about_no_pool_and_no_rep(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        ground = availability.ground_for([], [], moment.now(), {})
    assert not ground.state.pools and not ground.state.reps
