"""Many leads from few: copies of lived leads with new ids, names and times, by COPY; only in a database to measure in."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from psycopg import sql

from benchmarks import patterns
from benchmarks.patterns import Pattern
from leadops.models import Account, Lead

PER_FIRM = 4  # copies that share a company
MANY = 20_000  # from here on indexes are made afterwards
CHUNK = 500  # copies of a life in one transaction
PERSON, FIRM = 10_000_000, 40_000_000  # their numbers begin here, as long as those of the lives
Words = dict[str, str]


def write(lived: Sequence[Pattern], leads: int, since: datetime, until: datetime, start: int = 0) -> None:
    """So many copies, in the shares of their stories, evenly over [since, until); gives statistics as autovacuum would.

    `start` is how many copies there are already.
    """
    many = leads >= MANY
    laid_down = _lay_down_indexes(lived) if many else []
    first = {table: _first(table) for table in {table for pattern in lived for table in pattern.counts}}
    whole = sum(pattern.share for pattern in lived)
    made, share = start, 0
    _jobs.clear()
    for place, pattern in enumerate(lived):
        share += pattern.share
        upto = start + leads * share // whole
        _jobs.append(_Job(pattern, place, range(made, upto), dict(first), (since, until)))
        for table, count in pattern.counts.items():
            first[table] += count * (upto - made)
        made = upto
    if many:
        _do_beside_each_other()
    else:
        for number in range(len(_jobs)):
            _do(number)
    with connection.cursor() as cursor:
        for table, number in first.items():
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, number])
        _settle()
    _make_indexes(laid_down)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # the patience of a page is none for a whole database
        cursor.execute("ANALYZE")
        cursor.execute("RESET statement_timeout")


def _make_indexes(definitions: Sequence[str]) -> None:
    """The indexes laid down before, by one connection per processor; each is whole in one go."""
    if not definitions:
        return
    connection.close()  # a connection does not survive being shared by two processes
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as makers:
        for _made in makers.imap_unordered(_make_index, definitions):
            pass


def _make_index(definition: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SET max_parallel_maintenance_workers = 0")  # the processors have their hands full
        cursor.execute(definition)


def _lay_down_indexes(lived: Sequence[Pattern]) -> list[str]:
    """Drop what only finds rows, to be made whole in one go afterwards; its definitions."""
    tables = sorted({model._meta.db_table for pattern in lived for model, _text in pattern.rows})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE NOT i.indisunique AND NOT i.indisexclusion AND i.indrelid = ANY(%s::regclass[]) ORDER BY c.relname",
            [tables],
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _name, definition in found]


@dataclass(slots=True)
class _Job:
    """The copies of one life: which numbers they bear, and where the numbers of their rows begin."""

    pattern: Pattern
    place: int
    numbers: range
    first: dict[str, int]
    span: tuple[datetime, datetime]


_jobs: list[_Job] = []  # what the writers inherit: a pattern cannot be sent to another process


def _do_beside_each_other() -> None:
    """One writer per processor, each with a connection of its own."""
    connection.close()  # a connection does not survive being shared by two processes
    largest = sorted(range(len(_jobs)), key=lambda number: -len(_jobs[number].numbers))
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), _alone) as writers:
        for _done in writers.imap_unordered(_do, largest):
            pass


def _alone() -> None:
    """Forget, unclosed, what the parent has open: where it runs a loop (a browser's driver) this is another than it closed."""
    connection.connection = None


def _do(number: int) -> None:
    job = _jobs[number]
    for chunk in _chunks(_copies(job.pattern, job.place, job.numbers, job.first, job.span)):
        _write(job.pattern, chunk)


def _write(pattern: Pattern, chunk: Sequence[tuple[bool, Words]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        if _trusted():
            cursor.execute("SET LOCAL session_replication_role = replica")
        for model, text in pattern.rows:
            rows = [text % words for begins, words in chunk if begins or model is not Account]
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(model._meta.db_table), patterns.names(model)
            )
            with cursor.copy(into) as door:
                door.write("".join(rows))


def _trusted() -> bool:
    """Whether keys may go unchecked: copies point at each other as rows did that passed every check."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        return bool(cursor.fetchone()[0])


def _copies(
    pattern: Pattern, place: int, numbers: range, first: dict[str, int], span: tuple[datetime, datetime]
) -> Iterator[tuple[bool, Words]]:
    """(whether it is the first of its company, what stands in its gaps) of each copy."""
    life, (since, until) = pattern.life, span
    step = (until - since - (pattern.ends_at - life.born_at)) / max(1, len(numbers))
    account = str(Lead.objects.values_list("account", flat=True).get(pk=life.lead))
    shared = ""
    for twin, number in enumerate(numbers):
        whole = since - life.born_at + step * (twin + (place * 7 % 60) / 61)
        shift = timedelta(weeks=whole.days // 7)  # working hours and the days of the figures stay true to each other
        begins = twin % PER_FIRM == 0
        milli = int((life.born_at + shift).timestamp() * 1000)
        words = {key: _id(milli + i, place, number, i) for i, key in enumerate(pattern.ids)}
        shared = words[account] if begins else shared
        words |= {account: shared, str(life.person): str(PERSON + number)}
        words[str(life.firm)] = str(FIRM + number - twin % PER_FIRM)
        for text, (at, zone) in pattern.times.items():
            words[text] = (at + shift).isoformat(text[10]) + zone
        for name, day in pattern.days.items():
            words[name] = (day + timedelta(days=shift.days)).isoformat()
        for table, count in pattern.counts.items():
            words |= {f"{table} {i}": str(first[table] + i) for i in range(count)}
            first[table] += count
        words |= {name: made(words) for name, made in pattern.derived.items()}
        yield begins, words


def _id(milli: int, place: int, number: int, i: int) -> str:
    """An id as `ids.uuid7` makes them, of its copy alone."""
    h = f"{milli << 80 | 7 << 76 | place % 4096 << 64 | 2 << 62 | 1 << 61 | number << 16 | i:032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _chunks(copies: Iterator[tuple[bool, Words]]) -> Iterator[list[tuple[bool, Words]]]:
    chunk: list[tuple[bool, Words]] = []
    for copy in copies:
        chunk.append(copy)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _first(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])


def _settle() -> None:
    """Running credits as the sum of their rows: the only figure here that is not a lead's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routing_poolcredit c SET credit = s.credit, taken = s.taken, last_at = s.at FROM ("
            " SELECT pool_id, rep_id, sum(delta) AS credit, max(at) FILTER (WHERE why = 'paid') AS at,"
            " count(*) FILTER (WHERE why = 'paid') - count(*) FILTER (WHERE why = 'given_back' AND delta > 0) AS taken"
            " FROM routing_creditentry GROUP BY 1, 2) s WHERE s.pool_id = c.pool_id AND s.rep_id = c.rep_id"
        )
