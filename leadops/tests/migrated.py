"""The migrated database every test process copies: migrations run once per state of their files, not once per process.

A copy takes a fraction of a second where the migrations take ten; it holds nothing but what they wrote. A template of
other files' state is dropped.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from leadops.tests.running import database_url

BASE = Path(__file__).resolve().parent.parent.parent
APPS = ("leadops", "capture", "routing", "qualification", "nurture", "reports")
PREFIX = "template_leadops_"
HALF = f"{PREFIX}half_made"  # renamed when whole: a killed process leaves no half template
LOCK = 7_310_077  # one process migrates, the others wait for it


def digest() -> str:
    """Of everything the migrated tables depend on: our migrations and the packages that bring some."""
    files = [path for app in APPS for path in sorted((BASE / app).rglob("migrations/*.py"))]
    total = hashlib.sha256()
    for path in [*files, BASE / "requirements.txt", BASE / "leadops" / "settings.py"]:
        total.update(str(path.relative_to(BASE)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def template() -> str:
    """The name of the migrated database on the tests' server; made now if it is not there yet."""
    name = PREFIX + digest()
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the connection
        found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]).fetchall()
        there = {str(row[0]) for row in found}
        if name not in there:
            for old in {*there, HALF}:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(HALF)))
            _migrate(database_url(HALF))
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(HALF), sql.Identifier(name)))
    return name


def _migrate(url: str) -> None:
    env = {**os.environ, "DATABASE_URL": url, "LEADOPS_MODE": "test"}
    env.pop("TEST_DATABASE", None)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=BASE, env=env, check=True)
