"""What SIGTERM asks of each process: finish what is at hand, take nothing new, end within a bound; and nobody's post is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest

from leadops.platform.supervisor import Patience
from leadops.platform.tests.house import House, happens, until
from leadops.platform.tests.test_clusters import leading_backend
from leadops.platform.tests.test_outage import Poster, all_ended

pytestmark = pytest.mark.processes
BOUND = 3 * Patience().end  # a machine with room stays under one: after that the parent kills
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = %s"


@pytest.fixture
def house(house: House) -> Iterator[House]:
    """With the patience of production: who ends or starts answers no look of the parent, and is not to be killed for it."""
    patience, usual = house.supervisor.patience, house.timeout
    house.supervisor.patience, house.timeout = replace(patience, silence=Patience().silence), 60.0
    yield house
    house.supervisor.patience, house.timeout = patience, usual


@contextmanager
def held(house: House, table: str) -> Iterator[Callable[[], None]]:
    """Nobody writes to the table until the lock is let go: whoever is at it now is at work for so long."""
    with closing(psycopg.connect(house.url)) as other:
        other.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield other.rollback


def told_to_end(house: House, name: str) -> subprocess.Popen[bytes]:
    watched = house.supervisor.watched[name]
    assert watched.process is not None
    watched.ends.clear()  # this death is no fault of its own
    watched.process.terminate()
    return watched.process


def ended_well(house: House, process: subprocess.Popen[bytes], name: str) -> bool:
    """The supervisor has seen its end, and it was a clean one (uvicorn raises the signal again when all is done)."""
    clean = -signal.SIGTERM if name == "live" else 0
    return house.supervisor.watched[name].process is not process and process.returncode == clean


def test_the_web_finishes_the_request_at_hand(house: House) -> None:
    answers: list[tuple[int, bytes]] = []
    with held(house, "capture_submission") as let_go:
        posting = threading.Thread(target=lambda: answers.append(house.post({"email": "last@last.example"})[::2]))
        posting.start()
        until(lambda: house.ask(WAITING, "leadops-web"), 10)
        process = told_to_end(house, "web")
        began = time.monotonic()
        assert not happens(lambda: answers or process.poll() is not None, 2)  # it waits for the request
        let_go()
        posting.join(10)
    assert answers[0][0] == 202
    assert house.ask("SELECT 1 FROM capture_submission WHERE id = %s", json.loads(answers[0][1])["submission"])
    until(lambda: ended_well(house, process, "web"), BOUND)
    assert time.monotonic() - began < BOUND


def test_the_cluster_finishes_the_task_at_hand(house: House) -> None:
    """Its start is no start lost: the very one that was running when it was told to end gives the submission its end."""
    house.leader("ticker").suspend()
    submission = house.lead("athand")
    with held(house, "leadops_lead") as let_go:
        house.leader("ticker").resume()
        until(lambda: house.ask(WAITING, "leadops-cluster"), 20)
        process = told_to_end(house, "cluster-now")
        began = time.monotonic()
        assert not happens(lambda: process.poll() is not None, 2)
        let_go()
        until(lambda: ended_well(house, process, "cluster-now"), BOUND)
    assert time.monotonic() - began < BOUND
    assert house.ask('SELECT "end", starts FROM capture_submission WHERE id = %s', submission) == [("created", 1)]


def test_the_ticker_gives_up_the_lead(house: House) -> None:
    until(lambda: leading_backend(house), 20)
    first = leading_backend(house)
    process = told_to_end(house, "ticker")
    took = until(lambda: leading_backend(house) != first, BOUND)
    until(lambda: ended_well(house, process, "ticker"), BOUND)
    print(f"the lead was free after {took:.1f} s")
    assert house.flows("after-the-ticker") < 60


class Provider(Poster):
    """Sends again what was not answered, as providers do; what was answered it believes."""

    broken = 0

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            name = f"{self.of}n{number}"
            while True:
                began = time.monotonic()
                try:
                    answer = self.house.post({"email": f"{name}@{name}.example", "name": name, "company": name})
                except OSError:
                    self.broken += 1
                    time.sleep(0.2)
                    continue
                self.answers.append((time.monotonic() - began, *answer))
                if answer[0] in (200, 202):
                    break
                time.sleep(0.2)
            time.sleep(0.02)


def test_a_rolling_restart_loses_no_accepted_post(house: House) -> None:
    providers = [Provider(house, f"roll{os.getpid()}p{number}") for number in range(3)]
    for provider in providers:
        provider.start()
    try:
        reload_web(house)
        assert not any(provider.broken for provider in providers)  # a reload keeps the socket: nobody is turned away
        for name in ("web", "ticker", "live", "cluster-long", "cluster-now"):
            process = told_to_end(house, name)
            until(lambda name=name, process=process: ended_well(house, process, name), BOUND)
            until(house.ready, 60, look=0.4)
    finally:
        for provider in providers:
            provider.end()
    answers = [answer for provider in providers for answer in provider.answers]
    accepted = [json.loads(body)["submission"] for _, status, _, body in answers if status == 202]
    broken = sum(provider.broken for provider in providers)
    print(f"{len(accepted)} accepted, {broken} sent again after a broken line")
    assert {status for _, status, _, _ in answers} <= {200, 202}
    assert len(accepted) > 50
    until(lambda: all_ended(house, sorted(set(accepted))), 60, look=0.3)


def reload_web(house: House) -> None:
    """New workers behind the same socket (what `systemctl reload` does), each old one after its last answer."""
    old = house.leader("web").children()
    house.leader("web").send_signal(signal.SIGHUP)
    until(lambda: not any(each.is_running() for each in old), 30)
    until(house.ready, 30, look=0.4)
