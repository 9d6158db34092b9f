"""An empty database gets by the short way what one of the first day got migration by migration: schema and rows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from leadops.tests.migrated import BASE
from leadops.tests.running import database_url

pytestmark = [pytest.mark.django_db, pytest.mark.proof]  # both ways are history: neither changes any more
LONG_WAY = """
import django
django.setup()
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
load = MigrationLoader.load_disk
def without_squashed(self):
    load(self)
    self.disk_migrations = {key: one for key, one in self.disk_migrations.items() if not one.replaces}
MigrationLoader.load_disk = without_squashed
call_command("migrate", verbosity=0)
"""
SHAPE = """
SELECT 'column', c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
  pg_get_expr(d.adbin, d.adrelid), co.collname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', '', p.oid::regprocedure::text, p.prosrc FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE ANY ('{leadops%,capture%,routing%,reports%,nurture%,qualification%}')
UNION ALL SELECT 'extension', '', extname, '' FROM pg_extension
"""
ROWS = """
SELECT 'status', key, labels::text, position FROM leadops_status
UNION ALL SELECT use, key, labels::text || active, position FROM leadops_reason
UNION ALL SELECT 'applied', app, name, 0 FROM django_migrations WHERE name NOT LIKE '%\\_squashed\\_%'
"""


@pytest.fixture
def empty() -> Iterator[list[str]]:
    """Two empty databases on the tests' server."""
    names = [f"squashed_{os.getpid()}_{n}" for n in range(2)]
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        for name in names:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield [database_url(name) for name in names]
        for name in names:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def found(url: str, question: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as asked:
        return set(asked.execute(question))


def test_the_short_way_ends_where_the_long_one_does(empty: list[str]) -> None:
    for url, command in zip(empty, (["manage.py", "migrate", "-v0"], ["-c", LONG_WAY]), strict=True):
        env = {**os.environ, "DATABASE_URL": url, "LEADOPS_MODE": "test"}
        env.pop("TEST_DATABASE", None)
        subprocess.run([sys.executable, *command], cwd=BASE, env=env, check=True)
    short, long = empty
    assert found(short, SHAPE) ^ found(long, SHAPE) == set()
    assert found(short, ROWS) ^ found(long, ROWS) == set()
    assert len(found(short, SHAPE)) > 1000
