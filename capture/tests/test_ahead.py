"""A batch claimed before its turn: its bodies are read while the one before it is written; only what still stands is used."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from capture import claiming, items, knowledge, pipeline, services, tasks
from capture.adapters import ADAPTERS, Draft
from capture.models import Submission
from capture.tests.batch import submit
from leadops.models import Lead, Person
from leadops.testing import SourceFactory
from leadops.unit import phases, set_phases

LIMIT = 60  # above `unit.MANY`: such a batch is sent, and the next one is read meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def resolve_alone() -> Iterator[None]:
    before = phases()
    set_phases(())
    yield
    set_phases(before)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, int]]:
    """Of each batch claimed ahead: whether what was read was used, and how many bodies had been read by then."""
    found: list[tuple[bool, int]] = []
    taken = items.Ahead.taken

    def told(self: items.Ahead, ids: Sequence[uuid.UUID]) -> items.Read | None:
        done, result = self._done, taken(self, ids)
        found.append((result is not None, done))
        return result

    monkeypatch.setattr(items.Ahead, "taken", told)
    step = items.Ahead._read_until

    def awaited(self: items.Ahead, part: float) -> None:
        self.coming.exception()  # a batch of sixty is too short for the claim beside it to be over by then every time
        step(self, part)

    monkeypatch.setattr(items.Ahead, "_read_until", awaited)
    return found


def drained() -> pipeline.Result:
    return pipeline.run_batch(LIMIT, until=time.monotonic() + 60)


def test_bodies_are_read_while_the_batch_before_is_written(seen: list[tuple[bool, int]]) -> None:
    rows = [submit({"email": f"p{n % 100}@x.fr"}) for n in range(150)]  # 50 come again, two batches later
    result = drained()
    assert seen == [(True, LIMIT), (True, 30)]
    assert (result.claimed, result.ends, Person.objects.count()) == (150, {"created": 100, "touched": 50}, 100)
    assert {row.pk for row in result.submissions} == {row.pk for row in rows}
    assert set(Submission.objects.values_list("starts", flat=True)) == {1}


def test_what_changed_after_it_was_read_is_read_again(
    monkeypatch: pytest.MonkeyPatch, seen: list[tuple[bool, int]]
) -> None:
    rows = [submit({"email": f"p{n}@x.fr"}) for n in range(LIMIT + 5)]
    real = knowledge.rows_of

    def rows_of(ids: Sequence[uuid.UUID]) -> list[Submission]:
        found = real(ids)
        Submission.objects.filter(pk=rows[-1].pk).update(edited={"email": "mended@x.fr"})  # a moment later
        return found

    monkeypatch.setattr(knowledge, "rows_of", rows_of)
    assert drained().ends == {"created": LIMIT + 5}
    assert seen == [(False, 5)] and Person.objects.filter(email="mended@x.fr").count() == 1


def test_a_body_that_breaks_its_reader_ahead_of_its_turn_takes_only_itself(
    monkeypatch: pytest.MonkeyPatch, seen: list[tuple[bool, int]]
) -> None:
    class Breaks:
        scheme, secret_in_body = "", False

        def read(self, received: Any, source: Any) -> list[Draft]:
            if b"poison" in bytes(received.body):
                raise ZeroDivisionError
            return [Draft(email=bytes(received.body).decode().strip('"'))]

    monkeypatch.setitem(ADAPTERS, "breaks", Breaks())
    source = SourceFactory(slug="breaks", adapter="breaks")
    for n in range(LIMIT + 10):
        submit("poison" if n == LIMIT + 3 else f"p{n}@x.fr", source)
    result = drained()
    assert (result.ends["created"], result.failed, Lead.objects.count()) == (LIMIT + 9, 1, LIMIT + 9)
    assert seen[0][0] is False
    poison = Submission.objects.get(end="pending")
    assert (poison.starts, poison.failures) == (1, 1)


def gone(*_args: object, **_named: object) -> None:
    raise OperationalError("the connection is closed")


def test_a_database_that_goes_away_takes_no_start_from_the_batch_that_waits_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for n in range(LIMIT + 5):
        submit({"email": f"p{n}@x.fr"})
    with monkeypatch.context() as away:
        away.setattr(services, "resolve", gone)
        away.setattr(type(connections["default"]), "is_usable", lambda self: False)
        with pytest.raises(OperationalError):
            drained()
    assert set(Submission.objects.values_list("starts", "end", "lease_until")) == {(0, "pending", None)}
    assert drained().ends == {"created": LIMIT + 5}


@pytest.mark.parametrize("where", ["fresh", "rows_of"])
def test_what_cannot_be_claimed_or_read_ahead_is_done_in_its_turn(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """The second connection may be refused where the first one works."""
    for n in range(LIMIT + 5):
        submit({"email": f"p{n}@x.fr"})
    module, here = (knowledge if where == "rows_of" else claiming), threading.get_ident()
    real = getattr(module, where)
    elsewhere: list[int] = []

    def only_here(*given: Any) -> Any:
        if threading.get_ident() == here:
            return real(*given)
        elsewhere.append(threading.get_ident())
        return gone()

    monkeypatch.setattr(module, where, only_here)
    while drained().claimed:
        pass
    assert elsewhere, "the next batch is not claimed beside this one any more"
    assert set(Submission.objects.values_list("starts", "end")) == {(1, "created")}


def test_nothing_of_the_second_connection_is_left() -> None:
    for n in range(LIMIT + 5):
        submit({"email": f"p{n}@x.fr"})
    threads, backends = threading.active_count(), _backends()
    assert drained().claimed == LIMIT + 5
    assert threading.active_count() == threads
    until = time.monotonic() + 10
    while _backends() > backends and time.monotonic() < until:  # the server takes a moment to let it go
        time.sleep(0.02)
    assert _backends() <= backends


def _backends() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def test_rows_under_way_are_no_reason_to_look_for_those_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(LIMIT + 5):
        submit({"email": f"p{n}@x.fr"})
    looked: list[object] = []
    monkeypatch.setattr(pipeline, "_retry", lambda *args: looked.append(args))
    assert drained().claimed == LIMIT + 5
    assert not looked


@pytest.mark.parametrize(("claimed", "waits"), [(1, 0), (tasks.RUSH, 1), (tasks.BATCH, 0)])
def test_only_in_a_rush_the_next_batch_is_waited_for(monkeypatch: pytest.MonkeyPatch, claimed: int, waits: int) -> None:
    runs = [pipeline.Result(claimed=claimed), pipeline.Result(claimed=0)]
    slept: list[float] = []
    monkeypatch.setattr(pipeline, "run_batch", lambda limit, until: runs.pop(0))
    monkeypatch.setattr(claiming, "waiting", lambda at: True)
    monkeypatch.setattr(time, "sleep", slept.append)
    tasks.run_pipeline()
    assert slept == [tasks.GATHER] * waits and not runs
