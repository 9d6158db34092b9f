"""The sums of deals against a count in Python of the deals themselves: level, behind, while others write, and rebuilt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from math import ceil, floor
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import connection

from leadops.access import SYSTEM
from leadops.models import Account, Opportunity, Rep
from leadops.testing import rep
from leadops.tests.scale import sized
from reports import deal_facts, facts
from reports.metrics.deals import DealRow, deals_report
from reports.models import DealChange, DealDay, DealFact, DealOpen, DealSpan
from reports.periods import Period
from reports.tests.test_growth import rows_of, statements_of
from reports.tests.world import FEBRUARY, NOW

pytestmark = pytest.mark.django_db
WEEK = Period(FEBRUARY.from_on + timedelta(days=3), FEBRUARY.from_on + timedelta(days=10), FEBRUARY.zone)
SUMS = (DealDay, DealSpan, DealOpen)
# from so many seconds on a cycle counts in steps of so many
STEPS = ((1_209_600, 86_400), (172_800, 10_800), (21_600, 1_800), (3_600, 300), (600, 30), (120, 5), (-1, 1))


@pytest.fixture
def agents() -> list[Rep | None]:
    for name, sector in (("A", "energy"), ("B", "steel"), ("C", "")):
        Account.objects.create(name=name, name_folded=name.lower(), industry=sector, created_at=NOW)
    return [rep("Anna"), rep("Karim"), None]


def values(rng: random.Random, agents: Sequence[Rep | None]) -> dict[str, Any]:
    """A deal as it may be."""
    opened = NOW - timedelta(seconds=rng.randrange(60 * 86_400))
    state = rng.choice(["open", "won", "won", "lost"])
    minor = rng.randrange(1, 10**6)
    return {
        "owner": rng.choice(list(agents)),
        "account": rng.choice([None, *Account.objects.order_by("name")]),
        "product": rng.choice(["", "GTX", "MG"]),
        "state": state,
        "reason": "price" if state == "lost" else "",
        "amount_minor": minor,
        "house_minor": rng.choice([minor, minor, None]),
        "opened_at": opened,
        "closed_at": None
        if state == "open"
        else opened + timedelta(seconds=rng.choice([0, 90, 5000, 10**5, 2 * 10**6])),
    }


def happen(rng: random.Random, agents: Sequence[Rep | None], come: int) -> None:
    """Deals come, change and go; an account turns out to be of another sector."""
    for _each in range(come):
        Opportunity.objects.create(**values(rng, agents))
    deals = list(Opportunity.objects.order_by("id"))
    for deal in rng.sample(deals, 5):
        Opportunity.objects.filter(pk=deal.pk).update(**values(rng, agents))
    Opportunity.objects.filter(pk=rng.choice(deals).pk).delete()
    Opportunity.objects.update(name="renamed")  # counts nowhere
    Account.objects.filter(name="A").update(industry=rng.choice(["energy", "steel", "", "water"]))


def cycle(deal: Opportunity) -> float:
    assert deal.closed_at is not None
    seconds = (deal.closed_at - deal.opened_at).total_seconds()
    step = next(step for least, step in STEPS if seconds >= least)
    return seconds // step * step / 86_400


def percentile(days: list[float], share: float) -> float | None:
    if not days:
        return None
    days, place = sorted(days), share * (len(days) - 1)
    low, high = days[floor(place)], days[ceil(place)]
    return low + (high - low) * (place - floor(place))


def check(row: DealRow, deals: list[Opportunity], period: Period) -> None:
    closed = [d for d in deals if d.closed_at and period.since <= d.closed_at < period.until]
    won, still = [d for d in closed if d.state == "won"], [d for d in deals if d.state == "open"]
    known = [d.house_minor for d in won if d.house_minor is not None]
    here = [d.house_minor for d in still if d.house_minor is not None]
    assert (row.closed, row.won, row.open) == (len(closed), len(won), len(still))
    assert row.unconverted == len(won) - len(known)
    assert row.won_minor == (sum(known) if known or not won else None)
    assert row.open_minor == (sum(here) if here or not still else None)
    told = (row.median_cycle, row.p90_cycle, row.median_cycle_won)
    all_of, of_won = [cycle(d) for d in closed], [cycle(d) for d in won]
    assert told == pytest.approx((percentile(all_of, 0.5), percentile(all_of, 0.9), percentile(of_won, 0.5)))


def check_all() -> None:
    deals = list(Opportunity.objects.select_related("account"))
    keys = {
        "agent": lambda d: d.owner_id,
        "product": lambda d: d.product,
        "sector": lambda d: d.account.industry if d.account else "",
    }
    for period in (FEBRUARY, WEEK):
        report = deals_report(SYSTEM, period)
        check(report.total, deals, period)
        for axis, of in keys.items():
            rows = {row.key: row for row in report.by[axis]}
            for key, row in rows.items():
                check(row, [d for d in deals if of(d) == key], period)
            there = [d for d in deals if d.state == "open" or period.since <= (d.closed_at or NOW) < period.until]
            assert rows.keys() == {of(d) for d in there}


def level() -> None:
    while deal_facts.step():
        pass
    assert deal_facts.usable() == [] and not deal_facts.due()


def kept() -> list[Any]:
    """Facts and sums as plain values, without what holds nothing any more."""
    rows = [list(DealFact.objects.order_by("deal").values_list())]
    for model in SUMS:
        names = [f.name for f in model._meta.concrete_fields]
        counts = {"closed", "n"} & set(names)
        rows.append(sorted(row for row in model.objects.exclude(**dict.fromkeys(counts, 0)).values_list(*names)))
    return rows


@pytest.mark.parametrize("seed", range(1, sized(3, 30)))
def test_figures_are_those_of_the_deals_whatever_was_read(seed: int, agents: list[Rep | None]) -> None:
    rng = random.Random(seed)
    happen(rng, agents, 40)
    assert deal_facts.usable() is None and deal_facts.due()
    check_all()  # counted directly
    level()
    for _turn in range(3):
        check_all()
        happen(rng, agents, 3)
        assert deal_facts.usable()
        check_all()
        with mock.patch.object(deal_facts, "BATCH", 4):
            deal_facts.step()
        check_all()
        level()
    stepwise = kept()
    facts.rebuild()
    assert deal_facts.usable() == [] and kept() == stepwise
    with mock.patch.object(deal_facts, "MANY", 2):
        happen(rng, agents, 3)
        assert deal_facts.usable() is None
        check_all()


def test_a_change_of_what_counts_nowhere_is_not_noted(agents: list[Rep | None]) -> None:
    Opportunity.objects.create(**values(random.Random(1), agents))
    level()
    Opportunity.objects.update(name="x", external_key="y")
    Account.objects.update(name="z")
    assert not DealChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_known_when_it_comes(agents: list[Rep | None]) -> None:
    happen(random.Random(2), agents, 20)
    level()
    deal = Opportunity.objects.filter(state="open").first()
    assert deal is not None
    with psycopg.connect(**connection.get_connection_params()) as slow:
        slow.execute("UPDATE leadops_opportunity SET product = 'late' WHERE id = %s", [deal.pk])
        Opportunity.objects.create(**values(random.Random(3), agents))  # begun after it, committed before it
        level()
        check_all()
        slow.commit()
    assert deal_facts.usable() == [deal.pk]
    check_all()
    level()
    check_all()


def test_four_times_the_deals_are_read_in_the_same_rows(agents: list[Rep | None]) -> None:
    rng, read = random.Random(4), []
    made = [values(rng, agents) for _each in range(150)]
    for times in (1, 3):
        Opportunity.objects.bulk_create(Opportunity(**one) for one in made * times)
        level()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        asked = statements_of(lambda actor: deals_report(actor, FEBRUARY), SYSTEM)
        read.append(rows_of(asked))
        assert len(asked) <= 5
    assert read[1] <= 1.2 * read[0] + 50, read
