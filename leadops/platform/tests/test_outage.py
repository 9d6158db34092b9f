"""A database that goes away and returns under a running house: clear refusals meanwhile, and afterwards everything is in."""

from __future__ import annotations

import json
import socket
import time

import pytest

from leadops.platform import postgres
from leadops.platform.live import token_for
from leadops.platform.tests.house import House, until

pytestmark = pytest.mark.processes
AWAY = 6.0
POSTED = 20


def test_a_database_that_goes_away_and_returns_loses_nothing(house: House) -> None:
    house.flows("before-outage")
    ids = {name: house.leader(name).pid for name in ("web", "live")}
    stream = Stream(house)
    postgres.stop(house.var)
    gone = time.monotonic()
    page_and_json_refuse(house)
    bodies = [{"email": f"o{n}@o{n}.example", "name": f"O{n}", "company": f"o{n}"} for n in range(POSTED)]
    refused = [post_within(house, body, 3.0)[0] for body in bodies]
    assert set(refused) == {503}
    assert house.get("/healthz")[0] == 200
    assert house.get("/readyz")[0] == 503
    time.sleep(max(0.0, AWAY - (time.monotonic() - gone)))
    postgres.ensure(house.var)
    accepted = [json.loads(post_until_taken(house, body))["submission"] for body in bodies]
    until(lambda: all_ended(house, accepted), 38, look=0.3)
    assert len(set(accepted)) == POSTED
    until(house.ready, 38, look=0.4)  # ticker, live and both clusters beat again
    assert {name: house.leader(name).pid for name in ids} == ids  # nobody had to be started anew
    stream.wait_for_event(house)


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
