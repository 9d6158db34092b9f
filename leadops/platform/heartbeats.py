"""Signs of progress: each process writes its row when it has really done something; the parent and /readyz read them.

Real time of the database, never business time: a moved demo clock must not look like a hung process.
"""

from __future__ import annotations

from django.db import connection

BEAT = """
INSERT INTO leadops_heartbeat (name, at, detail) VALUES (%s, clock_timestamp(), '{}')
ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""
AGE = "SELECT name, extract(epoch FROM clock_timestamp() - at)::float FROM leadops_heartbeat"


def beat(name: str) -> None:
    """Note that `name` made progress now. Run as a task it proves that a cluster takes and finishes work."""
    with connection.cursor() as cursor:
        cursor.execute(BEAT, [name])


def ages() -> dict[str, float]:
    """Seconds since each heartbeat."""
    with connection.cursor() as cursor:
        cursor.execute(AGE)
        return dict(cursor.fetchall())
