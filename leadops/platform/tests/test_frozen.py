"""A database that is stopped with every connection open (SIGSTOP) under a running house: refusals in time, then everything is in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest

from leadops.platform import cluster_files, watched
from leadops.platform.tests.house import House, until
from leadops.platform.tests.test_outage import Poster, signed_in
from leadops.platform.watched import ServerSilent, WatchedConnection

pytestmark = pytest.mark.processes
BOUND = 6.0  # 1.5 s of silence, 2 s for a new connection, and the machine
FROZEN = 12.0
PAGES = ("/inbox", "/leads", "/f/any", "/api/v1/leads")


@contextmanager
def frozen(house: House) -> Iterator[None]:
    """The server and every process of its connections stand still, as on a host that was paused."""
    server = cluster_files.postmaster(cluster_files.files_of(house.var).data)
    assert server is not None
    first = psutil.Process(server)
    first.suspend()  # no more children from here on
    everyone = [first, *first.children(recursive=True)]
    for process in everyone:
        process.suspend()
    try:
        yield
    finally:
        for process in everyone:
            process.resume()


def test_a_frozen_database_is_a_refusal_in_time_and_loses_nothing(house: House) -> None:
    house.flows("before-frost")
    ids = {name: house.leader(name).pid for name in house.supervisor.watched}
    cookie = signed_in(house)
    posters = [Poster(house, f"frost{os.getpid()}p{number}") for number in range(4)]
    pages: list[tuple[float, int, str | None]] = []
    with frozen(house):
        began = time.monotonic()
        for poster in posters:
            poster.start()
        try:
            while time.monotonic() - began < FROZEN:
                pages += [asked(house, path, cookie) for path in PAGES]
                assert asked(house, "/readyz")[1] == 503
                took, status, _ = asked(house, "/healthz")
                assert status == 200 and took < BOUND
        finally:
            for poster in posters:
                poster.end()
    until(house.ready, 60, look=0.4)
    assert {status for _, status, _ in pages} == {503}
    assert {again for _, _, again in pages} == {"5"}
    refused = [
        (took, status, headers.get("retry-after")) for poster in posters for took, status, headers, _ in poster.answers
    ]
    assert {each[1:] for each in refused} == {(503, "5")}
    print(f"pages: slowest {max(took for took, _, _ in pages):.1f} s of {len(pages)};", end=" ")
    print(f"posts: slowest {max(refused)[0]:.1f} s of {len(refused)}")
    assert max(took for took, _, _ in pages) < BOUND
    assert max(refused)[0] < BOUND
    all_are_in_once(house, posters)
    assert house.flows("after-frost") < 60
    assert {name: house.leader(name).pid for name in ids} == ids  # nobody had to be started anew


def asked(house: House, path: str, cookie: str = "") -> tuple[float, int, str | None]:
    began = time.monotonic()
    status, headers, _ = house.get(path, Cookie=cookie)
    return time.monotonic() - began, status, headers.get("retry-after")


def all_are_in_once(house: House, posters: list[Poster]) -> None:
    """What was refused is posted again, as providers do; then each person is one lead."""
    for poster in posters:
        for number in range(1, len(poster.answers) + 1):
            name = f"{poster.of}n{number}"
            status, _, body = house.post({"email": f"{name}@{name}.example", "name": name, "company": name})
            assert status in (200, 202), body
    wanted = sum(len(poster.answers) for poster in posters)
    mine = f"frost{os.getpid()}p%"
    until(lambda: created(house, mine) == wanted, 60, look=0.3)
    time.sleep(1)
    assert created(house, mine) == wanted


def created(house: House, name: str) -> int:
    query = "SELECT count(*) FROM leadops_lead l JOIN leadops_person p ON p.id = l.person_id WHERE p.name LIKE %s"
    return int(house.ask(query, name)[0][0])


@pytest.fixture
def server(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose server this very process asks, on watched connections with a short patience."""
    monkeypatch.setattr(watched, "known", watched.Knowledge())
    monkeypatch.setattr(WatchedConnection, "patience", 0.5)
    return house


def test_a_slow_statement_is_waited_for(server: House) -> None:
    with WatchedConnection.connect(server.url, autocommit=True) as connection:
        assert connection.execute("SELECT pg_sleep(2), 7").fetchall() == [("", 7)]


def test_a_statement_under_which_the_server_freezes_ends_and_the_next_ones_are_refused_at_once(server: House) -> None:
    connection = WatchedConnection.connect(server.url, autocommit=True)
    with frozen(server):
        began = time.monotonic()
        with pytest.raises(ServerSilent):
            connection.execute("SELECT 1")
        assert time.monotonic() - began < 4
        assert connection.closed
        for alone in (True, False):
            if not alone:  # another thread tries just now
                watched.known.tried = 0.0
                watched.known.trying.acquire()
            began = time.monotonic()
            with pytest.raises(ServerSilent):
                WatchedConnection.connect(server.url)
            assert time.monotonic() - began < 0.2
        watched.known.trying.release()
    time.sleep(watched.APART)
    with WatchedConnection.connect(server.url, connect_timeout=10) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not watched.known.silent


def test_without_the_watch_a_frozen_server_is_waited_for_without_end(server: House) -> None:
    """The negative control: the connection alone, with its own limits, says nothing for as long as the server does."""
    connection = psycopg.connect(
        server.url, autocommit=True, connect_timeout=2, tcp_user_timeout=1000, options="-c statement_timeout=500"
    )
    waiting = threading.Thread(target=connection.execute, args=("SELECT 1",), daemon=True)
    with frozen(server):
        waiting.start()
        waiting.join(8)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    connection.close()
