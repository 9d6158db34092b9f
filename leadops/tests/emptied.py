"""Empties the database after a transactional test by deleting the few rows there are, where Django's flush would make every table anew.

Guards, keys and triggers do not run meanwhile (`session_replication_role`), so that it takes no more than the rows it
deletes. What the migrations' signals wrote stays: permissions and content types change in no test.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

STAYS = {"django_content_type", "auth_permission"}
MAY = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


def after_test(case: Any) -> None:
    """In the place of `TransactionTestCase._fixture_teardown`."""
    for alias in case._databases_names(include_mirrors=False):
        empty(alias)


def empty(alias: str) -> None:
    """Delete every row but those of `STAYS`; needs the superuser a test server has."""
    connection = connections[alias]
    names = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - STAYS)
    quoted = [connection.ops.quote_name(name) for name in names]
    asked = " UNION ALL ".join(f"SELECT {n} WHERE EXISTS (SELECT 1 FROM {name})" for n, name in enumerate(quoted))
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(asked)
        for (n,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {quoted[n]}")
