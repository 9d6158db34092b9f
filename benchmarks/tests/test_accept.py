"""The web that is measured is the one that was started for it."""

from __future__ import annotations

import socket
import subprocess

import pytest

from benchmarks import accept


def test_another_program_on_its_port_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_asked, **_named: pytest.fail("a server was started"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(accept, "PORT", other.getsockname()[1])
        with pytest.raises(SystemExit, match="is in use"), accept.web("postgresql:///none"):
            pass
