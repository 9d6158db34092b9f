"""The web that is measured is the one that was started for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import psutil
import psycopg
import pytest

from benchmarks import accept
from leadops.tests import running


def test_another_program_on_its_port_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_asked, **_named: pytest.fail("a server was started"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(accept, "PORT", other.getsockname()[1])
        with pytest.raises(SystemExit, match="is in use"), accept.web("postgresql:///none"):
            pass


# the bench as it stands when it is ended in the middle of a measurement; the web is a program that only waits
_MEASURING = """
import sys, time
from types import SimpleNamespace
from benchmarks import accept, run
run.end_as_asked()
accept.children.web = lambda *_asked, **_named: SimpleNamespace(command=[sys.executable, "-c", "import time; time.sleep(60)"], variables={})
accept._await, accept.PORT = lambda _port: None, 0
with accept.web("postgresql:///none") as server:
    print(server.process.pid, flush=True)
    time.sleep(60)
"""


def test_the_web_ends_with_the_bench_that_is_ended() -> None:
    bench = subprocess.Popen([sys.executable, "-c", _MEASURING], stdout=subprocess.PIPE, text=True)
    assert bench.stdout is not None
    with bench:
        web = psutil.Process(int(bench.stdout.readline()))
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(20) == 143
    assert not web.is_running()


def test_a_server_that_never_ends_its_answer_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept, "SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(SystemExit, match="no answer ends"):
            accept._drive(port, iter([b"POST / HTTP/1.1\r\n\r\n"] * accept.CLIENTS), 0)


@pytest.mark.django_db(transaction=True)
def test_bare_django_has_written_each_post_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept, "PORT", running.two_ports())
    monkeypatch.setattr(accept, "FLOOR", f"{accept.FLOOR}_{os.getpid()}")
    monkeypatch.setenv("DATABASE_URL", running.database_url())
    with accept.bare() as server:
        taken = accept.posts(server, ["a"], 0.3)
        with psycopg.connect(running.database_url(accept.FLOOR)) as conn:
            held = conn.execute("SELECT count(*), count(body->>'email') FROM raw").fetchone()
    assert held == (taken.count, taken.count) and taken.count >= accept.CLIENTS
