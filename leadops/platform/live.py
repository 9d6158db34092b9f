"""Server-sent events: tells open pages that something of theirs changed; carries no data and decides no right.

One LISTEN connection per process, fanned out to every open stream. Who listens is proved by a short-lived signed token.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import psycopg
from django.conf import settings
from django.core import signing
from django.db import connection

from leadops.platform.heartbeats import BEAT

log = logging.getLogger("leadops.live")
CHANNEL = "leadops_inbox"
SALT = "leadops.live"
TOKEN_AGE = 12 * 3600
MOST = 60  # open pages of one person in this process; those beyond ask every few seconds instead
PING = 15.0
STIR = 1.0  # seconds: however much happens, a page that watches the whole house hears it once
RETRY = 1.0  # seconds before a lost connection is made again
BEAT_EVERY = 5.0
SILENCE = 10.0  # seconds for an answer of the database: one that was frozen keeps its connections open

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def token_for(user_id: object) -> str:
    """Proof that the page was given to this user; valid for a working day."""
    return signing.dumps(str(user_id), salt=SALT)


def user_of(token: str) -> str | None:
    try:
        user: str = signing.loads(token, salt=SALT, max_age=TOKEN_AGE)
    except signing.BadSignature:
        return None
    return user


def own_pages() -> tuple[bytes, ...]:
    """Where pages that may read the stream from another port come from (demo and tests; behind a proxy it is one origin)."""
    return tuple(f"http://{host}:{settings.PORT}".encode() for host in ("127.0.0.1", "localhost"))


class Hub:
    """Every open stream of this process, by user."""

    def __init__(self) -> None:
        self.streams: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        self.watchers: set[asyncio.Queue[str]] = set()  # pages about the whole house
        self.stirring = False
        self.listener: asyncio.Task[None] | None = None
        self.sequence = 0

    def tell(self, user: str) -> None:
        self.sequence += 1
        for stream in self.streams.get(user, ()):
            self._put(stream, "inbox")

    def _put(self, stream: asyncio.Queue[str], kind: str) -> None:
        if stream.full():
            stream.get_nowait()  # the page asks for the present state anyway: the newest event is enough
        stream.put_nowait(f"id: {self.sequence}\nevent: {kind}\ndata: {{}}\n\n")

    def stir(self) -> None:
        """Something happened to somebody: the watchers hear that it did, not to whom, once in a while at most."""
        if self.watchers and not self.stirring:
            self.stirring = True
            asyncio.get_running_loop().call_later(STIR, self._stirred)

    def _stirred(self) -> None:
        self.stirring = False
        self.sequence += 1
        for stream in self.watchers:
            self._put(stream, "house")

    async def listen(self) -> None:
        """Follow the database's notifications for ever; a lost connection is made again and all pages look anew."""
        parameters = connection.get_connection_params()
        for own in ("cursor_factory", "context"):
            parameters.pop(own, None)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as ear:
                    async with asyncio.timeout(SILENCE):
                        await ear.execute(f"LISTEN {CHANNEL}")
                        await ear.execute(BEAT, ["live"])
                    for user in list(self.streams):
                        self.tell(user)
                    while True:
                        async for notice in ear.notifies(timeout=BEAT_EVERY):
                            self.pass_on(notice.payload)
                        async with asyncio.timeout(SILENCE):
                            await ear.execute(BEAT, ["live"])
            except (psycopg.Error, OSError) as fault:
                log.warning("listen lost: %s", str(fault).split("\n")[0] or type(fault).__name__)
                await asyncio.sleep(RETRY)

    def pass_on(self, payload: str) -> None:
        """A notification names its users; one that was cut short (too many of them) is for everybody."""
        try:
            users = [str(user) for user in json.loads(payload)]
        except (ValueError, TypeError):
            users = list(self.streams)
        for user in users:
            self.tell(user)
        self.stir()

    @contextlib.asynccontextmanager
    async def stream(self, user: str, house: bool = False) -> AsyncIterator[asyncio.Queue[str]]:
        """What is told to one open page; with `house` also that anything happened to anybody."""
        mine: asyncio.Queue[str] = asyncio.Queue(8)
        self.streams[user].add(mine)
        if house:
            self.watchers.add(mine)
        try:
            yield mine
        finally:
            self.watchers.discard(mine)
            self.streams[user].discard(mine)
            if not self.streams[user]:
                del self.streams[user]


hub = Hub()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _serve(user: str, house: bool, origin: bytes, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    if settings.MODE != "serve":
        headers.append((b"vary", b"Origin"))
        if origin in own_pages():
            headers.append((b"access-control-allow-origin", origin))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
    leaving = asyncio.create_task(_gone(receive))
    try:
        async with hub.stream(user, house) as mine:
            while not leaving.done():
                text = await _next_of(mine, leaving)
                if not leaving.done():
                    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    finally:
        leaving.cancel()


async def _next_of(mine: asyncio.Queue[str], leaving: asyncio.Task[None]) -> str:
    """The next event, or after a while of silence a comment that keeps the connection open."""
    waiting = asyncio.create_task(mine.get())
    try:
        await asyncio.wait({waiting, leaving}, timeout=PING, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else ": ping\n\n"
    finally:
        waiting.cancel()


async def _plain(send: Send, status: int, text: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            hub.listener = asyncio.create_task(hub.listen())
            await send({"type": "lifespan.startup.complete"})
        else:
            if hub.listener:
                hub.listener.cancel()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI door: GET /live?token=… streams, `&house=1` for pages about the whole house; anything else is 404."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http" or scope["path"] != "/live":
        await _plain(send, 404, b"not here\n")
        return
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    user = user_of(asked.get("token", [""])[0])
    if user is None:
        await _plain(send, 401, b"no valid token\n")
        return
    if len(hub.streams.get(user, ())) >= MOST:
        await _plain(send, 429, b"too many open pages\n")
        return
    origin = dict(scope["headers"]).get(b"origin", b"")
    await _serve(user, asked.get("house") == ["1"], origin, receive, send)
