"""What many tests start with, made once per process by the code itself and written again as rows for each test after it.

To publish the shipped settings takes a quarter of a second and leaves the same rows each time; a test that only starts
with them need not pay for it again. The numbers of the rows were given by their sequences once and are given to nobody
else; what triggers wrote is among the rows.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from leadops import shipped
from leadops.unit import Unit

publish = shipped.install  # the service itself


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows as one script, and what their maker answered."""

    tables: tuple[str, ...]
    script: str
    answer: bytes

    def write(self) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(self.script)
        return pickle.loads(self.answer)


kept: dict[str, Kept] = {}


def once(name: str, make: Callable[[], Any]) -> Any:
    """What `make` answers, with the rows it leaves: made by the first test that asks, written again for the others."""
    if shipped.install is publish:  # a server that gives no superuser: its triggers cannot be passed by
        return make()
    if name in kept:
        return kept[name].write()
    answer, kept[name] = learn(make)
    return answer


def learn(make: Callable[[], Any]) -> tuple[Any, Kept]:
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
        before = {table: _rows(cursor, table) for table in tables}
        answer = make()
        grown = {}
        for table in tables:
            after = _rows(cursor, table)
            assert before[table] <= after, f"rows of {table} that were there already are others now"
            if rows := sorted(after - before[table]):
                grown[table] = _insert(cursor, table, rows)
    role = "SET LOCAL session_replication_role"
    script = ";".join([f"{role} = replica", *grown.values(), f"{role} = origin"])
    return answer, Kept(tuple(grown), script, pickle.dumps(answer))


def _rows(cursor: Any, table: str) -> set[str]:
    cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
    return {row[0] for row in cursor.fetchall()}


def _insert(cursor: Any, table: str, rows: list[str]) -> str:
    """Every column but computed ones; the number of the transaction is that of the one which writes them again."""
    cursor.execute(
        "SELECT quote_ident(attname), quote_literal(%s), pg_current_xact_id()::text FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [f"[{','.join(rows)}]", table],
    )
    names, texts, numbers = zip(*cursor.fetchall(), strict=True)
    now = f"CASE xid WHEN {numbers[0]} THEN pg_current_xact_id()::text::bigint ELSE xid END"
    values = ", ".join(now if name == "xid" else name for name in names)
    records = f"jsonb_populate_recordset(NULL::{table}, {texts[0]})"
    return f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {records}"


# -- the shipped settings ---------------------------------------------------------------------------------

LANGUAGE = settings.HOUSE_LANGUAGE  # of the shipped sources' names


def learn_shipped() -> None:
    """Publish in the empty database, and undo it; from then on `shipped.install_defaults` writes those rows."""
    with transaction.atomic():
        _names, kept["shipped"] = learn(shipped.install_defaults)
        transaction.set_rollback(True)
    shipped.install = install


def install(unit: Unit) -> list[str]:
    """In the place of `shipped.install`; where anything is there already the service itself is at work."""
    asked = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in (*kept["shipped"].tables, "leadops_lead"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")
        (anything,) = cursor.fetchone()
    return publish(unit) if anything or settings.HOUSE_LANGUAGE != LANGUAGE else kept["shipped"].write()
