"""Tables bare of keys and indexes, to be loaded at full speed, and dressed again; only in a database to measure in.

What comes back is read from the database before it goes: nothing here knows a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg import sql

MEMORY = "512MB"  # of each that makes an index
# the processors have their hands full until the last index is made: then it is helped
HELPERS = 1


@dataclass(frozen=True, slots=True)
class Undressed:
    """Statements that bring back what went: indexes by table, keys of tables that have them as indexes again, and the keys
    between tables."""

    indexes: dict[str, list[str]]
    keys: list[str]
    between: list[str]


INDEXES = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, c.contype,
       c.condeferrable, c.condeferred
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
WHERE i.indrelid = ANY(%s::regclass[]) ORDER BY pg_relation_size(i.indrelid) DESC, 2
"""
BETWEEN = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND (conrelid = ANY(%s::regclass[]) OR confrelid = ANY(%s::regclass[])) ORDER BY oid
"""


def strip(tables: Sequence[str]) -> Undressed:
    """Drop all keys and indexes of these tables and what points at them, but for keys that exclude ranges."""
    named = [f'"{table}"' for table in tables]
    undressed = Undressed({table: [] for table in tables}, [], [])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BETWEEN, [named, named])
        for table, name, told in cursor.fetchall():
            undressed.between.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {told}')
            cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name)))
        cursor.execute(INDEXES, [named])
        for table, index, told, name, kind, *deferred in cursor.fetchall():
            if kind == "x":
                continue
            undressed.indexes[table.strip('"')].append(told)
            if name is None:
                cursor.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(index)))
                continue
            undressed.keys.append(
                f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {"PRIMARY KEY" if kind == "p" else "UNIQUE"} USING INDEX {index}'
                + (" DEFERRABLE" if deferred[0] else "") + (" INITIALLY DEFERRED" if deferred[1] else "")
            )  # fmt: skip
            cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name)))
    return undressed


def begin_anew(cursor: Any, table: str) -> None:
    """In this transaction: its rows in a new file, which a COPY that follows may freeze."""
    name = sql.Identifier(table)
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [f'"{table}"'],
    )
    columns = sql.SQL(", ").join([sql.Identifier(column) for (column,) in cursor.fetchall()])
    cursor.execute(sql.SQL("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT {} FROM {}").format(columns, name))
    cursor.execute(sql.SQL("TRUNCATE {}").format(name))
    cursor.execute(sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM kept").format(name, columns))


def make_index(told: str) -> None:
    """One of them, in a connection of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', false), set_config('maintenance_work_mem', %s, false),"
                       " set_config('max_parallel_maintenance_workers', %s, false)", [MEMORY, str(HELPERS)])  # fmt: skip
        cursor.execute(told)


def dress(undressed: Undressed) -> None:
    """The keys: those of the tables first, which have their indexes; then those between them, each checked as it comes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, true)", [MEMORY])
        for told in (*undressed.keys, *undressed.between):
            cursor.execute(told)
