"""Several who climb the same clocks at the same moment: each step of a ladder is taken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from leadops import unit as units
from leadops.access import SYSTEM
from leadops.effects.models import Notice
from leadops.journal import JournalEntry
from leadops.testing import ALWAYS_OPEN, put_in_force, rep
from leadops.tests.scale import sized
from leadops.unit import Phase, in_unit
from routing.models import Clock, ClockStep
from routing.sla import clocks, ladder, policy
from routing.tests.test_races import together
from routing.tests.test_sla import AT, assigned

pytestmark = pytest.mark.django_db(transaction=True)
LEADS, AT_ONCE = sized(40, 1_000), 4


@pytest.fixture(autouse=True)
def house() -> Iterator[None]:
    put_in_force("calendar", "always", ALWAYS_OPEN)
    put_in_force("sla", "house", policy.DEFAULT)
    kept = units.phases()
    units.set_phases([Phase("clocks", clocks.KINDS, clocks.keep_time)])
    yield
    units.set_phases(kept)


def test_four_who_climb_the_same_clocks_take_each_step_once(record_property: Callable[[str, object], None]) -> None:
    lea = rep("Léa")
    leads = [assigned(lea) for _number in range(LEADS)]
    late = AT + timedelta(minutes=6)  # past the five minutes of the first attempt

    def climb() -> None:
        while found := ladder.due_leads(late):
            in_unit(lambda unit: ladder.climb(found[:50], unit), actor=SYSTEM, at=late)

    assert together(*[climb] * AT_ONCE) == [None] * AT_ONCE
    rows = Clock.objects.filter(lead__in=leads, kind="first_attempt")
    assert rows.count() == LEADS and all(clock.breached_at == clock.due_at for clock in rows)
    assert JournalEntry.objects.filter(kind="clock_breached", data__kind="first_attempt").count() == LEADS
    taken = ClockStep.objects.values_list("clock_id", "step")
    assert len(taken) == len(set(taken))
    assert not ladder.due_leads(late) and Notice.objects.exists()
    record_property("n", LEADS)
    record_property("measured", f"{len(taken)} steps by {AT_ONCE} at once, each taken once")
