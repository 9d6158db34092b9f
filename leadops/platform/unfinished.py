"""The mark that a restore began and has not ended: a schema of its own, which survives that `public` is dropped. Knows no Django.

It is made in the transaction that drops what was here, and goes with the last step of a good restore; no dump holds it.
"""

from __future__ import annotations

from typing import Any

BEGIN = "CREATE SCHEMA IF NOT EXISTS leadops_restoring"
END = "DROP SCHEMA IF EXISTS leadops_restoring"
LINE = "a restore did not end: run it again (make restore FROM=folder of the backup); until then this house stays shut"


def stands(cursor: Any) -> bool:
    """Whether what the database holds now is half a restore."""
    cursor.execute("SELECT to_regnamespace('leadops_restoring') IS NOT NULL")
    return bool(cursor.fetchone()[0])
