"""A command that meets a database that is away says so in one line; a cluster that starts then waits."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import OperationalError

from leadops.platform import outage, postgres
from leadops.platform.children import BASE, manage
from leadops.platform.tests.house import until

NOWHERE = "postgresql://u:hidden@127.0.0.1:1/none"


def _variables(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TEST_DATABASE")}
    return {**kept, "LEADOPS_MODE": "serve", **more}


@pytest.mark.parametrize(
    "words",
    [("verify_leads",), ("verify_ledger",), ("verify_decisions",), ("backup",), ("release_mail",), ("prepare_house",)],
)
def test_a_command_says_in_one_line_that_the_database_is_away(words: tuple[str, ...]) -> None:
    told = subprocess.run(
        manage(*words), cwd=BASE, env=_variables(DATABASE_URL=NOWHERE), capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 1
    assert told.stderr == "leadops: the database at 127.0.0.1 port 1 does not answer: Connection refused\n"
    assert told.stdout == ""


def test_who_asks_for_the_traceback_gets_it() -> None:
    told = subprocess.run(
        manage("verify_leads", "--traceback"),
        cwd=BASE,
        env=_variables(DATABASE_URL=NOWHERE),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 1 and "Traceback" in told.stderr and "hidden" not in told.stderr


def test_a_fault_of_the_database_that_answers_keeps_its_traceback() -> None:
    fault = OperationalError("canceling statement due to lock timeout")
    fault.__cause__ = psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
    assert outage.line(fault, []) is None


def test_where_the_private_server_rests_the_line_names_the_command_that_starts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    line = outage.line(OperationalError("connection is bad"), ["verify_leads", "--settle"])
    assert line and line.endswith("leadops.platform.postgres run .venv/bin/python manage.py verify_leads --settle")


def test_a_cluster_that_starts_without_its_database_says_so_in_one_line_and_waits_for_it(tmp_path: Path) -> None:
    var, said = tmp_path / "pg", tmp_path / "said"
    var.mkdir()
    url = postgres.ensure(var)
    postgres.stop(var)
    variables = _variables(DATABASE_URL=url, LEADOPS_ROLE="cluster", Q_CLUSTER_NAME="now", PYTHONUNBUFFERED="1")
    with said.open("w") as out:
        process = subprocess.Popen(
            manage("cluster", "--skip-checks"), cwd=BASE, env=variables, stdout=out, stderr=out, start_new_session=True
        )
    try:
        until(lambda: "waiting for the database" in said.read_text(), 30)
        time.sleep(2.5)
        assert process.poll() is None
        lines = said.read_text().splitlines()
        assert len(lines) == 1 and "hidden" not in lines[0], lines
        postgres.ensure(var)
        until(lambda: len(psutil.Process(process.pid).children(recursive=True)) > 1, 30)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        postgres.stop(var)
