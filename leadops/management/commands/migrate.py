"""Django's `migrate`, which waits for no lock long: it gives up after two seconds, lets the others pass, and tries again."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections

LOCK_TIMEOUT = "2s"
PAUSES = (1, 2, 4, 8, 15, 30, 30, 30)  # seconds; two minutes in all
NO_LOCK = ("55P03", "40P01")  # no lock in time, or who has it waits for ours
_HALF_BUILT = """
SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace
"""


def _again(editor: type[Any]) -> type[Any]:
    """What is made or dropped concurrently stays when a migration is cut before it is recorded: its next try meets it."""
    made = editor.sql_create_index_concurrently.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS")
    return type("SchemaEditor", (editor,), {"sql_create_index_concurrently": made})


class Command(migrate.Command):
    """What waits for a lock makes everybody behind it wait too: a house at work would stand still."""

    def handle(self, *args: Any, **options: Any) -> Any:
        connection = connections[options["database"]]
        editor = connection.SchemaEditorClass
        connection.SchemaEditorClass = _again(editor)
        try:
            return self._tried(connection, *args, **options)
        finally:
            connection.SchemaEditorClass = editor

    def _tried(self, connection: Any, *args: Any, **options: Any) -> Any:
        for pause in (*PAUSES, None):
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
                    for statement in self._half_built(cursor):  # it waits for the lock that ended its building
                        cursor.execute(statement)
                return super().handle(*args, **options)
            except OperationalError as fault:
                if pause is None or getattr(fault.__cause__, "sqlstate", "") not in NO_LOCK:
                    raise
                self.stderr.write(f"a table is in use; trying again in {pause} s")
                time.sleep(pause)
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")

    def _half_built(self, cursor: Any) -> list[str]:
        """An index whose concurrent building was cut short stands in the way of its next try."""
        cursor.execute(_HALF_BUILT)
        return [statement for (statement,) in cursor.fetchall()]
