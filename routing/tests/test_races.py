"""At the same moment: two who claim, a rep who leaves while a lead comes, many intakes for one pool or one cap."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Sum

from leadops import access
from leadops.errors import Refused
from leadops.models import Lead, Rep
from leadops.stalled import Stalled
from leadops.testing import LeadFactory, rep
from leadops.tests.scale import sized
from leadops.unit import Unit, in_unit
from routing import departures, memberships, services
from routing.leaving import Wish
from routing.models import Assignment, CreditEntry, PoolCredit, PoolMember
from routing.tests import a_house as house

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _flow() -> Iterator[None]:
    with house.only_routing():
        yield


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run in threads that start at the same instant, each with a connection of its own; what each gave or raised."""
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            found[place] = work()
        except Exception as fault:
            found[place] = fault  # type: ignore[assignment]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3600)
    return found


def ledger_holds() -> None:
    for row in PoolCredit.objects.all():
        assert row.credit == CreditEntry.objects.filter(pool=row.pool, rep=row.rep).aggregate(s=Sum("delta"))["s"]
    twice = Assignment.objects.filter(ended_at=None).values("lead").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists()
    assert dict(Assignment.objects.filter(ended_at=None).values_list("lead_id", "rep_id")) == dict(
        Lead.objects.exclude(owner=None).values_list("pk", "owner_id")
    )


def both_route(leads: list[Lead]) -> None:
    """Two sessions hand out each lead at the same instant."""
    gate = threading.Barrier(2)

    def route() -> None:
        for lead in leads:
            gate.wait(60)
            house.arrive([lead])

    assert together(route, route) == [None, None]


def test_two_sessions_that_hand_out_the_same_lead_give_it_one_owner(
    record_property: Callable[[str, object], None],
) -> None:
    """R1: sixty races, a thousand in the proof."""
    house.pool("everyone", *house.three())
    house.rules()
    leads = house.new_leads(sized(60, 1_000))
    both_route(leads)
    assert Assignment.objects.count() == len(leads)
    assert not Lead.objects.filter(owner=None).exists() and not Stalled.objects.exists()
    ledger_holds()
    record_property("n", len(leads))
    record_property("measured", f"{len(leads)} races, 0 double owners")


def test_without_the_lock_on_the_lead_the_sessions_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of R1: the races are real; the unique index alone then refuses the second owner."""
    house.pool("everyone", *house.three())
    house.rules()

    def unlocked(unit: Unit, wanted: set[int]) -> list[Lead]:
        missing = [uuid.UUID(int=key) for key in wanted if key not in unit._leads]
        unit.keep(Lead.objects.select_related("person", "account", "owner__user").filter(pk__in=missing))
        time.sleep(0.01)
        return [unit._leads[key] for key in sorted(wanted)]

    monkeypatch.setattr(Unit, "_at_hand", unlocked)
    leads = house.new_leads(20)
    both_route(leads)
    refused = Stalled.objects.filter(error__contains="assignment_one_open").count()
    assert refused or Assignment.objects.count() > len(leads)


def test_of_two_who_take_the_same_lead_one_wins_200_times(record_property: Callable[[str, object], None]) -> None:
    """R2, in the service; through HTTP it stands with the pages."""
    ada, bob = rep("Ada"), rep("Bob")
    house.pool("shared", ada, bob, claimable=True, claim_limit=1000)
    house.rules(fallback="shared")
    leads = [LeadFactory(pool="shared") for _ in range(200)]
    actors = {each.pk: access.actor_of(each.user) for each in (ada, bob)}

    def taking(who: Rep) -> Callable[[], list[str]]:
        def take() -> list[str]:
            said = []
            for lead in leads:
                try:
                    in_unit(lambda unit, lead=lead: services.claim(lead, who, unit), actor=actors[who.pk])
                    said.append("won")
                except Refused as no:
                    said.append(f"{no.code}:{no.detail.get('winner')}")
            return said

        return take

    first, second = together(taking(ada), taking(bob))
    pairs = Counter(tuple(sorted(pair)) for pair in zip(first, second, strict=True))
    assert set(pairs) <= {("already-claimed:Bob", "won"), ("already-claimed:Ada", "won")}
    assert sum(pairs.values()) == 200
    ledger_holds()
    record_property("n", sum(pairs.values()))


def test_no_open_lead_stays_with_a_rep_who_left_while_it_came(record_property: Callable[[str, object], None]) -> None:
    """R3: 40 times, 500 in the proof."""
    bob = rep("Bob")
    house.pool("everyone", bob)
    for turn in range(sized(40, 500)):
        ada = rep(f"Ada {turn}")
        house.pool("everyone", ada)
        house.rules()
        (lead,) = house.new_leads(1)
        answers = together(
            lambda lead=lead: house.arrive([lead]), lambda ada=ada: departures.leave(ada.pk, Wish(), house.PIPELINE)
        )
        assert not [a for a in answers if isinstance(a, Exception)], answers
        assert not Lead.objects.filter(owner__active=False).exists()
        lead.refresh_from_db()
        assert lead.owner_id == bob.pk
    assert not PoolMember.objects.filter(rep__active=False, known_to=None, valid_to=None).exists()
    record_property("n", sized(40, 500))


def arriving_in_four_threads(leads: list[Lead]) -> list[Callable[[], None]]:
    def some(place: int) -> Callable[[], None]:
        def work() -> None:
            rng = random.Random(place)
            mine = leads[place::4]
            while mine:
                size = rng.choice((1, 1, 2, 5))
                house.arrive(mine[:size])
                mine = mine[size:]

        return work

    return [some(place) for place in range(4)]


def test_turns_stay_fair_when_many_intakes_run_at_once(record_property: Callable[[str, object], None]) -> None:
    """R4: no pointer to lose."""
    house.pool("everyone", *(rep(f"R{n}") for n in range(5)))
    house.rules()
    answers = together(*arriving_in_four_threads(house.new_leads(sized(240, 10_000))))
    assert not any(answers), answers
    counts = Counter(Lead.objects.values_list("owner_id", flat=True))
    assert None not in counts
    assert max(counts.values()) - min(counts.values()) <= 1
    ledger_holds()
    record_property("n", sum(counts.values()))
    record_property("measured", f"most - least = {max(counts.values()) - min(counts.values())}")


def test_turns_stay_fair_while_reps_join_and_leave_the_pool() -> None:
    """R4: whoever comes and goes, each got what they were entitled to while they were there, to within two leads."""
    reps = [rep(f"R{n}") for n in range(8)]
    everyone = house.pool("everyone", *reps[:4])
    house.rules()
    leads = house.new_leads(sized(100, 10_000))
    over = threading.Event()

    def coming_and_going() -> int:
        rng, changes = random.Random(4), 0
        while not over.is_set():
            there = rng.sample(reps, rng.randint(2, 7))
            weights = {each.pk: Decimal(1) for each in there}
            house.do(lambda unit, weights=weights: memberships.set_members(everyone, weights, unit))
            changes += 1
            over.wait(0.05)
        return changes

    def arriving(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            finally:
                running.release()

        return run

    running = threading.Semaphore(0)

    def ending() -> None:
        for _ in range(4):
            running.acquire()
        over.set()

    *answers, changes, _ended = together(
        *(arriving(work) for work in arriving_in_four_threads(leads)), coming_and_going, ending
    )
    assert not any(answers), answers
    assert isinstance(changes, int) and changes >= 3, changes
    assert not Lead.objects.filter(owner=None).exists()
    assert Assignment.objects.count() == len(leads)
    ledger_holds()
    for rep_id, credit in PoolCredit.objects.filter(pool=everyone).values_list("rep_id", "credit"):
        joined = CreditEntry.objects.filter(pool=everyone, rep=rep_id, why=CreditEntry.Why.JOINED)
        assert abs(credit - (joined.aggregate(s=Sum("delta"))["s"] or 0)) <= 2


def test_a_cap_of_ten_takes_ten_of_a_hundred_that_come_at_once() -> None:
    """R5, R12 of the requirements."""
    ada = rep("Ada", cap_day=10)
    house.pool("everyone", ada)
    house.rules()
    leads = house.new_leads(100)
    answers = together(*(lambda part=leads[place::5]: [house.arrive([lead]) for lead in part] for place in range(5)))
    assert not [a for a in answers if isinstance(a, Exception)], answers
    counts = Counter(Lead.objects.values_list("owner_id", "held"))
    assert counts == {(ada.pk, ""): 10, (None, "no_capacity"): 90}
    ledger_holds()


def test_a_manager_moving_leads_while_others_are_routed_breaks_nothing() -> None:
    """R12 of the reliability page."""
    reps = house.three()
    house.pool("everyone", *reps)
    house.rules()
    old, new = house.arrive(house.new_leads(30)), house.new_leads(30)

    def by_hand() -> None:
        for lead in old:
            in_unit(lambda unit, lead=lead: services.assign(lead, other(lead), unit, "balance"), actor=house.PIPELINE)

    def other(lead: Lead) -> Rep:
        return next(each for each in reps if each.pk != lead.owner_id)

    def comes() -> None:
        for start in range(0, 30, 3):
            house.arrive(new[start : start + 3])

    answers = together(by_hand, comes)
    assert answers == [None, None]
    ledger_holds()
