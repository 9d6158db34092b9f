"""A database that goes away and returns under a running house: clear refusals meanwhile, and afterwards everything is in."""

from __future__ import annotations

import http.cookiejar
import json
import os
import signal
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from leadops.platform import cluster_files, postgres
from leadops.platform.live import token_for
from leadops.platform.tests.house import House, until
from leadops.testing import PASSWORD
from leadops.tests.scale import sized

pytestmark = pytest.mark.processes
Noted = Callable[[str, object], None]
AWAY = float(sized(6, 60))
POSTED = sized(20, 1000)
REFUSED = sized(40, 200)
WAITS_TO_INSERT = """
SELECT 1 FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND position('INSERT INTO capture_submission' IN query) > 0 AND pid <> pg_backend_pid()
"""


def test_a_database_that_goes_away_and_returns_loses_nothing(house: House, record_property: Noted) -> None:
    house.flows("before-outage")
    ids = {name: house.leader(name).pid for name in ("web", "live")}
    stream, cookie = Stream(house), signed_in(house)
    postgres.stop(house.var)
    gone = time.monotonic()
    page_and_json_refuse(house)
    who_is_signed_in_is_refused_too(house, cookie)
    bodies = [{"email": f"o{n}@o{n}.example", "name": f"O{n}", "company": f"o{n}"} for n in range(POSTED)]
    refused = [post_within(house, body, 3.0)[0] for body in bodies]
    assert set(refused) == {503}
    assert house.get("/healthz")[0] == 200
    assert house.get("/readyz")[0] == 503
    time.sleep(max(0.0, AWAY - (time.monotonic() - gone)))
    postgres.ensure(house.var)
    accepted = [json.loads(post_until_taken(house, body))["submission"] for body in bodies]
    until(lambda: all_ended(house, accepted), sized(38, 180), look=0.3)
    assert len(set(accepted)) == POSTED
    record_property("n", POSTED)
    record_property("measured", f"{AWAY:.0f} s away: {POSTED} refused with 503 within 3 s, then all in")
    until(house.ready, 38, look=0.4)  # ticker, live and both clusters beat again
    assert {name: house.leader(name).pid for name in ids} == ids  # nobody had to be started anew
    stream.wait_for_event(house)


@contextmanager
def read_only(house: House) -> Iterator[None]:
    """The server takes nothing any more, as with a full disk whose host protects it, or after a switch to a standby."""

    def server(words: str) -> None:
        with psycopg.connect(house.url, autocommit=True) as line:
            line.execute(f"ALTER SYSTEM {words}".encode())
            line.execute("SELECT pg_reload_conf()")

    try:
        server("SET default_transaction_read_only = on")
        yield
    finally:
        server("RESET default_transaction_read_only")


def test_a_database_that_takes_nothing_for_a_while_is_a_refusal_and_all_goes_on_by_itself(
    house: House, record_property: Noted
) -> None:
    """F7: no 2xx without its row; nobody is started anew for it, and no submission is blamed."""
    house.flows("before-read-only")
    ids = {name: house.leader(name).pid for name in house.supervisor.watched}
    waiting = house.lead("waiting")
    with read_only(house):
        until(lambda: house.post({"email": "closed@closed.example"})[0] == 503, 5)
        bodies = [{"email": f"r{n}@r{n}.example", "name": f"R{n}", "company": f"r{n}"} for n in range(REFUSED)]
        answers = [post_within(house, body, 3.0) for body in bodies]
        assert {(status, headers["retry-after"]) for status, headers, _ in answers} == {(503, "5")}
        assert {json.loads(body)["code"] for _, _, body in answers} == {"database-away"}
        assert house.get("/healthz")[0] == 200
        time.sleep(house.patience.silence + 3)  # longer than a child may be silent while all is well
    began = time.monotonic()
    accepted = [waiting, *(json.loads(post_until_taken(house, body))["submission"] for body in bodies)]
    until(lambda: all_ended(house, accepted), 38, look=0.3)
    assert len(set(accepted)) == REFUSED + 1
    until(house.ready, 38, look=0.4)
    assert {name: house.leader(name).pid for name in ids} == ids
    record_property("n", REFUSED)
    record_property("measured", f"{REFUSED} refused with 503, all in {time.monotonic() - began:.1f} s after the end")


class Poster(threading.Thread):
    """A provider that posts one delivery after the other and writes down every answer before it goes on."""

    def __init__(self, house: House, name: str) -> None:
        super().__init__(daemon=True)
        self.house, self.of, self.over = house, name, threading.Event()
        self.answers: list[tuple[float, int, dict[str, str], bytes]] = []

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            name = f"{self.of}n{number}"
            began = time.monotonic()
            answer = self.house.post({"email": f"{name}@{name}.example", "name": name, "company": name})
            self.answers.append((time.monotonic() - began, *answer))
            time.sleep(0.02)

    def end(self) -> None:
        self.over.set()
        self.join(20)
        assert not self.is_alive()


def crash(house: House) -> None:
    """The server ends at once, as in a power cut, under everybody's hands."""
    files = cluster_files.files_of(house.var)
    server = cluster_files.postmaster(files.data)
    assert server is not None
    os.kill(server, signal.SIGQUIT)
    until(lambda: not postgres.alive(files), 10)


def test_whatever_was_accepted_while_the_database_crashed_is_in_the_ledger(house: House) -> None:
    """C10: no 2xx without its row, and what is refused is refused in time with Retry-After."""
    posters = [Poster(house, f"c{os.getpid()}p{number}") for number in range(4)]
    for poster in posters:
        poster.start()
    try:
        for _ in range(sized(2, 8)):
            time.sleep(1)
            crash(house)
            time.sleep(1)
            postgres.ensure(house.var)
            until(house.ready, 38, look=0.4)
    finally:
        for poster in posters:
            poster.end()
    answers = [answer for poster in posters for answer in poster.answers]
    refused = [(took, headers) for took, status, headers, _ in answers if status == 503]
    accepted = [json.loads(body)["submission"] for _, status, _, body in answers if status == 202]
    assert {status for _, status, _, _ in answers} == {202, 503}
    assert all(took < 3 and headers["retry-after"] == "5" for took, headers in refused)
    ((kept,),) = house.ask("SELECT count(*) FROM capture_submission WHERE id = ANY(%s)", accepted)
    assert kept == len(set(accepted)) == len(accepted)
    until(lambda: all_ended(house, accepted), 60, look=0.3)


def test_a_database_that_crashes_under_a_request_is_a_refusal_in_time(house: House) -> None:
    """C10: the request is in its statement when the server ends."""
    poster = Poster(house, f"held{os.getpid()}")
    try:
        with closing(psycopg.connect(house.url, autocommit=True)) as other:
            other.execute("BEGIN; LOCK TABLE capture_submission IN EXCLUSIVE MODE")
            poster.start()
            until(lambda: house.ask(WAITS_TO_INSERT), 10)
            crash(house)
            assert until(lambda: poster.answers, 3) < 3
    finally:
        poster.end()
        postgres.ensure(house.var)
    _, status, headers, _ = poster.answers[0]
    assert (status, headers["retry-after"]) == (503, "5")
    until(house.ready, 38, look=0.4)
    first = f"held{os.getpid()}n1@"
    assert not house.ask("SELECT 1 FROM capture_submission WHERE position(%s::bytea IN body) > 0", first.encode())


def page_and_json_refuse(house: House) -> None:
    status, headers, body = house.post({"email": "gone@gone.example"})
    assert (status, headers["retry-after"]) == (503, "5")
    assert headers["content-type"].startswith("application/problem+json")
    assert json.loads(body)["code"] == "database-away"
    began = time.monotonic()
    status, headers, body = house.get("/f/any", Accept="text/html")
    assert time.monotonic() - began < 3
    assert (status, headers["retry-after"]) == (503, "5")
    assert headers["content-type"].startswith("text/html")


def signed_in(house: House) -> str:
    """The cookie of a person who signed in as people do."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{house.port}/sign-in"
    browser.open(address, timeout=10).close()
    ((email,),) = house.ask("SELECT email FROM leadops_user ORDER BY email LIMIT 1")
    token = next(each.value for each in jar if each.name == "csrftoken")
    form = urllib.parse.urlencode({"email": email, "password": PASSWORD, "csrfmiddlewaretoken": token})
    browser.open(address, form.encode(), timeout=10).close()
    return "; ".join(f"{each.name}={each.value}" for each in jar)


def who_is_signed_in_is_refused_too(house: House, cookie: str) -> None:
    assert "sessionid=" in cookie
    for path in ("/inbox", "/leads", "/f/any", "/api/v1/leads"):
        status, headers, _ = house.get(path, Cookie=cookie)
        assert (path, status, headers.get("retry-after")) == (path, 503, "5")
        assert "default-src 'self'" in headers["content-security-policy"]


def post_within(house: House, body: dict[str, str], seconds: float) -> tuple[int, dict[str, str], bytes]:
    began = time.monotonic()
    answer = house.post(body)
    assert time.monotonic() - began < seconds
    return answer


def post_until_taken(house: House, body: dict[str, str]) -> bytes:
    """What a provider does: again, after a while, until it is taken."""
    for _ in range(40):
        status, _headers, answer = post_within(house, body, 3.0)
        if status in (200, 202):
            return answer
        assert status == 503, answer
        time.sleep(0.3)
    raise AssertionError("never taken")


def all_ended(house: House, submissions: list[str]) -> bool:
    query = "SELECT count(*) FROM capture_submission WHERE id = ANY(%s) AND \"end\" = 'created'"
    return bool(house.ask(query, submissions)[0][0] == len(submissions))


class Stream:
    """One open page."""

    def __init__(self, house: House) -> None:
        ((user,),) = house.ask("SELECT id FROM leadops_user ORDER BY email LIMIT 1")
        self.user = str(user)
        self.line = socket.create_connection(("127.0.0.1", house.port + 1), timeout=10)
        self.line.sendall(f"GET /live?token={token_for(self.user)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        until(lambda: b"retry: 1000" in self.line.recv(4096), 10)

    def wait_for_event(self, house: House) -> None:
        """The stream opened before the outage is still open and hears what is told after it."""
        self.line.settimeout(0.2)
        heard = b""
        deadline = time.monotonic() + 15
        while b"event: inbox" not in heard:
            assert time.monotonic() < deadline, "the open page heard nothing after the outage"
            house.ask("SELECT pg_notify('leadops_inbox', %s)", json.dumps([self.user]))
            try:
                heard += self.line.recv(4096)
            except TimeoutError:
                continue
        self.line.close()
