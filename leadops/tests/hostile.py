"""Throws hostile input at the house in process and says what came back; what is right is said by the tests that use it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeVar

from django.core.signals import request_started
from django.db import close_old_connections, connection, transaction
from django.test import RequestFactory

from leadops.wsgi import application

OWN_PAGE = "a" * 32  # a cookie and its echo: what is posted comes from a page of ours, and is read
SLOWEST = 2.0  # seconds an answer may take
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """One answer; `seconds` is the shorter of two askings when the first was slow: the machine has other work."""

    status: int
    body: bytes
    seconds: float


def at_the_door(
    method: str, path: str, raw: bytes = b"", content_type: str | None = None, query: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Told:  # fmt: skip
    """Through the WSGI application itself, as a server would call it; whatever was written stays."""
    environ = RequestFactory().generic(method, path, raw).environ
    environ |= {"wsgi.input": BytesIO(raw), "HTTP_COOKIE": f"csrftoken={OWN_PAGE}", "HTTP_X_CSRFTOKEN": OWN_PAGE}
    if content_type is not None:
        environ["CONTENT_TYPE"] = _as_sent(content_type)
    if query is not None:
        environ["QUERY_STRING"] = _as_sent(query)
    for name, value in headers:
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_LENGTH" else f"HTTP_{key}"] = _as_sent(value)
    answered: list[int] = []
    request_started.disconnect(close_old_connections)  # as the test client does: the test's transaction stays open
    try:
        began = time.monotonic()
        body = b"".join(application(environ, lambda status, headers: answered.append(int(status[:3]))))
        return Told(answered[0], body, time.monotonic() - began)
    finally:
        request_started.connect(close_old_connections)


def _as_sent(text: str) -> str:
    """Header and query as WSGI hands them over: the bytes of the line, read as Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def undone(ask: Callable[[], Told]) -> Told:
    """What `ask` was told; what it wrote is taken back, after the database has judged it as a commit would."""
    with transaction.atomic():
        told = ask()
        if told.status < 400:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    return told


@dataclass(slots=True)
class Tally:
    """How many were thrown, by answer, and what no answer may be."""

    thrown: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def note(self, what: str, ask: Callable[[], Told]) -> Told:
        """Ask, and once more where the answer was slow; 5xx and twice slow are faults."""
        told = ask()
        if told.seconds > SLOWEST:
            again = ask()
            told = min(told, again, key=lambda one: one.seconds)
        self.thrown += 1
        self.answers[told.status] = self.answers.get(told.status, 0) + 1
        self.slowest = max(self.slowest, told.seconds)
        if told.status >= 500:
            self.faults.append(f"{what}: {told.status} {told.body[:200]!r}")
        if told.seconds > SLOWEST:
            self.faults.append(f"{what}: {told.seconds:.1f} s")
        return told

    @property
    def broken(self) -> int:
        """Answers that were a fault of ours."""
        return sum(count for status, count in self.answers.items() if status >= 500)

    def said(self) -> str:
        by = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        return f"{self.thrown} thrown ({by}), slowest {self.slowest:.2f} s, faults: {len(self.faults)}\n" + "\n".join(
            self.faults[:40]
        )


def some(items: Iterable[T], most: int, turn: int = 0) -> list[T]:
    """At most so many, spread over all; another turn takes others."""
    listed = list(items)
    step = max(1, len(listed) // most) if most else 1
    return list(itertools.islice(itertools.islice(listed, turn % step, None, step), most))


def endless(items: Iterable[T], stride: int = 7) -> Iterator[T]:
    """All of them over and over, neighbours apart, so that one form does not get ten of a kind."""
    listed = list(items)
    while len(listed) % stride == 0:
        stride += 1
    return (listed[number * stride % len(listed)] for number in itertools.count())
