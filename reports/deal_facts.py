"""Keeps the facts of deals in step with deals and accounts: reads what the database noted, and builds them in slices.

The note of a change commits with it, so what nobody has read is always known: `unread` deals are counted directly.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from leadops import moment
from reports.models import DealChange, DealFact, FactsRead

NAME = "deals"
BATCH = 2000  # notes of one step
SLICE = 10_000  # deals of one step of a build
MANY = 2000  # unread deals above which all are counted directly
SUMS = ("reports_dealday", "reports_dealspan", "reports_dealopen")
COLUMNS = "deal, state, agent, product, sector, house_minor, opened_at, closed_at"
# one row per deal of %(deals)s: what DealFact holds
DEALS = """
SELECT o.id AS deal, o.state, o.owner_id AS agent, o.product, coalesce(a.industry, '') AS sector, o.house_minor,
       o.opened_at, o.closed_at
FROM leadops_opportunity o LEFT JOIN leadops_account a ON a.id = o.account_id WHERE o.id = ANY(%(deals)s)
"""
# deals that were noted, or whose account was
NOTED = """
SELECT c.deal FROM reports_dealchange c WHERE c.deal IS NOT NULL
UNION SELECT o.id FROM reports_dealchange c JOIN leadops_opportunity o ON o.account_id = c.account LIMIT %s
"""


def usable() -> list[uuid.UUID] | None:
    """The deals the sums have not read; None where counting all directly is right: not built, or too far behind."""
    row = _row()
    if row is None or row.built_at is None:
        return None
    found = _keys(NOTED, [MANY + 1])
    return None if len(found) > MANY else found


def due() -> bool:
    """Whether something is to be read or built."""
    row = _row()
    return row is None or row.built_at is None or DealChange.objects.exists()


def step() -> int:
    """Read or build a little; returns what was done, 0 = all is level. One at a time: `facts` sees to it."""
    row = _row()
    if row is None:
        begin()
        return 1
    return _slice() if row.built_at is None else _read()


@transaction.atomic
def begin() -> None:
    """Forget the facts of deals. What was noted until now is committed, and so will be built."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE reports_dealfact, {', '.join(SUMS)}")
        cursor.execute("DELETE FROM reports_dealchange")
    FactsRead.objects.update_or_create(
        name=NAME,
        defaults={
            "zone": settings.REPORTING_ZONE, "xid": 0, "entry": 0, "built_upto": None, "built_at": None,
            "read_at": moment.now(),
        },
    )  # fmt: skip


def rebuild() -> None:
    """Make them anew, whole."""
    begin()
    while step():
        pass


@transaction.atomic
def _slice() -> int:
    """Build the next deals; the last slice ends the build."""
    row = FactsRead.objects.select_for_update().get(name=NAME)
    after = "WHERE id > %s" if row.built_upto else ""
    sql = f"SELECT id FROM leadops_opportunity {after} ORDER BY id LIMIT %s"  # noqa: S608
    deals = _keys(sql, [*([row.built_upto] if row.built_upto else []), SLICE])
    if deals:
        _insert(deals)
        row.built_upto = deals[-1]
    else:
        row.built_at = moment.now()
    row.save(update_fields=["built_upto", "built_at"])
    return len(deals)


@transaction.atomic
def _read() -> int:
    """Take the oldest notes and renew the facts of their deals; what did not change is left alone, and so are its sums."""
    row = FactsRead.objects.select_for_update().get(name=NAME)
    notes = list(DealChange.objects.order_by("pk")[:BATCH])
    if not notes:
        return 0
    DealChange.objects.filter(pk__in=[note.pk for note in notes]).delete()
    deals = {note.deal for note in notes if note.deal}
    sql = "SELECT id FROM leadops_opportunity WHERE account_id = ANY(%s)"
    deals.update(_keys(sql, [[note.account for note in notes if note.account]]))
    write(sorted(deals))
    row.read_at = moment.now()
    row.save(update_fields=["read_at"])
    return len(notes)


def write(deals: Sequence[uuid.UUID]) -> None:
    """The facts of these deals as they are now."""
    asked = {"deals": list(deals)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM ({DEALS}) x", asked)  # noqa: S608
        fresh = {row[0]: row for row in cursor.fetchall()}
    stored = {row[0]: row for row in DealFact.objects.filter(pk__in=deals).values_list(*COLUMNS.split(", "))}
    changed = [deal for deal in deals if fresh.get(deal) != stored.get(deal)]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM reports_dealfact WHERE deal = ANY(%s)", [changed])
        _insert(changed)


def _insert(deals: Sequence[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO reports_dealfact ({COLUMNS}) {DEALS}", {"deals": list(deals)})


def _keys(sql: str, given: Sequence[Any]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [key for (key,) in cursor.fetchall()]


def _row() -> FactsRead | None:
    return FactsRead.objects.filter(name=NAME, zone=settings.REPORTING_ZONE).first()
