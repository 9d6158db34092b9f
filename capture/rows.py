"""Many rows of a table changed in one statement: the measured hot path of capture; it decides nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()  # Django's own encoder would cut microseconds
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> int:
    """Write the named columns of each row, each row its own values; equal to saving them one by one."""
    if not rows:
        return 0
    meta = rows[0]._meta
    by_name: dict[str, Any] = {field.name: field for field in meta.concrete_fields}
    key, *fields = (by_name[name] for name in (meta.pk.name if meta.pk else "id", *names))
    values = [{key.column: row.pk, **{f.column: getattr(row, f.attname) for f in fields}} for row in rows]
    quote = connection.ops.quote_name
    typed = ", ".join(f"{quote(f.column)} {f.db_type(connection)}" for f in (key, *fields))
    sets = ", ".join(f"{quote(f.column)} = v.{quote(f.column)}" for f in fields)
    table, pk = quote(meta.db_table), quote(key.column)
    statement = (
        f"UPDATE {table} SET {sets} FROM jsonb_to_recordset(%s::jsonb) AS v({typed}) WHERE {table}.{pk} = v.{pk}"  # noqa: S608
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(values, default=_plain)])
        return int(cursor.rowcount)
