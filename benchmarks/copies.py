"""Many leads from few: copies of lived leads with new ids, names and times, by COPY; only in a database to measure in."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat
from multiprocessing import get_context
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from benchmarks import bare, patterns
from benchmarks.patterns import Pattern, Table, Text, Word
from leadops.models import Account
from reports import deal_facts
from reports.models import AskingFact, LeadFact
from routing import workload

PER_FIRM = 4  # copies that share a company
MANY = 20_000  # from here on keys and indexes are made afterwards
ONE_PART = 256  # copies of a life, where there are many
MOST_PARTS = 52  # of the span: rows lie in the tables about as they would have come
PERSON, FIRM = 10_000_000, 40_000_000  # their numbers begin here, as long as those of the lives
SUMMED = (LeadFact, AskingFact)  # what comes into them is added to the sums of the reports
COMPRESSION = "default_toast_compression"  # the server's own takes longer than all else together
DAY = 86_400_000_000  # microseconds


def write(lived: Sequence[Pattern], leads: int, since: datetime, until: datetime) -> None:
    """So many copies, in the shares of their stories, evenly over [since, until)."""
    _parts[:] = _parted(lived, leads, since, until)
    models = [model for model in patterns.tables() if any(model in pattern.rows for pattern in lived)]
    if leads >= MANY and _trusted():
        _do_beside_each_other(models)
    else:
        for part in _parts:
            with transaction.atomic(), connection.cursor() as cursor:
                _trust(cursor)
                for model in models:
                    _copy(cursor, model, [part])
    with connection.cursor() as cursor:
        _number_on(cursor)
        _settle(cursor)
    deal_facts.rebuild()  # few beside the leads: their own reader makes them


# -- which copies there are ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """The copies of one life that fall into one part of the span: their numbers, the days by which each is later (whole
    weeks: working hours and the days of the figures stay true to each other), and where the numbers of their rows begin."""

    pattern: Pattern
    place: int
    numbers: range
    days: list[int]
    first: dict[str, int]
    words: dict[Word, list[bytes]] = field(default_factory=dict)


_parts: list[_Part] = []  # what the writers inherit: a pattern cannot be sent to another process


def _parted(lived: Sequence[Pattern], leads: int, since: datetime, until: datetime) -> list[_Part]:
    """All copies, those of each part of the span together: of every life a whole number of companies, then the rest."""
    first = {table: _first(table) for table in {table for pattern in lived for table in pattern.counts}}
    whole, share, made = sum(pattern.share for pattern in lived), 0, 0
    many = max(1, min(MOST_PARTS, leads // (len(lived) * ONE_PART)))
    of_span: list[list[_Part]] = [[] for _part in range(many)]
    for place, pattern in enumerate(lived):
        share += pattern.share
        numbers = range(made, leads * share // whole)
        days = _shifts(pattern, place, len(numbers), since, until)
        made = numbers.stop
        steps = [len(numbers) // PER_FIRM * n // many * PER_FIRM for n in range(many)]
        for part, begin, end in zip(of_span, steps, [*steps[1:], len(numbers)], strict=True):
            part.append(_Part(pattern, place, numbers[begin:end], days[begin:end], {}))
    parts = [part for parts in of_span for part in parts if part.numbers]
    for part in parts:
        part.first = dict(first)
        for table, count in part.pattern.counts.items():
            first[table] += count * len(part.numbers)
    return parts


def _shifts(pattern: Pattern, place: int, many: int, since: datetime, until: datetime) -> list[int]:
    """Days by which each copy of this life is later than it: its last row is still before the end."""
    born = pattern.life.born_at
    step = (until - since - (pattern.ends_at - born)) / max(1, many)
    return [(since - born + step * (twin + (place * 7 % 60) / 61)).days // 7 * 7 for twin in range(many)]


def _first(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT coalesce(max(id), 0) + 1 FROM {}").format(sql.Identifier(table)))
        return int(cursor.fetchone()[0])


# -- what stands in the gaps ---------------------------------------------------------------------------------


def rows_of(part: _Part, model: Table) -> bytes:
    """Its rows of a table, as binary COPY takes them; a company comes with the first of its leads."""
    text = part.pattern.rows.get(model)
    if text is None:
        return b""
    step = PER_FIRM if model is Account else 1
    return b"".join(chain.from_iterable(_filled(part, text, step)))


def _filled(part: _Part, text: Text, step: int = 1) -> Iterator[tuple[bytes, ...]]:
    """The parts and what stands between them, for every `step`th copy."""
    columns: list[Any] = []
    for before, word in zip(text.parts, text.gaps, strict=False):
        columns += [repeat(before), _words(part, word)[::step]]
    many = len(part.numbers[::step])
    return zip(*columns, repeat(text.parts[-1], many), strict=False)


def _words(part: _Part, word: Word) -> list[bytes]:
    """What stands in this gap of each copy."""
    known = part.words.get(word)
    if known is None:
        known = part.words[word] = list(_made(part, word))
    return known


def _made(part: _Part, word: Word) -> Iterator[bytes]:
    what = word.what
    match word.kind:
        case "id":
            return _ids(part, what)
        case "name":
            return (_named(key.hex()) for key in _words(part, Word("id", what)))
        case "at":
            return _each_day(part, lambda days: struct.pack(">q", what + days * DAY))
        case "day":
            since = date.fromisoformat(what)
            return _each_day(part, lambda days: (since + timedelta(days=days)).isoformat().encode())
        case "date":
            return _each_day(part, lambda days: struct.pack(">i", what + days))
        case "row":
            table, place = what
            begin, many = part.first[table] + place, part.pattern.counts[table]
            return (struct.pack(">q", begin + many * twin) for twin in range(len(part.numbers)))
        case "person":
            return (b"%d" % (PERSON + number) for number in part.numbers)
        case "firm":
            return (b"%d" % (FIRM + number) for number in _of_company(part.numbers))
        case "body" | "facts":
            before, text = part.pattern.hashed[word]
            return (hashlib.sha256(before + b"".join(told)).digest() for told in _filled(part, text))
    raise LookupError(f"nothing is known of {word}")


def _each_day(part: _Part, made: Any) -> Iterator[bytes]:
    known = {days: made(days) for days in set(part.days)}
    return (known[days] for days in part.days)


def _of_company(numbers: Sequence[Any]) -> list[Any]:
    """For each of these, what the first of its company has; a part begins with one."""
    return [numbers[twin - twin % PER_FIRM] for twin in range(len(numbers))]


def _ids(part: _Part, place: int) -> Iterator[bytes]:
    """Ids as `ids.uuid7` makes them, of their copies alone; of the company they share, the first one's."""
    born = int(part.pattern.life.born_at.astimezone(UTC).timestamp() * 1000) + place
    upper = _each_day(
        part, lambda days: struct.pack(">Q", born + days * 86_400_000 << 16 | 7 << 12 | part.place % 4096)
    )
    lower = (struct.pack(">Q", 2 << 62 | 1 << 61 | number << 16 | place) for number in part.numbers)
    made = [a + b for a, b in zip(upper, lower, strict=True)]
    return iter(_of_company(made) if place == part.pattern.account else made)


def _named(text: str) -> bytes:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()


# -- into the database ---------------------------------------------------------------------------------------


def _copy(cursor: Any, model: Table, parts: Sequence[_Part], how: str = "") -> None:
    """Their rows of a table, in one COPY."""
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary{})").format(
        sql.Identifier(model._meta.db_table), patterns.names(model), sql.SQL(how)
    )
    if model in SUMMED and _trusted():
        cursor.execute("SET LOCAL session_replication_role = origin")
    with cursor.copy(into) as door:
        door.write(patterns.HEADER)
        for part in parts:
            door.write(rows_of(part, model))
            if len(parts) > 1:
                part.words.clear()
        door.write(patterns.TRAILER)
    if model in SUMMED:
        _trust(cursor)


def _do_beside_each_other(models: Sequence[Table]) -> None:
    """The tables, bare of keys and indexes, by one writer per processor, each as a whole; what was taken off them comes
    back as soon as they are full, the keys between them last."""
    undressed = bare.strip([model._meta.db_table for model in models])
    connection.close()  # a connection does not survive being shared by two processes
    heavy = {model: sum(_weight(part, model) for part in _parts) for model in models}
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork"), _alone) as writers:
        waiting: dict[Future[None], Sequence[str]] = {
            writers.submit(_load, model): undressed.indexes[model._meta.db_table]
            for model in sorted(models, key=lambda model: (model not in SUMMED, -heavy[model]))  # sums take longest
        }
        while waiting:
            done, _others = wait(waiting, return_when=FIRST_COMPLETED)
            for one in done:
                one.result()
                waiting |= {writers.submit(bare.make_index, made): () for made in waiting.pop(one)}
    bare.dress(undressed)


def _weight(part: _Part, model: Table) -> int:
    text = part.pattern.rows.get(model)
    return sum(map(len, text.parts)) * len(part.numbers) if text else 0


def _alone() -> None:
    """Forget, unclosed, what the parent has open: where it runs a loop (a browser's driver) this is another than it closed."""
    connection.connection = None


def _load(model: Table) -> None:
    """One table as a whole; in place of its file a new one, so that its pages are frozen when they are written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(
            "SELECT set_config(name, 'lz4', true) FROM pg_settings WHERE name = %s AND 'lz4' = ANY(enumvals)",
            [COMPRESSION],
        )
        _trust(cursor)
        bare.begin_anew(cursor, model._meta.db_table)
        _copy(cursor, model, _parts, ", FREEZE")


def _trust(cursor: Any) -> None:
    """Keys go unchecked: copies point at each other as rows did that passed every check."""
    cursor.execute("SET LOCAL synchronous_commit = off")
    if _trusted():
        cursor.execute("SET LOCAL session_replication_role = replica")


def _trusted() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        return bool(cursor.fetchone()[0])


def _number_on(cursor: Any) -> None:
    """What comes after the copies is numbered after them."""
    for table in {table for part in _parts for table in part.first}:
        key = sql.Identifier(table)
        cursor.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM {}))").format(key), [table]
        )


def _settle(cursor: Any) -> None:
    """Running credits as the sum of their rows, and how many open leads each owner has: the only figures here that are not a
    lead's own. What was copied counts as read by the facts, which came with it."""
    cursor.execute("SET statement_timeout = 0")  # the patience of a page is none for a whole database
    cursor.execute(
        "UPDATE routing_poolcredit c SET credit = s.credit, taken = s.taken, last_at = s.at FROM ("
        " SELECT pool_id, rep_id, sum(delta) AS credit, max(at) FILTER (WHERE why = 'paid') AS at,"
        " count(*) FILTER (WHERE why = 'paid') - count(*) FILTER (WHERE why = 'given_back' AND delta > 0) AS taken"
        " FROM routing_creditentry GROUP BY 1, 2) s WHERE s.pool_id = c.pool_id AND s.rep_id = c.rep_id"
    )
    workload.settle()
    cursor.execute("UPDATE reports_factsread SET xid = (SELECT max(xid) FROM leadops_journalentry)")
    cursor.execute("RESET statement_timeout")
