"""Leads moved together: the preview tells what happens, turns are given back, nobody gets two, and it can be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count, Sum
from django.test import Client

from leadops import access, moment
from leadops.effects.models import Notice
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Rep, Role
from leadops.testing import LeadFactory, member, rep
from leadops.tests.scale import sized
from routing import foresight, handover, reassigning, services
from routing.models import Assignment, CreditEntry, PoolCredit, ReassignedLead, Reassignment
from routing.tests import a_house as house
from routing.tests.test_races import together

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _flow() -> Iterator[None]:
    with house.only_routing():
        yield


def boss() -> access.Actor:
    return access.actor_of(member(f"Boss {uuid.uuid4()}", Role.REVENUE_OPS))


def planned(leads: Sequence[Lead], to: str, actor: access.Actor) -> Reassignment:
    rows = list(Lead.objects.filter(pk__in=[lead.pk for lead in leads]))
    made, _rows = house.do(lambda unit: reassigning.plan(rows, to, "rebalancing", unit), actor)
    return made  # type: ignore[no-any-return]


def owners(leads: Sequence[Lead]) -> list[Any]:
    found = dict(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).values_list("pk", "owner"))
    return [found[lead.pk] for lead in leads]


def ledger_holds() -> None:
    for row in PoolCredit.objects.all():
        assert row.credit == CreditEntry.objects.filter(pool=row.pool, rep=row.rep).aggregate(s=Sum("delta"))["s"]


def two_pools() -> tuple[Rep, Rep, Rep, list[Lead]]:
    """Ada alone has the leads; Bob and Cleo stand in another pool."""
    ada, bob, cleo = house.three()
    house.pool("everyone", ada)
    house.pool("others", bob, cleo)
    house.rules()
    return ada, bob, cleo, house.arrive(house.new_leads(4))


def test_the_preview_moves_nothing_and_tells_what_then_happens() -> None:
    ada, bob, cleo, leads = two_pools()
    made = planned(leads, "pool:others", boss())
    assert owners(leads) == [ada.pk] * 4
    foreseen = dict(made.rows.values_list("lead", "foreseen"))
    handover.carry_out(made.pk, boss())
    assert dict(zip([lead.pk for lead in leads], owners(leads), strict=True)) == foreseen
    assert sorted(owners(leads)) == sorted([bob.pk, bob.pk, cleo.pk, cleo.pk])
    assert set(made.rows.values_list("result", flat=True)) == {"moved"}


def test_a_plan_that_changes_nothing_says_so_and_offers_no_button() -> None:
    ada, bob, _cleo, leads = two_pools()
    head = member("Head", Role.REVENUE_OPS, language="en")
    client = Client()
    client.force_login(head)
    shown = {}
    for rep_ in (ada, bob):
        made = planned(leads, f"rep:{rep_.pk}", access.actor_of(head))
        shown[rep_] = client.get(f"/team/reassignments/{made.pk}").content.decode()
    assert "Nothing would change." in shown[ada] and "Reassign now" not in shown[ada]
    assert "Nothing would change." not in shown[bob] and "Reassign now" in shown[bob]
    assert " 0 " not in shown[bob].partition("<h2>Clocks</h2>")[2].partition("</section>")[0], "no line of nothing"


def test_turns_are_given_back_to_who_loses_and_paid_by_who_gains() -> None:
    ada, bob, _cleo, leads = two_pools()
    assert PoolCredit.objects.get(rep=ada).taken == 4
    made = planned(leads, "pool:others", boss())
    handover.carry_out(made.pk, boss())
    assert PoolCredit.objects.get(rep=ada).taken == 0
    assert PoolCredit.objects.get(rep=bob).taken == 2
    ledger_holds()


def test_to_one_rep_each_is_told_once_for_all() -> None:
    ada, bob, _cleo, leads = two_pools()
    Notice.objects.all().delete()
    made = planned(leads, f"rep:{bob.pk}", boss())
    handover.carry_out(made.pk, boss())
    assert owners(leads) == [bob.pk] * 4
    told = list(Notice.objects.values_list("user", "kind", "data"))
    assert sorted(told, key=str) == sorted(
        [(bob.pk, "leads_given", {"count": 4}), (ada.pk, "leads_moved", {"count": 4})], key=str
    )
    assert handover.carry_out(made.pk, boss()) == 0 and Notice.objects.count() == 2


def test_by_the_rules_nobody_gets_the_same_lead_again() -> None:
    ada, bob = rep("Ada"), rep("Bob", capacity=1)
    house.pool("everyone", ada)
    house.rules()
    leads = house.arrive(house.new_leads(3))
    house.pool("everyone", bob)
    made = planned(leads, "rules", boss())
    assert list(made.rows.order_by("pk").values_list("foreseen", "note")) == [
        (bob.pk, ""), (None, "no_capacity"), (None, "no_capacity"),
    ]  # fmt: skip
    handover.carry_out(made.pk, boss())
    assert owners(leads) == [bob.pk, None, None]
    assert sorted(made.rows.values_list("result", flat=True)) == ["moved", "waits", "waits"]
    assert set(Lead.objects.filter(owner=None).values_list("held", flat=True)) == {"no_capacity"}
    ledger_holds()


def test_what_changed_hands_or_closed_since_the_preview_stays() -> None:
    ada, bob, cleo, leads = two_pools()
    made = planned(leads, f"rep:{bob.pk}", boss())
    house.do(lambda unit: services.assign(leads[0], cleo, unit, "urgent"))
    Lead.objects.filter(pk=leads[1].pk).update(stage="disqualified", stage_reason="not_fit", closed_at=moment.now())
    handover.carry_out(made.pk, boss())
    assert owners(leads) == [cleo.pk, ada.pk, bob.pk, bob.pk]
    assert sorted(made.rows.values_list("result", flat=True)) == ["changed", "closed", "moved", "moved"]


def test_it_is_taken_back_but_for_what_somebody_worked_on() -> None:
    ada, bob, _cleo, leads = two_pools()
    actor = boss()
    made = planned(leads, f"rep:{bob.pk}", actor)
    handover.carry_out(made.pk, actor)
    worker = access.actor_of(bob.user)
    house.do(lambda unit: unit.record(Kind.ATTEMPTED, unit.leads([leads[0].pk])[0], data={}), worker)
    handover.take_back(made.pk, actor)
    assert owners(leads) == [bob.pk, ada.pk, ada.pk, ada.pk]
    assert sorted(made.rows.values_list("result", flat=True)) == ["undone", "undone", "undone", "worked_on"]
    with pytest.raises(Refused):
        handover.take_back(made.pk, actor)


def test_after_a_day_it_stays() -> None:
    _ada, bob, _cleo, leads = two_pools()
    made = planned(leads, f"rep:{bob.pk}", boss())
    handover.carry_out(made.pk, boss())
    Reassignment.objects.update(
        started_at=moment.now() - timedelta(hours=25), done_at=moment.now() - timedelta(hours=25)
    )
    with pytest.raises(Refused):
        handover.take_back(made.pk, boss())
    assert owners(leads) == [bob.pk] * 4


def test_held_leads_are_assigned_and_wait_again_when_taken_back() -> None:
    full, bob = rep("Ada", capacity=0), rep("Bob")
    house.pool("everyone", full)
    house.rules()
    leads = house.arrive(house.new_leads(2))
    actor = boss()
    made = planned(leads, f"rep:{bob.pk}", actor)
    handover.carry_out(made.pk, actor)
    assert owners(leads) == [bob.pk] * 2
    handover.take_back(made.pk, actor)
    assert owners(leads) == [None, None]
    assert set(Lead.objects.values_list("held", flat=True)) == {"no_capacity"}


def test_the_preview_warns_of_capacity_and_absence() -> None:
    _ada, bob, _cleo, leads = two_pools()
    tight = rep("Dan", capacity=3)
    house.do(lambda unit: services.set_absence(tight, unit.at, moment.now() + timedelta(days=3), "leave", unit))
    made = planned(leads, f"rep:{tight.pk}", boss())
    rows = list(made.rows.select_related("foreseen__user", "before__user"))
    gain, loss = foresight.changes(rows, moment.now())
    assert (gain.rep.pk, gain.gains, gain.load, gain.after) == (tight.pk, 4, 0, 4) and len(gain.warnings) == 2
    assert (loss.loses, loss.load, loss.after) == (4, 4, 0)
    assert bob.pk not in {gain.rep.pk, loss.rep.pk}


def test_who_does_not_lead_moves_nothing_and_sees_no_plan() -> None:
    ada, bob, _cleo, leads = two_pools()
    with pytest.raises(Refused):
        planned(leads, f"rep:{bob.pk}", access.actor_of(ada.user))
    made = planned(leads, f"rep:{bob.pk}", boss())
    client = Client()
    client.force_login(member("Lou", Role.MANAGER, "lyon"))
    assert client.get(f"/team/reassignments/{made.pk}").status_code == 404
    assert client.post(f"/team/reassignments/{made.pk}/carry-out").status_code == 404
    client.force_login(ada.user)
    assert client.get("/team/reassign").status_code == 403


@pytest.mark.parametrize("language", ["en", "fr"])
def test_choose_preview_move_and_take_back_without_javascript(language: str) -> None:
    ada, bob, _cleo, leads = two_pools()
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris", language))
    page = client.get(f"/team/reassign?owner={ada.pk}&open=true")
    assert page.status_code == 200 and str(leads[0].pk) in page.content.decode()
    sent = {"to": f"rep:{bob.pk}", "reason": "holiday", "lead": [str(lead.pk) for lead in leads[:2]]}
    assert client.post(f"/team/reassign?owner={ada.pk}", sent | {"reason": ""}).status_code == 422
    address = client.post(f"/team/reassign?owner={ada.pk}", sent)["Location"]
    text = client.get(address).content.decode()
    assert {"en": "nothing has moved yet", "fr": "rien n’a encore bougé"}[language] in text and "+2" in text
    assert client.post(f"{address}/carry-out").status_code == 302
    assert owners(leads) == [bob.pk, bob.pk, ada.pk, ada.pk]
    assert client.get(address).status_code == 200
    assert client.post(f"{address}/take-back").status_code == 302
    assert owners(leads) == [ada.pk] * 4


UNREAD = (
    "asked_hour=9.0", "owner=nobody", "received_after=9999-12-31T23:59:59-12:00", "overdue=maybe", "needs_person=oui",
    "due=nonsense", "held=nope", "led=2", "ownr=x", "given_after=2020-01-01T00:00:00Z", "entered_before=2020-01-01T00:00:00Z",
    f"owner={uuid.UUID(int=1)}&owner={uuid.UUID(int=2)}",
)  # fmt: skip


@pytest.mark.parametrize("asked", UNREAD)
def test_what_cannot_be_read_moves_nothing_instead_of_everything(asked: str) -> None:
    _ada, bob, _cleo, leads = two_pools()
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris"))
    page = client.get(f"/team/reassign?{asked}")
    assert page.status_code in (400, 422) and str(leads[0].pk) not in page.content.decode()
    assert f">{asked.partition('=')[0]}" not in page.content.decode(), "named as people name it"
    sent = {"to": f"rep:{bob.pk}", "reason": "holiday", "everything": "on"}
    assert client.post(f"/team/reassign?{asked}", sent).status_code in (400, 422)
    assert not Reassignment.objects.exists()


def test_an_empty_value_says_nothing_and_signs_alone_begin_no_name() -> None:
    ada, _bob, _cleo, leads = two_pools()
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris"))
    empty = client.get(f"/team/reassign?stage=&held=&owner={ada.pk}&owner=&q=&after=")
    assert empty.status_code == 200 and str(leads[0].pk) in empty.content.decode()
    signs = client.get("/team/reassign?q=%21%21")
    assert signs.status_code == 200 and str(leads[0].pk) not in signs.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_bulk_and_the_rules_at_once_give_nobody_twice_and_end_in_no_deadlock() -> None:
    """R12: chunks of a bulk move in both directions while leads arrive for the same pools."""
    ada, bob, cleo = house.three()
    house.pool("everyone", ada, bob)
    house.pool("others", bob, cleo)
    house.rules()
    n = sized(60, 5000)
    mine = house.arrive([LeadFactory() for _ in range(n)])
    fresh = [LeadFactory() for _ in range(n)]
    actor = boss()
    one, two = planned(mine, "pool:others", actor), planned(mine[::-1], "rules", actor)
    arriving = [fresh[k : k + 10] for k in range(0, n, 10)]
    found = together(
        lambda: handover.carry_out(one.pk, actor),
        lambda: handover.carry_out(two.pk, actor),
        lambda: [house.arrive(some) for some in arriving],
    )
    assert not [fault for fault in found if isinstance(fault, Exception)]
    doubles = Assignment.objects.filter(ended_at=None).values("lead").annotate(n=Count("pk")).filter(n__gt=1)
    assert not doubles.exists()
    assert Lead.objects.filter(owner=None).count() == 0
    assert not ReassignedLead.objects.filter(result="").exists()
    assert JournalEntry.objects.filter(kind=Kind.STALLED).count() == 0
    ledger_holds()
