"""The event stream: only its user's events, at once, over one database connection for all pages; who may read it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import pytest
from django.conf import settings
from django.core import signing
from django.db import connection

from leadops.access import system
from leadops.platform import heartbeats, live
from leadops.unit import in_unit

T = TypeVar("T")
ANNA, BEN = str(uuid.uuid4()), str(uuid.uuid4())
QUICK = 0.2  # seconds from the commit's NOTIFY to the page


def in_a_loop(play: Coroutine[Any, Any, T]) -> T:
    """Its own, in a thread: in this one a browser of an earlier test may keep one running."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(asyncio.run, play).result()


class Page:
    """One open stream, spoken to as an ASGI server does."""

    def __init__(self, token: str, origin: str = "", path: str = "/live") -> None:
        self.headers: dict[bytes, bytes] = {}
        self.status = 0
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.closed = asyncio.Event()
        headers = [(b"origin", origin.encode())] if origin else []
        scope = {"type": "http", "path": path, "query_string": f"token={token}".encode(), "headers": headers}
        self.task = asyncio.create_task(live.application(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, object]:
        await self.closed.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.heard.put_nowait(message["body"].decode())

    async def opened(self) -> Page:
        assert "retry:" in await asyncio.wait_for(self.heard.get(), 2)
        return self

    async def event(self, within: float = 2.0) -> str:
        return await asyncio.wait_for(self.heard.get(), within)

    async def silent(self, seconds: float = 0.3) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.heard.get(), seconds)

    async def leave(self) -> None:
        self.closed.set()
        await asyncio.wait_for(self.task, 2)


class Running:
    """The application between its start-up and shutdown, with a hub of its own."""

    async def __aenter__(self) -> Running:
        self.inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.said: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.task = asyncio.create_task(live.application({"type": "lifespan"}, self.inbox.get, self.said.put))
        self.inbox.put_nowait({"type": "lifespan.startup"})
        assert (await self.said.get())["type"] == "lifespan.startup.complete"
        await eventually(lambda: in_thread(listeners), 1)
        await asyncio.sleep(0.1)  # it has told the pages of its first look
        return self

    async def __aexit__(self, *_: object) -> None:
        self.inbox.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait_for(self.task, 2)


@pytest.fixture(autouse=True)
def _own_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "hub", live.Hub())
    monkeypatch.setattr(live, "RETRY", 0.1)


def ask(query: str, *values: object) -> list[tuple[object, ...]]:
    parameters = {k: v for k, v in connection.get_connection_params().items() if k not in ("cursor_factory", "context")}
    with psycopg.connect(**parameters, autocommit=True) as other:
        cursor = other.execute(query, values)
        return cursor.fetchall() if cursor.description else []


async def in_thread(act: Callable[[], object]) -> object:
    return await asyncio.to_thread(act)


async def eventually(wanted: Callable[[], Awaitable[object]], value: object, patience: float = 5.0) -> None:
    until = time.monotonic() + patience
    while await wanted() != value:
        assert time.monotonic() < until, "it never happened"
        await asyncio.sleep(0.02)


LISTENING = (
    "datname = current_database() AND query ~ '^(LISTEN leadops_inbox|.*leadops_heartbeat)' AND pid <> pg_backend_pid()"
)


def listeners() -> int:
    """Connections that listen and have given their first sign of life."""
    return len(ask(f"SELECT 1 FROM pg_stat_activity WHERE {LISTENING} AND query LIKE %s", "%leadops_heartbeat%"))


def tell(*users: str) -> None:
    ask("SELECT pg_notify(%s, %s)", live.CHANNEL, json.dumps(users))


def wake_by_a_unit(user: str) -> None:
    """What every service does: the event leaves with the commit of its unit."""
    in_unit(lambda unit: unit.wake("inbox", user), actor=system("test"))
    connection.close()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        lambda: live.token_for(ANNA)[:-1] + "x",
        lambda: live.token_for(ANNA).replace(live.token_for(ANNA).split(":")[0], live.token_for(BEN).split(":")[0]),
        lambda: signing.dumps(ANNA, salt="another"),
        lambda: signing.dumps(ANNA, key="x" * 50, salt=live.SALT),
    ],
    ids=["none", "nonsense", "changed", "another user's name on it", "another purpose", "another key"],
)
def test_without_a_valid_token_there_is_no_stream(token):
    async def visit() -> Page:
        page = Page(token() if callable(token) else token)
        await page.task
        return page

    assert in_a_loop(visit()).status == 401


def test_a_token_ends_with_the_working_day(monkeypatch):
    token = live.token_for(ANNA)
    assert live.user_of(token) == ANNA
    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + live.TOKEN_AGE + 5)
    assert live.user_of(token) is None


def test_there_is_nothing_else_at_this_door():
    async def visit() -> Page:
        page = Page(live.token_for(ANNA), path="/inbox")
        await page.task
        return page

    assert in_a_loop(visit()).status == 404


@pytest.mark.django_db(transaction=True)
def test_an_event_reaches_its_user_at_once_and_nobody_else():
    async def play() -> None:
        async with Running():
            anna, ben = (await Page(live.token_for(ANNA)).opened(), await Page(live.token_for(BEN)).opened())
            await in_thread(lambda: tell(ANNA))
            began = time.monotonic()
            assert "event: inbox" in await anna.event(QUICK)
            assert time.monotonic() - began < QUICK
            await ben.silent()
            await in_thread(lambda: wake_by_a_unit(BEN))
            heard = await ben.event(QUICK)
            assert "event: inbox\ndata: {}\n\n" in heard  # it carries no data
            await anna.silent()
            await anna.leave()
            await ben.leave()

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_one_person_cannot_hold_more_pages_than_anybody_opens(monkeypatch):
    """Beyond that a page asks every few seconds; who leaves one makes room, and others are not concerned."""
    monkeypatch.setattr(live, "MOST", 2)

    async def play() -> None:
        async with Running():
            first, second = await Page(live.token_for(ANNA)).opened(), await Page(live.token_for(ANNA)).opened()
            refused = Page(live.token_for(ANNA))
            assert "too many" in await refused.event() and refused.status == 429
            other = await Page(live.token_for(BEN)).opened()
            await first.leave()
            third = await Page(live.token_for(ANNA)).opened()
            assert (second.status, other.status, third.status) == (200, 200, 200)
            for page in (second, other, third):
                await page.leave()

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_fifty_pages_share_one_database_connection_and_free_what_they_held():
    async def play() -> None:
        async with Running():
            pages = [await Page(live.token_for(ANNA)).opened() for _ in range(50)]
            assert await in_thread(listeners) == 1
            assert len(live.hub.streams[ANNA]) == 50
            await in_thread(lambda: tell(ANNA))
            for page in pages:
                assert "event: inbox" in await page.event(1.0)
            for page in pages:
                await page.leave()
            assert live.hub.streams == {}
            assert len([task for task in asyncio.all_tasks() if "_gone" in repr(task)]) == 0

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_connection_is_made_again_and_pages_look_anew():
    async def play() -> None:
        async with Running():
            anna = await Page(live.token_for(ANNA)).opened()
            await in_thread(lambda: ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENING}"))
            assert "event: inbox" in await anna.event(3.0)  # told unasked: it may have missed something
            await in_thread(lambda: tell(ANNA))
            assert "event: inbox" in await anna.event(1.0)
            await anna.leave()

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_a_notification_cut_short_is_for_everybody_and_ends_nothing():
    async def play() -> None:
        async with Running():
            anna = await Page(live.token_for(ANNA)).opened()
            await in_thread(lambda: ask("SELECT pg_notify(%s, %s)", live.CHANNEL, f'["{ANNA}", "{BEN[:9]}'))
            assert "event: inbox" in await anna.event(1.0)
            await in_thread(lambda: tell(ANNA))
            assert "event: inbox" in await anna.event(1.0)
            await anna.leave()

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_a_page_about_the_house_hears_once_that_something_happened_and_the_others_nothing():
    async def play() -> None:
        async with Running():
            watching = await Page(f"{live.token_for(ANNA)}&house=1").opened()
            plain = await Page(live.token_for(ANNA)).opened()
            for _ in range(20):
                await in_thread(lambda: tell(BEN))
            assert "event: house" in await watching.event(live.STIR + 1)
            await watching.silent(live.STIR + 0.3)
            await plain.silent(0.1)
            for page in (watching, plain):
                await page.leave()
            assert not live.hub.watchers

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_a_slow_page_keeps_the_newest_events_only():
    hub = live.Hub()

    async def play() -> None:
        async with hub.stream(ANNA) as mine:
            for _ in range(100):
                hub.tell(ANNA)
            assert mine.qsize() == 8
            assert [mine.get_nowait().split("\n")[0] for _ in range(8)][-1] == "id: 100"

    in_a_loop(play())


@pytest.mark.django_db(transaction=True)
def test_live_gives_signs_of_life():
    async def play() -> None:
        async with Running():

            async def beats() -> object:
                return await in_thread(lambda: bool(ask("SELECT 1 FROM leadops_heartbeat WHERE name = 'live'")))

            await eventually(beats, True)

    in_a_loop(play())
    assert heartbeats.ages()["live"] < 10


@pytest.mark.parametrize(
    ("mode", "origin", "allowed"),
    [
        ("demo", f"http://127.0.0.1:{settings.PORT}", True),
        ("demo", f"http://localhost:{settings.PORT}", True),
        ("demo", f"http://localhost:{settings.PORT + 1}", False),
        ("demo", "https://evil.example", False),
        ("demo", "null", False),
        ("serve", f"http://127.0.0.1:{settings.PORT}", False),
    ],
)
def test_only_our_own_pages_may_read_the_stream_from_another_port(monkeypatch, mode, origin, allowed):
    monkeypatch.setattr(settings, "MODE", mode)

    async def play() -> Page:
        page = await Page(live.token_for(ANNA), origin).opened()
        await page.leave()
        return page

    page = in_a_loop(play())
    assert page.headers.get(b"access-control-allow-origin") == (origin.encode() if allowed else None)
