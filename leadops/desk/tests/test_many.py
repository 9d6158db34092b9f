"""Verbs for many leads at once: each lead's own actor, the same traces as one by one, the same statements for three as for nine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadops import access, lifecycle, moment
from leadops.access import system
from leadops.desk import services as desk
from leadops.desk.services import Attempt
from leadops.desk.tests.desk_cast import Desk
from leadops.errors import Conflict, Refused
from leadops.journal import Act, JournalEntry, Kind
from leadops.models import Lead, Opportunity
from leadops.unit import Unit, in_unit
from qualification import opportunities
from qualification import services as qualification
from qualification.amounts import Lost, Won
from qualification.answers import Answered
from qualification.opportunities import Ask
from qualification.services import End
from routing.models import Assignment, Clock

pytestmark = pytest.mark.django_db
LEARNT = Answered({"budget": "allocated", "authority": "decides", "need": "clear", "timing": "quarter"})
Work = Callable[[list[Lead], Unit], object]


@pytest.fixture
def house(db: None) -> Desk:
    return Desk()


def leads_of(house: Desk, count: int) -> list[Lead]:
    """Every third one is Karim's, the others are Léa's."""
    return [house.lead(f"Anna {n}", house.karim if n % 3 == 2 else house.lea, company=f"C{n}") for n in range(count)]


def act(leads: list[Lead], work: Work) -> None:
    """On each lead acts its owner, all in one unit of the system."""

    def each(unit: Unit) -> None:
        mine = unit.leads(lead.pk for lead in leads)
        actors = {rep.pk: access.actor_of(rep.user) for rep in {lead.owner for lead in mine}}
        with unit.acting_each({lead.pk: Act(actors[lead.owner_id]) for lead in mine}):
            work(mine, unit)

    in_unit(each, actor=system("demo"))


def answered(leads: list[Lead], unit: Unit) -> None:
    desk.accept_many(leads, unit)
    desk.log_attempts(
        {lead: Attempt("call", "voicemail" if n % 2 else "reached") for n, lead in enumerate(leads)}, unit
    )


def test_each_lead_is_answered_by_its_owner_as_if_it_were_alone(house):
    leads = leads_of(house, 4)
    act(leads, answered)
    for n, lead in enumerate(leads):
        lead.refresh_from_db()
        assert lead.accepted_at is not None and lead.status == ("attempting" if n % 2 else "connected")
        assert Assignment.objects.get(lead=lead, ended_at=None).accepted_at == lead.accepted_at
        kinds = {row.kind: row.actor_id for row in JournalEntry.objects.filter(lead=lead)}
        assert kinds[Kind.ACCEPTED] == kinds[Kind.ATTEMPTED] == lead.owner_id
        assert (Kind.CONVERSED in kinds) is not bool(n % 2)
        assert Clock.objects.get(lead=lead, kind="first_attempt").state == "met"


def test_one_that_is_refused_leaves_all_as_they_were(house):
    leads = leads_of(house, 3)
    act(leads[:1], lambda mine, unit: desk.accept_many(mine, unit))
    with pytest.raises(Conflict):
        act(leads, lambda mine, unit: desk.accept_many(mine, unit))
    assert JournalEntry.objects.filter(kind=Kind.ACCEPTED).count() == 1


def test_the_right_of_each_leads_own_actor_counts(house):
    leads = leads_of(house, 3)
    stranger = access.actor_of(house.executive)

    def work(unit: Unit) -> None:
        mine = unit.leads(lead.pk for lead in leads)
        with unit.acting_each({leads[1].pk: Act(stranger)}):
            qualification.disqualify_many(dict.fromkeys(mine, End("no_need")), unit)

    with pytest.raises(Refused):
        in_unit(work, actor=access.actor_of(house.revenue))
    assert not Lead.objects.filter(stage="disqualified").exists()


def test_ends_carry_their_own_reason_and_rest(house):
    first, second, third = leads_of(house, 3)
    wake = moment.now() + timedelta(days=30)
    act(
        [first, second],
        lambda mine, u: qualification.disqualify_many({mine[0]: End("no_need"), mine[1]: End("no_budget")}, u),
    )
    act([third], lambda mine, u: qualification.recycle_many({mine[0]: End("no_timing", wake)}, u))
    for lead in (first, second, third):
        lead.refresh_from_db()
    reasons = {first.stage_reason, second.stage_reason}
    assert reasons == {"no_need", "no_budget"} and {first.stage, second.stage} == {"disqualified"}
    assert (third.stage, third.recycle_at) == ("recycled", wake)
    assert not Clock.objects.filter(state="running").exists(), "clocks of ended leads stop"


def test_deals_are_opened_won_and_lost_together_and_settle_their_leads(house):
    leads = leads_of(house, 3)
    act(leads, lambda mine, unit: qualification.qualify_many(dict.fromkeys(mine, LEARNT), unit))
    act(leads, lambda mine, unit: opportunities.open_many([Ask(lead, amount_minor=100_00) for lead in mine], unit))
    deals = list(Opportunity.objects.order_by("lead"))
    assert {deal.owner_id for deal in deals} == {house.lea.pk, house.karim.pk}

    def close(mine: list[Lead], unit: Unit) -> None:
        opportunities.close_many({deals[0]: Won(250_00), deals[1]: Won(0), deals[2]: Lost("price")}, unit)

    act(leads, close)
    states = dict(Lead.objects.values_list("pk", "stage"))
    assert [states[deal.lead_id] for deal in deals] == ["won", "won", "lost"]
    assert sorted(Opportunity.objects.values_list("amount_minor", "house_minor")) == [
        (0, 0),
        (100_00, 100_00),
        (250_00, 250_00),
    ]
    with pytest.raises(Conflict):
        act(leads, close)


def test_moves_of_one_call_go_each_to_its_own_stage_and_count_one_version(house):
    leads = leads_of(house, 2)
    before = dict(Lead.objects.values_list("pk", "version"))

    def work(mine: list[Lead], unit: Unit) -> None:
        lifecycle.move_each([lifecycle.Move(mine[0], "sql"), lifecycle.Move(mine[1], "lost", "price")], unit)

    act(leads, work)
    rows = dict(Lead.objects.values_list("pk", "version"))
    assert {pk: rows[pk] - before[pk] for pk in rows} == dict.fromkeys(rows, 1)
    assert set(Lead.objects.values_list("stage", flat=True)) == {"sql", "lost"}


def test_an_act_told_later_happened_at_its_own_time_and_meets_the_clock_then(house):
    (lead,) = leads_of(house, 1)
    assigned, told = lead.assigned_at, lead.assigned_at + timedelta(hours=3)
    then = assigned + timedelta(minutes=4)

    def work(unit: Unit) -> None:
        with unit.acting_each({lead.pk: Act(access.actor_of(house.lea.user), then)}):
            answered(unit.leads([lead.pk]), unit)
            qualification.qualify_many(dict.fromkeys(unit.leads([lead.pk]), LEARNT), unit)

    in_unit(work, actor=system("demo"), at=told)
    lead.refresh_from_db()
    assert (lead.accepted_at, lead.stage_at, lead.stage) == (then, then, "sql")
    for entry in JournalEntry.objects.filter(lead=lead, kind__in=(Kind.ACCEPTED, Kind.ATTEMPTED, Kind.STAGE_MOVED)):
        assert (entry.at, entry.recorded_at) == (then, told)
    clock = Clock.objects.get(lead=lead, kind="first_attempt")
    assert (clock.state, clock.ended_at, clock.breached_at) == ("met", then, None)


def test_nobody_tells_what_has_not_happened_yet(house):
    (lead,) = leads_of(house, 1)
    later = Act(access.actor_of(house.lea.user), moment.now() + timedelta(hours=1))

    def work(unit: Unit) -> None:
        with unit.acting_each({lead.pk: later}):
            answered(unit.leads([lead.pk]), unit)

    with pytest.raises(ValueError, match="happened"):
        in_unit(work, actor=system("demo"))


def test_statements_do_not_grow_with_the_leads(house):
    def life(leads: list[Lead]) -> int:
        with CaptureQueriesContext(connection) as seen:
            act(leads, answered)
            act(leads, lambda mine, unit: qualification.qualify_many(dict.fromkeys(mine, LEARNT), unit))
            act(leads, lambda mine, unit: opportunities.open_many([Ask(lead, amount_minor=1) for lead in mine], unit))
            deals = list(Opportunity.objects.filter(lead__in=leads))
            act(leads, lambda mine, unit: opportunities.close_many(dict.fromkeys(deals, Won(1)), unit))
        return len(seen)

    few, many = leads_of(house, 3), leads_of(house, 9)
    assert life(few) >= life(many) - 2, "the first call also learns what is in force"
