"""Payloads that kill, hang, gorge or break their worker: all others finish, the poison ends dead after three failures or four kills, with its cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadops.platform.tests import faults
from leadops.platform.tests.house import House, until
from leadops.tests.scale import sized

pytestmark = pytest.mark.processes
OTHERS = sized(60, 1_000)
MOST_KILLS = 4  # three, and the second chance
CAUSES = {
    faults.KILL: "the worker ended while it was at work on it",
    faults.HANG: "reading took more than 2 s",
    faults.GORGE: "MemoryError: ",
    faults.RAISE: f"ValueError: {faults.RAISE}",
}


def test_poison_takes_only_itself(house: House, record_property: Callable[[str, object], None]) -> None:
    """django-q2 alone runs a killer for ever and knows of no start (reliability M8)."""
    good = []
    starts_before = house.starts()
    poison = {}
    house.leader("ticker").suspend()  # all in one batch: the worst case for the neighbours
    for number in range(OTHERS):
        good.append(house.lead(f"good{number}"))
        if number % 15 == 7 and number < 60:
            fault = list(CAUSES)[number // 15]
            poison[fault] = house.lead(f"poison{number}", note=fault)
    house.leader("ticker").resume()
    until(lambda: ended(house, good) == OTHERS, sized(38, 120), look=0.3)
    until(lambda: ended(house, list(poison.values())) == len(poison), 38, look=0.3)
    assert {row[0] for row in house.ask('SELECT DISTINCT "end" FROM capture_submission WHERE id = ANY(%s)', good)} == {
        "created"
    }
    for fault, submission in poison.items():
        ((end, reason, starts, error, lead),) = house.ask(
            'SELECT "end", reason, starts, error, lead_id FROM capture_submission WHERE id = %s', submission
        )
        assert (end, reason, lead) == ("quarantined", "dead", None), fault
        assert error == CAUSES[fault]
        assert starts <= MOST_KILLS + 1  # the fifth claim only buries
    assert house.starts() - starts_before <= MOST_KILLS
    doubles = house.ask("SELECT person_id FROM leadops_lead GROUP BY person_id HAVING count(*) > 1")
    assert doubles == []  # nobody was resolved twice beside the poison
    assert house.flows("after-poison") < 10
    record_property("n", OTHERS)
    record_property(
        "measured", f"{OTHERS} done, {len(poison)} dead after {house.starts() - starts_before} kills at most"
    )


def test_without_counted_starts_a_killer_runs_for_ever_and_takes_its_neighbours(house: House) -> None:
    """The negative control of M8; with the count back, the same rows end as they should."""
    before = house.starts()
    with house.changed("cluster-now", **{faults.UNCOUNTED: "1"}):
        house.leader("ticker").suspend()
        killer = house.lead("endless", note=faults.KILL)
        neighbours = [house.lead(f"neighbour{number}") for number in range(3)]
        house.leader("ticker").resume()
        until(lambda: house.starts() - before > 2 * MOST_KILLS, 45, look=0.2)
        assert ended(house, [killer, *neighbours]) == 0
        assert house.ask("SELECT DISTINCT starts FROM capture_submission WHERE id = %s", killer) == [(0,)]
    before = house.starts()
    until(lambda: ended(house, [killer, *neighbours]) == 4, 45, look=0.2)
    assert house.starts() - before <= MOST_KILLS
    assert [house.end_of(each) for each in (killer, *neighbours)] == ["quarantined", *["created"] * 3]


def ended(house: House, submissions: list[str]) -> int:
    query = "SELECT count(*) FROM capture_submission WHERE id = ANY(%s) AND \"end\" <> 'pending'"
    return int(house.ask(query, submissions)[0][0])
