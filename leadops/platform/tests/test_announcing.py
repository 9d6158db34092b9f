"""A house is announced when its own web answers, and not where another program took the port."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from leadops.platform.children import Child
from leadops.platform.startup import CannotStart
from leadops.platform.supervisor import Supervisor
from leadops.platform.tests.test_supervisor import parent_of, run_for, stand_in, until

__all__ = ["parent_of"]


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.mark.processes
@pytest.mark.parametrize("how", ["beat", "die"])
def test_a_port_that_another_program_took_meanwhile_ends_the_start_and_nothing_is_announced(
    tmp_path: Path, parent_of: Callable[..., Supervisor], capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """Whether our web waits for the port or gives it up."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        port, web = stranger.server_address[1], stand_in(tmp_path, "web", how)
        child = Child("web", web.command, answers=f"http://127.0.0.1:{port}/healthz", port=port)
        supervisor = parent_of(child, announce="here is the house")
        with pytest.raises(CannotStart, match=f"port {port} is in use: .* PORT="):
            run_for(10, supervisor.turn)
        stranger.shutdown()
    assert "here is the house" not in capsys.readouterr().out


@pytest.mark.processes
def test_what_is_announced_is_answered_by_a_child_of_ours(
    tmp_path: Path, parent_of: Callable[..., Supervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    supervisor = parent_of(Child("web", command, answers=f"http://127.0.0.1:{port}/", port=port), announce="it is up")
    until(lambda: not supervisor.announce, supervisor.turn)
    assert "leadops: it is up" in capsys.readouterr().out
