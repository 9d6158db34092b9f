"""Clocks: started by the flow, due by working time, ended by people, climbed by the ticker."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from leadops import moment
from leadops import unit as units
from leadops.access import SYSTEM
from leadops.effects.models import Effect, Notice
from leadops.journal import JournalEntry, Kind
from leadops.models import Role
from leadops.testing import ALWAYS_OPEN, LeadFactory, member, put_in_force, rep
from leadops.tests.scale import sized
from leadops.unit import Phase, in_unit
from routing.models import Clock, ClockStep
from routing.sla import clocks, ladder, policy, tasks

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # Friday 16:30 in Paris
MINUTE = timedelta(minutes=1)
AWAY = sized(20, 500)
OFFICE = {
    "zone": "Europe/Paris",
    "week": {d: [["09:00", "17:00"]] for d in ("mon", "tue", "wed", "thu", "fri")},
}


@pytest.fixture(autouse=True)
def house():
    put_in_force("calendar", "always", ALWAYS_OPEN)
    put_in_force("calendar", "office", OFFICE)
    put_in_force("sla", "house", policy.DEFAULT)
    kept = units.phases()
    units.set_phases([Phase("clocks", clocks.KINDS, clocks.keep_time)])
    yield
    units.set_phases(kept)


@pytest.fixture
def lea():
    return rep("Léa")


def assigned(owner, at=AT, **fields):
    lead = LeadFactory(owner=owner, stage_at=at, received_at=at, assigned_at=at, **fields)
    happens(lead, Kind.ASSIGNED, at)
    return lead


def happens(lead, kind, at, **data):
    def work(u):
        (mine,) = u.leads([lead.pk])
        u.record(kind, mine, data=data)

    in_unit(work, actor=SYSTEM, at=at)


def tick(at):
    return in_unit(lambda u: ladder.climb(ladder.due_leads(at), u), actor=SYSTEM, at=at)


def first_attempt(lead) -> Clock:
    return Clock.objects.get(lead=lead, kind="first_attempt")


def test_an_assigned_hand_raiser_gets_five_minutes_and_an_acceptance_clock(lea):
    lead = assigned(lea)
    rows = dict(Clock.objects.filter(lead=lead).values_list("kind", "due_at"))
    assert rows == {"first_attempt": AT + 5 * MINUTE, "acceptance": AT + 15 * MINUTE}
    assert JournalEntry.objects.filter(lead=lead, kind="clock_started").count() == 2


def test_the_due_moment_follows_the_reps_own_hours():
    karim = rep("Karim", calendar="office")
    lead = assigned(karim, AT + timedelta(minutes=29))  # one working minute left on Friday
    assert first_attempt(lead).due_at == datetime(2026, 11, 23, 8, 4, tzinfo=UTC)


def test_an_attempt_in_time_turns_the_clock_green(lea):
    lead = assigned(lea)
    happens(lead, Kind.ATTEMPTED, AT + 4 * MINUTE)
    clock = first_attempt(lead)
    assert (clock.state, clock.breached_at, clock.ended_at) == ("met", None, AT + 4 * MINUTE)


def test_a_late_answer_is_met_and_breached_at_the_true_time_though_no_tick_came(lea):
    lead = assigned(lea)
    happens(lead, Kind.ATTEMPTED, AT + 9 * MINUTE)
    clock = first_attempt(lead)
    assert (clock.state, clock.breached_at) == ("met", AT + 5 * MINUTE)
    breach = JournalEntry.objects.get(lead=lead, kind="clock_breached")
    assert breach.at == AT + 5 * MINUTE
    assert JournalEntry.objects.get(lead=lead, kind="clock_met", data__kind="first_attempt").data["late"] is True


def test_a_breach_is_recorded_by_the_tick_with_no_user_action_and_only_once(lea):
    lead = assigned(lea)
    for minute in (6, 6, 7):
        tick(AT + minute * MINUTE)
    happens(lead, Kind.ATTEMPTED, AT + 8 * MINUTE)
    assert JournalEntry.objects.filter(lead=lead, kind="clock_breached").count() == 1
    assert first_attempt(lead).breached_at == AT + 5 * MINUTE


def test_the_ladder_reminds_the_owner_then_escalates_to_the_teams_manager(lea):
    nadia = member("Nadia", Role.MANAGER, "paris")
    other = member("Omar", Role.MANAGER, "lyon")
    lead = assigned(lea)
    tick(AT + 3 * MINUTE)
    assert list(Notice.objects.values_list("user_id", "kind")) == [(lea.pk, "sla_remind")]
    tick(AT + 11 * MINUTE)
    told = Notice.objects.filter(kind="sla_escalate").values_list("user_id", flat=True)
    assert list(told) == [nadia.pk] and other.pk not in told
    assert Effect.objects.filter(purpose="sla_escalate", user=nadia).count() == 1
    assert list(ClockStep.objects.order_by("due_at").values_list("step", flat=True))[:3] == [
        "remind_60",
        "breach_100",
        "escalate_200",
    ]
    assert JournalEntry.objects.get(lead=lead, kind="escalated").data["kind"] == "first_attempt"


def test_taking_a_lead_away_is_off_until_a_manager_switches_it_on(lea):
    assigned(lea)
    assert tick(AT + timedelta(hours=5)) == []
    body = deepcopy(policy.DEFAULT)
    body["policies"][0]["clocks"][0]["ladder"][-1] = {"at": 600, "do": "take_away", "on": True}
    put_in_force("sla", "house", body, at=AT)
    lead = assigned(lea, AT + MINUTE)
    assert [(x.pk, why) for x, why in tick(AT + timedelta(minutes=32))] == [(lead.pk, "breach")]


def test_an_hour_away_gives_every_breach_its_true_time_and_one_digest_for_old_alerts(lea, record_property):
    leads = [assigned(lea, AT - timedelta(hours=5)) for _ in range(AWAY)]
    tick(AT)
    rows = Clock.objects.filter(lead__in=leads, kind="first_attempt")
    assert all(clock.breached_at == clock.due_at for clock in rows) and rows.count() == AWAY
    assert Notice.objects.filter(user=lea.pk, kind="sla_digest").count() == 1
    assert not Notice.objects.filter(user=lea.pk, kind__in=["sla_remind", "sla_breach"]).exists()
    record_property("n", AWAY)


def test_a_backlog_is_climbed_for_a_while_the_earliest_first_and_told_of_once_a_minute(lea, monkeypatch):
    leads = [assigned(lea, AT + n * MINUTE) for n in (4, 0, 3, 1, 2)]
    in_order = [leads[n].pk for n in (1, 3, 4, 2, 0)]
    monkeypatch.setattr(tasks, "AT_A_TIME", 2)
    monkeypatch.setattr(tasks, "LONGEST", 0.0)
    late = AT + timedelta(hours=5)
    for n in (2, 4):
        with moment.at(late + timedelta(seconds=n)):
            assert tasks.climb() == 2
        fired = ClockStep.objects.values_list("clock__lead", flat=True)
        assert set(fired) == set(in_order[:n])
    monkeypatch.setattr(tasks, "LONGEST", 60.0)
    with moment.at(late + timedelta(seconds=6)):
        assert tasks.climb() == 1 and tasks.climb() == 0
    (notice,) = Notice.objects.filter(user=lea.pk, kind="sla_digest")
    (mail,) = Effect.objects.filter(user=lea.pk, purpose="sla_digest")
    told = ClockStep.objects.filter(outcome="digest").count()
    assert notice.data == mail.body == {"count": told} and told >= 5 and mail.due_at > late + timedelta(seconds=6)
    Effect.objects.update(state="sent", sent_at=late)
    other = assigned(lea, AT)
    with moment.at(late + timedelta(seconds=8)):
        assert tasks.climb() == 1
    counts = (
        Effect.objects.filter(user=lea.pk, purpose="sla_digest").order_by("id").values_list("body__count", flat=True)
    )
    assert list(counts) == [told, ClockStep.objects.filter(clock__lead=other, outcome="digest").count()]


def test_a_change_of_owner_keeps_the_leads_clock_and_restarts_the_owners(lea):
    karim = rep("Karim")
    lead = assigned(lea)
    happens(lead, Kind.TAKEN_AWAY, AT + MINUTE, rep=str(lea.pk), reason="by_hand")
    lead.refresh_from_db()
    type(lead).objects.filter(pk=lead.pk).update(owner=karim, assigned_at=AT + MINUTE)
    happens(lead, Kind.ASSIGNED, AT + MINUTE)
    clock = first_attempt(lead)
    assert (clock.rep_id, clock.due_at) == (karim.pk, AT + 5 * MINUTE)
    acceptance = Clock.objects.filter(lead=lead, kind="acceptance").order_by("started_at")
    assert [(c.state, c.rep_id) for c in acceptance] == [("cancelled", lea.pk), ("running", karim.pk)]


def test_an_ended_lead_stops_its_clocks(lea):
    lead = assigned(lea)
    happens(lead, Kind.STAGE_MOVED, AT + MINUTE, **{"from": "new", "to": "disqualified"})
    assert set(Clock.objects.filter(lead=lead).values_list("state", flat=True)) == {"cancelled"}


def test_a_held_hand_raiser_is_on_the_clock_too():
    lead = LeadFactory(stage_at=AT, received_at=AT, held="no_capacity", held_at=AT)
    happens(lead, Kind.HELD, AT, reason="no_capacity")
    assert first_attempt(lead).rep_id is None


@pytest.mark.parametrize("leads", [1, 30])
def test_keeping_time_costs_the_same_statements_whatever_the_number(lea, leads, django_assert_max_num_queries):
    rows = [LeadFactory(owner=lea, stage_at=AT, received_at=AT, assigned_at=AT) for _ in range(leads)]

    def work(u):
        for lead in u.leads(lead.pk for lead in rows):
            u.record(Kind.ASSIGNED, lead)

    with django_assert_max_num_queries(18):
        in_unit(work, actor=SYSTEM, at=AT)
    assert Clock.objects.count() == 2 * leads


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"policies": []}, "policies"),
        (
            {"policies": [{"key": "a", "when": {"field": "nope", "op": "eq", "value": 1}, "clocks": []}]},
            "policies[0].when",
        ),
        (
            {"policies": [{"key": "a", "when": {}, "clocks": [{"kind": "x", "target": 0, "calendar": "rep"}]}]},
            "policies[0].clocks[0].kind",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_its_place(change, path):
    assert any(fault_path.startswith(path) for fault_path, _ in policy.check(change))
