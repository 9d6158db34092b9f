"""A recycled lead rests until its date, then comes back in its next cycle with clocks of its own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from leadops import moment
from leadops.access import SYSTEM
from leadops.models import Lead
from leadops.shipped import install_defaults
from leadops.testing import DAWN, LeadFactory, rep
from leadops.unit import in_unit
from leadops.work import Work
from qualification import services
from routing.models import Clock, Pool, PoolMember

pytestmark = pytest.mark.django_db
LATER = timedelta(days=30)


@pytest.fixture
def lea():
    install_defaults()
    one = rep("Léa")
    PoolMember.objects.create(
        pool=Pool.objects.get(key="everyone"), rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN
    )
    return one


def rested(at, **fields) -> Lead:
    lead = LeadFactory(stage="engaged", stage_at=at, **fields)

    def work(unit):
        (mine,) = unit.leads([lead.pk])
        services.recycle(mine, unit, "no_timing", at + LATER)

    in_unit(work, actor=SYSTEM, at=at)
    return lead


def wake(lead, at) -> int:
    return in_unit(lambda unit: services.wake_recycled([lead.pk], unit), actor=SYSTEM, at=at)


def test_it_wakes_at_its_date_not_before_with_its_owner_and_a_fresh_clock(lea):
    at = moment.now()
    lead = rested(at, owner=lea, assigned_at=at, accepted_at=at)
    assert wake(lead, at + LATER - timedelta(seconds=1)) == 0
    woken = at + LATER
    assert wake(lead, woken) == 1
    lead.refresh_from_db()
    assert (lead.stage, lead.cycle, lead.owner_id, lead.accepted_at, lead.recycle_at) == (
        "engaged",
        2,
        lea.pk,
        None,
        None,
    )
    clocks = dict(Clock.objects.filter(lead=lead, cycle=2).values_list("kind", "started_at"))
    assert clocks == {"first_attempt": woken, "acceptance": woken}
    assert Work.objects.get(lead=lead).since == woken, "it shows among what arrived"


def test_without_an_owner_it_is_routed_again(lea):
    lead = rested(moment.now())
    wake(lead, moment.now() + LATER)
    lead.refresh_from_db()
    assert lead.owner_id == lea.pk


def test_somebody_with_another_open_lead_is_left_to_that_one(lea):
    lead = rested(moment.now(), owner=lea)
    LeadFactory(person=lead.person)
    assert wake(lead, moment.now() + LATER) == 0
    lead.refresh_from_db()
    assert lead.stage == "recycled" and lead.recycle_at is None
