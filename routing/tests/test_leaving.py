"""Somebody leaves with leads, places in pools and accounts: foreseen, carried out, taken back within a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from leadops import access, moment
from leadops.desk import people
from leadops.errors import NotFound, Refused
from leadops.models import Account, Lead, Rep, Role, User
from leadops.shipped import install_defaults
from leadops.testing import AccountFactory, TeamFactory, member, rep
from leadops.unit import in_unit
from routing import departures, handover, leaving, reassigning, selectors, services, staff, taking_back, tasks
from routing.leaving import Wish
from routing.models import Departure, PoolMember
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db


def held_by(one: Rep) -> set[object]:
    return set(Lead.objects.filter(owner=one).values_list("pk", flat=True))


def owner(account: Account) -> Rep | None:
    row = staff.owner_at(account, moment.now())
    return row.rep if row else None


def weights(one: Rep) -> dict[str, Decimal]:
    return {row.pool.key: row.weight for row in PoolMember.objects.filter(rep=one).state_at(moment.now())}


@pytest.fixture
def cast() -> tuple[Rep, Rep, Account, access.Actor]:
    install_defaults()
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("everyone", ada, bob)
    house.rules(house.rule("all", {"pool": "everyone"}))
    for lead in house.new_leads(3):
        house.do(lambda unit, lead=lead: services.assign(lead, ada, unit))
    account = AccountFactory()
    house.do(lambda unit: staff.own_account(account, ada, unit))
    return ada, bob, account, access.actor_of(member("Rita", Role.REVENUE_OPS))


def test_what_they_hold_is_foreseen_and_nothing_changes(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, rita = cast
    rows = departures.preview(ada, Wish(), rita)
    assert {row.foreseen_id for row in rows} == {bob.pk} and len(rows) == 3
    assert len(held_by(ada)) == 3 and owner(account) == ada and weights(ada)
    assert not Departure.objects.exists()


def test_leads_pools_and_accounts_go_and_come_back(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, rita = cast
    before, had = held_by(ada), weights(ada)
    made = departures.leave(ada.pk, Wish(accounts_to=bob), rita)
    ada.refresh_from_db()
    assert not ada.active and not held_by(ada) and not weights(ada) and owner(account) == bob
    assert held_by(bob) == before and departures.moved(made) == 3 and made.accounts == 1
    departures.take_back(ada, rita)
    ada.refresh_from_db()
    assert ada.active and held_by(ada) == before and weights(ada) == had and owner(account) == ada
    with pytest.raises(NotFound):
        departures.take_back(ada, rita)


def test_who_was_given_on_since_and_worked_on_stays(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, rita = cast
    (first, *rest) = sorted(held_by(ada), key=str)
    departures.leave(ada.pk, Wish(f"rep:{bob.pk}", bob), rita)
    house.do(lambda unit: services.acknowledge_many(unit.leads([first]), unit))
    cleo = rep("Cleo")
    house.do(lambda unit: staff.own_account(account, cleo, unit))
    departures.take_back(ada, rita)
    assert held_by(ada) == set(rest) and held_by(bob) == {first} and owner(account) == cleo


def test_what_broke_off_is_ended_by_the_ticker_as_it_was_wished(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    """The rules would give all to Cleo; the wish was Bob, for leads beyond what a plan takes, too."""
    ada, bob, _account, rita = cast
    house.pool("cleo", rep("Cleo"))
    house.rules(house.rule("all", {"pool": "cleo"}))
    before = held_by(ada)
    with pytest.MonkeyPatch.context() as few:
        few.setattr(reassigning, "MOST", 2)
        in_unit(lambda unit: leaving.leave(Rep.objects.get(pk=ada.pk), Wish(f"rep:{bob.pk}"), unit), actor=rita)
    with pytest.raises(Refused, match="still-moving"):
        departures.take_back(ada, rita)
    assert not Rep.objects.get(pk=ada.pk).active
    assert selectors.next_held_at(moment.now()) <= moment.now()
    tasks.drain_held()
    made = Departure.objects.get()
    assert held_by(bob) == before and departures.moved(made) == 3
    assert made.plan and made.plan.done_at and selectors.next_held_at(moment.now()) is None
    departures.take_back(ada, rita)
    assert held_by(ada) == before


def test_where_nobody_is_left_of_the_wish_the_rules_decide(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, _account, rita = cast
    cleo, before = rep("Cleo"), held_by(ada)
    in_unit(lambda unit: leaving.leave(Rep.objects.get(pk=ada.pk), Wish(f"rep:{cleo.pk}"), unit), actor=rita)
    departures.leave(cleo.pk, Wish(), rita)
    tasks.drain_held()
    assert held_by(bob) == before and not selectors.departures_to_finish().exists()


def test_what_cannot_come_back_whole_does_not_come_back_in_part(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, rita = cast
    before = held_by(ada)
    made = departures.leave(ada.pk, Wish(accounts_to=bob), rita)
    for refused in (handover.take_back, handover.carry_out):  # the plan has no way of its own
        with pytest.raises(Refused, match="of-a-departure"):
            refused(made.plan_id, rita)
    client = Client()
    client.force_login(User.objects.get(pk=rita.user_id))
    page = client.get(f"/team/reassignments/{made.plan_id}").content.decode()
    assert f"/team/{ada.pk}/deactivate" in page and f"{made.plan_id}/take-back" not in page
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(taking_back, "_give_back", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            departures.take_back(ada, rita)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(Refused, match="user-inactive"):
        departures.take_back(ada, rita)
    assert not Rep.objects.get(pk=ada.pk).active and not weights(ada) and owner(account) == bob
    assert held_by(bob) == before and Departure.objects.get().undone_at is None
    User.objects.filter(pk=ada.pk).update(is_active=True)
    departures.take_back(ada, rita)
    assert held_by(ada) == before and owner(account) == ada


def test_whose_access_is_closed_leaves_like_everybody(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, rita = cast
    before = held_by(ada)
    in_unit(lambda unit: people.deactivate_user(ada.user, unit), actor=rita)
    tasks.drain_held()
    assert held_by(bob) == before and owner(account) is None and Departure.objects.get().plan
    in_unit(lambda unit: people.reactivate_user(ada.user, unit), actor=rita)
    departures.take_back(ada, rita)
    assert held_by(ada) == before and owner(account) == ada


def test_after_a_day_it_is_too_late(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, _bob, _account, rita = cast
    departures.leave(ada.pk, Wish(), rita)
    with moment.at(moment.now() + timedelta(hours=25)), pytest.raises(NotFound):
        departures.take_back(ada, rita)


def test_the_page_foresees_carries_out_and_takes_back(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, account, _rita = cast
    client = Client()
    client.force_login(member("Max", Role.MANAGER, "paris"))
    address = f"/team/{ada.pk}/deactivate"
    text = client.get(address).content.decode()
    assert str(account) in text and "everyone" in text.lower()
    asked = {"leads_to": "rules", "accounts_to": str(bob.pk)}
    seen = client.post(address, asked | {"step": "preview"})
    assert seen.status_code == 200 and seen.context["foreseen"] == [("Bob", 3)] and len(held_by(ada)) == 3
    assert client.post(address, asked | {"leads_to": "moon"}).status_code == 422
    assert client.post(address, asked | {"step": "leave"}).status_code == 302
    assert not held_by(ada) and owner(account) == bob
    assert f"/team/{ada.pk}/take-back" in client.get(address).content.decode()
    assert client.post(f"/team/{ada.pk}/take-back").status_code == 302
    assert len(held_by(ada)) == 3 and owner(account) == ada
    TeamFactory(key="lyon")
    client.force_login(member("Lou", Role.MANAGER, "lyon"))
    assert client.post(f"/team/{ada.pk}/take-back").status_code == 404


def test_a_dry_run_of_the_api_says_the_same(cast: tuple[Rep, Rep, Account, access.Actor]) -> None:
    ada, bob, _account, rita = cast
    rows = in_unit(lambda unit: leaving.foresee(ada, Wish(f"rep:{bob.pk}"), unit), actor=rita)
    assert {row.foreseen_id for row in rows} == {bob.pk}
