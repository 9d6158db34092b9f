"""By hand, claimed, let go, drained, acknowledged; absences and departures; refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from leadops import access, moment
from leadops.decisions import Decision
from leadops.effects import runner
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Absence, Lead, Rep, Role
from leadops.testing import DAWN, LeadFactory, TeamFactory, member, rep
from leadops.unit import Unit, in_unit
from routing import departures, selectors, services, tasks
from routing.leaving import Wish
from routing.models import Assignment, CreditEntry, PoolCredit, PoolMember
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _flow() -> Iterator[None]:
    with house.only_routing():
        yield


def credits_of() -> dict[str, Decimal]:
    found = {row.rep.user.name: row.credit for row in PoolCredit.objects.select_related("rep__user")}
    for row in PoolCredit.objects.all():
        assert row.credit == CreditEntry.objects.filter(pool=row.pool, rep=row.rep).aggregate(s=Sum("delta"))["s"]
    return found


def as_user(user: object) -> access.Actor:
    return access.actor_of(user)  # type: ignore[arg-type]


# -- by hand and claimed -----------------------------------------------------------------------------------


def test_a_manager_gives_a_lead_and_taking_it_back_needs_a_reason() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    chief = as_user(member("Max", Role.MANAGER, "paris"))
    house.pool("everyone", ada)
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    with pytest.raises(Refused, match="reason-needed"):
        in_unit(lambda unit: services.assign(lead, bob, unit), actor=chief)
    in_unit(lambda unit: services.assign(lead, bob, unit, "on the phone"), actor=chief)
    lead.refresh_from_db()
    assert lead.owner_id == bob.pk
    said = JournalEntry.objects.filter(lead=lead, kind=Kind.ASSIGNED).latest("id")
    assert (said.data["how"], said.data["from"], said.actor_id) == ("by_hand", str(ada.pk), chief.user_id)
    assert credits_of() == {"Ada": Decimal(0)}  # the turn was given back, and by hand costs none
    assert [row.ended_why for row in Assignment.objects.filter(lead=lead).order_by("id")] == ["reassigned", ""]


def test_a_rep_or_another_teams_manager_may_not_assign() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada)
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    TeamFactory(key="lyon")
    for actor in (as_user(bob.user), as_user(member("Lou", Role.MANAGER, "lyon"))):
        with pytest.raises(Refused, match="not-allowed"):
            in_unit(lambda unit, a=actor: services.assign(lead, bob, unit, "mine"), actor=actor)


def test_new_lead_for_me_is_mine_and_uses_no_turn() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    house.rules()
    (lead,) = house.arrive([LeadFactory()], owner=str(bob.pk), actor=as_user(bob.user))
    assert lead.owner_id == bob.pk
    assert not CreditEntry.objects.exists()
    assert Assignment.objects.get().how == "by_hand"


def test_claims_cost_turns_stop_at_their_limit_and_name_the_winner() -> None:
    ada, bob, outsider = rep("Ada"), rep("Bob"), rep("Zoe", team="lyon")
    house.pool("shared", ada, bob, claimable=True, claim_limit=2)
    house.rules(house.rule("pull", {"claim": "shared"}))
    leads = house.arrive(house.new_leads(4))
    assert {(lead.owner_id, lead.pool, lead.held) for lead in leads} == {(None, "shared", "")}
    take = lambda who, lead: in_unit(lambda unit: services.claim(lead, who, unit), actor=as_user(who.user))  # noqa: E731
    take(ada, leads[0])
    with pytest.raises(Refused) as lost:
        take(bob, leads[0])
    assert (lost.value.status, lost.value.detail["winner"]) == (409, "Ada")
    with pytest.raises(Refused) as unseen:
        take(outsider, leads[0])
    assert unseen.value.detail["winner"] == ""
    with pytest.raises(Refused, match="not-member"):
        take(outsider, leads[1])
    assert credits_of() == {"Ada": Decimal("-0.5"), "Bob": Decimal("0.5")}
    take(ada, leads[1])
    with pytest.raises(Refused, match="claim-limit"):
        take(ada, leads[2])
    take(bob, leads[2])


def test_a_full_rep_cannot_claim() -> None:
    ada = rep("Ada", capacity=1)
    house.pool("shared", ada, claimable=True)
    house.rules(fallback="shared")
    leads = [LeadFactory(pool="shared") for _ in range(2)]
    in_unit(lambda unit: services.claim(leads[0], ada, unit), actor=as_user(ada.user))
    with pytest.raises(Refused) as no:
        in_unit(lambda unit: services.claim(leads[1], ada, unit), actor=as_user(ada.user))
    assert no.value.detail["reason"] == "capacity"


# -- letting go --------------------------------------------------------------------------------------------


def test_wrong_rep_goes_to_somebody_else_and_the_turn_is_given_back() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    first = lead.owner_id

    def back(unit: Unit) -> None:
        (mine,) = unit.leads([lead.pk])
        unit.record(Kind.HANDED_BACK, mine, data={"reason": "wrong_rep", "rep": str(first)})
        services.let_go(mine, unit, reason="handed_back", why="wrong_rep")

    house.do(back)
    lead.refresh_from_db()
    assert lead.owner_id not in (None, first)
    again = Decision.objects.filter(lead=lead).latest("id")
    assert again.why["excluded"] == {"had_it": 1}
    assert sum(credits_of().values()) == 0
    assert abs(max(credits_of().values())) <= 1


def test_any_other_hand_back_waits_for_a_person() -> None:
    house.pool("everyone", *house.three())
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    house.do(lambda unit: services.let_go(lead, unit, reason="handed_back", why="no_fit"))
    lead.refresh_from_db()
    assert (lead.owner_id, lead.held, lead.held_until) == (None, "handed_back", None)
    assert set(credits_of().values()) == {Decimal(0)}
    assert selectors.due(moment.now(), 9) == []
    assert house.do(lambda unit: services.drain([lead.pk], unit)) == 0


def test_acknowledging_counts_the_first_time() -> None:
    house.pool("everyone", rep("Ada"))
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    assert house.do(lambda unit: services.acknowledge_many([lead], unit))
    assert not house.do(lambda unit: services.acknowledge_many([lead], unit))
    assert Assignment.objects.get().accepted_at == Lead.objects.get().accepted_at


def test_a_closed_assignment_is_history() -> None:
    """R11."""
    house.pool("everyone", rep("Ada"))
    house.rules()
    (lead,) = house.arrive([LeadFactory()])
    house.do(lambda unit: services.let_go(lead, unit, reason="x"))
    for attempt in (lambda rows: rows.update(how="claimed"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt(Assignment.objects.filter(lead=lead))


# -- waiting -----------------------------------------------------------------------------------------------


def test_held_leads_go_first_and_oldest_first_when_somebody_is_back() -> None:
    """D4: age is no reason to be forgotten."""
    ada = rep("Ada", cap_day=3)
    house.pool("everyone", ada)
    house.rules()
    house.do(lambda unit: services.set_absence(ada, unit.at, None, "sick", unit))
    at = moment.now()
    old = [LeadFactory(received_at=at - timedelta(days=40 - n)) for n in range(5)]
    house.arrive(list(reversed(old)))
    assert Lead.objects.filter(held="all_absent").count() == 5
    house.do(lambda unit: services.end_absence(ada, unit))
    assert selectors.next_held_at(moment.now()) <= moment.now()
    (newcomer,) = house.arrive([LeadFactory()])
    owned = set(Lead.objects.filter(owner=ada).values_list("pk", flat=True))
    assert owned == {lead.pk for lead in old[:3]}
    assert newcomer.held == "no_capacity"
    house.new_terms(ada, cap_day=None)
    Lead.objects.exclude(held="").update(held_until=moment.now())
    tasks.drain_held()
    assert not Lead.objects.exclude(held="").exists()


def test_waiting_again_for_the_same_reason_writes_no_second_record() -> None:
    house.pool("everyone", rep("Ada", capacity=0))
    house.rules()
    house.arrive(house.new_leads(3))
    before = Decision.objects.count(), JournalEntry.objects.count()
    Lead.objects.update(held_until=moment.now())
    assert house.do(lambda unit: services.drain(selectors.due(unit.at, 9), unit)) == 3
    assert (Decision.objects.count(), JournalEntry.objects.count()) == before
    assert selectors.next_held_at(moment.now()) > moment.now()


def test_newcomers_queue_up_behind_more_waiting_leads_than_a_batch_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.deciding.TOGETHER", 3)
    ada = rep("Ada", capacity=0)
    house.pool("everyone", ada)
    house.rules()
    house.arrive(house.new_leads(5))
    house.new_terms(ada, capacity=None)
    (newcomer,) = house.arrive([LeadFactory()])
    assert (newcomer.held, Lead.objects.filter(owner=ada).count()) == ("no_capacity", 3)
    for _ in range(3):
        Lead.objects.exclude(held="").update(held_until=moment.now())
        tasks.drain_held()
    assert Lead.objects.filter(owner=ada).count() == 6


def test_a_closed_lead_makes_room() -> None:
    ada = rep("Ada", capacity=1)
    house.pool("everyone", ada)
    house.rules()
    first, second = house.arrive(house.new_leads(2))
    assert second.held == "no_capacity"

    def close(unit: Unit) -> None:
        (mine,) = unit.leads([first.pk])
        mine.stage, mine.stage_reason = "lost", "price"
        Lead.objects.filter(pk=mine.pk).update(stage="lost", stage_reason="price")
        unit.record(Kind.STAGE_MOVED, mine, data={"from": "mql", "to": "lost"})

    house.do(close)
    tasks.drain_held()
    second.refresh_from_db()
    assert second.owner_id == ada.pk


# -- reps --------------------------------------------------------------------------------------------------


def test_a_rep_who_leaves_gets_nothing_more_and_their_leads_move_on() -> None:
    ada, bob, cleo = house.three()
    chief = as_user(member("Max", Role.MANAGER, "paris"))
    house.pool("everyone", ada, bob, cleo)
    house.rules()
    house.arrive(house.new_leads(30))
    assert departures.moved(departures.leave(ada.pk, Wish(), chief)) == 10
    counts = Counter(Lead.objects.values_list("owner_id", flat=True))
    assert set(counts) == {bob.pk, cleo.pk}
    assert JournalEntry.objects.filter(kind=Kind.TAKEN_AWAY, data__reason="reassigned").count() == 10
    assert not PoolMember.objects.filter(rep=ada).state_at(moment.now()).exists()
    assert PoolMember.objects.filter(rep=ada).state_at(DAWN + timedelta(days=1)).exists()
    with pytest.raises(Refused, match="rep-inactive"):
        departures.leave(ada.pk, Wish(), chief)


def test_a_look_of_the_ticker_walks_through_no_table_of_leads_or_letters() -> None:
    ada, bob, cleo = house.three()
    Rep.objects.filter(pk=bob.pk).update(active=False)
    mine = LeadFactory(owner=ada)
    LeadFactory.create_batch(300, owner=cleo)  # among few leads every way costs the planner the same
    found = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leadops_lead")
    for look in (selectors.next_held_at, runner.next_due):
        with CaptureQueriesContext(connection) as asked:
            assert look(moment.now()) is None
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for each in asked:
                cursor.execute("EXPLAIN " + each["sql"])
                found += [row[0] for row in cursor.fetchall()]
    plan = "\n".join(found)
    for way in ("Index Cond: (owner_id = ANY", "effect_due", "effect_sending"):
        assert way in plan, plan
    assert "Seq Scan on leadops_lead" not in plan and "leadops_lead_pkey" not in plan, plan
    Lead.objects.filter(pk=mine.pk).update(owner=bob)
    assert selectors.leads_left_behind(9) == [mine.pk] and selectors.next_held_at(moment.now()) is not None


def test_a_rep_whom_only_a_rule_knows_cannot_be_switched_off() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("solo", ada)
    house.pool("both", ada, bob)
    house.rules(
        house.rule("named", {"rep": ada.user.email}, house.is_in("country", "FR")),
        house.rule("shared", {"pool": "both"}, house.is_in("country", "BE")),
        house.rule("alone", {"pool": "solo"}),
    )
    with pytest.raises(Refused) as no:
        departures.leave(ada.pk, Wish(), house.PIPELINE)
    assert no.value.detail["rules"] == ["named", "alone"]
    assert Rep.objects.get(pk=ada.pk).active


def test_a_departure_cut_short_is_finished_by_the_ticker() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    house.rules()
    house.arrive(house.new_leads(4))
    Rep.objects.filter(pk=ada.pk).update(active=False)
    assert selectors.next_held_at(moment.now()) <= moment.now()
    tasks.drain_held()
    assert set(Lead.objects.values_list("owner_id", flat=True)) == {bob.pk}


def test_an_absence_typed_late_does_not_change_what_was_known() -> None:
    ada = rep("Ada")
    monday, wednesday = moment.now() - timedelta(days=3), moment.now() - timedelta(days=1)
    row = in_unit(
        lambda unit: services.set_absence(ada, monday, None, "leave", unit), actor=as_user(ada.user), at=wednesday
    )
    tuesday = monday + timedelta(days=1)
    assert not Absence.objects.state_at(tuesday).exists()
    assert Absence.objects.state_at(tuesday, wednesday).get() == row


def test_only_the_rep_or_their_manager_sets_an_absence() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    with pytest.raises(Refused, match="not-allowed"):
        in_unit(lambda unit: services.set_absence(ada, unit.at, None, "leave", unit), actor=as_user(bob.user))
    in_unit(
        lambda unit: services.set_absence(ada, unit.at, None, "leave", unit),
        actor=as_user(member("Max", Role.MANAGER, "paris")),
    )
