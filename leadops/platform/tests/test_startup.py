"""What stops a start: a wrong environment, a server that is not there, a taken port; each is one line without a secret."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from leadops.platform import parent, startup
from leadops.platform.startup import CannotStart


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"PORT": "web"}, "PORT='web' is not a whole number"),
        (
            {"PORT": "8112", "DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/none"},
            "at 127.0.0.1 port 1 does not answer: Connection refused",
        ),
        ({"PORT": "8112", "DATABASE_URL": "nonsense"}, "cannot be read"),
        ({"PORT": "8112", "BACKUP_DIR": "/proc/x"}, "BACKUP_DIR='/proc/x' is no folder we can write to: No such file"),
        ({"PORT": "8112", "BACKUP_DIR": "/dev/null"}, "BACKUP_DIR='/dev/null' is no folder we can write to"),
        ({"PORT": "8112", "DATABASE_URL": "mysql://root:hidden@h/x"}, "must start with postgresql://"),
        ({"PORT": "8112", "DATABASE_URL": "postgresql://u:hidden@h"}, "postgresql://user:password@host:port/name"),
    ],
)
def test_a_wrong_environment_is_one_line_and_an_exit_status(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    line: str,
) -> None:
    monkeypatch.setattr(parent, "RUN", tmp_path)
    monkeypatch.setattr(startup, "SERVER_PATIENCE", 0.0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert parent.main(["--serve"]) == 1
    said = capsys.readouterr().err.strip()
    assert line in said
    assert "\n" not in said
    assert "hidden" not in said  # no password reaches a log


@pytest.mark.parametrize("mode", ["--serve", "--stop"])
def test_a_folder_or_a_house_of_another_account_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    def theirs(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/leadops/var/run")

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(startup, "alone", theirs)
    monkeypatch.setattr(startup, "holder", theirs)
    assert parent.main([mode]) == 1
    said = "leadops: /srv/leadops/var/run belongs to another account: run as that account or as root\n"
    assert capsys.readouterr() == ("", said)
    monkeypatch.setattr(startup, "holder", lambda _folder: {"pid": 1, "port": 8000})
    monkeypatch.setattr(os, "kill", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EPERM, "not permitted")))
    assert parent.main(["--stop"]) == 1
    assert "what runs here belongs to another account" in capsys.readouterr().err


def test_what_is_waited_for_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(startup, "SERVER_PATIENCE", 0.6)
    with pytest.raises(CannotStart, match=r"at 127.0.0.1 port 1 does not answer: Connection refused"):
        startup.await_server("postgresql://u:hidden@127.0.0.1:1/none")
    said = capsys.readouterr().out.strip()
    assert "waiting up to 1 s for the server of DATABASE_URL at 127.0.0.1 port 1: Connection refused" in said
    assert "hidden" not in said and "\n" not in said


def _beside_a_free_one(offset: int) -> socket.socket:
    """A server whose neighbour nobody else uses just now."""
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        try:
            if offset:
                socket.create_server(("127.0.0.1", taken.getsockname()[1] - offset)).close()
            return taken
        except OSError:
            taken.close()


@pytest.mark.parametrize("offset", [0, 1])
def test_a_port_in_use_is_one_line_that_names_it(offset: int) -> None:
    with _beside_a_free_one(offset) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} is in use") as refused:
            startup.check_ports([port - offset, port - offset + 1])
    assert "\n" not in str(refused.value)


def test_a_port_that_was_just_left_is_waited_for() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    later = threading.Timer(0.6, taken.close)
    later.start()
    startup.check_ports([port], patience=15)
    later.join()
    startup.check_ports([port])


def test_a_static_file_that_changes_while_it_is_copied_is_copied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("static/desk.css", "requirements.txt", "leadops/settings.py", "var/static/staticfiles.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a {}")
    monkeypatch.setattr(startup, "BASE", tmp_path)
    monkeypatch.setattr(startup, "VAR", tmp_path / "var")
    step = startup.static_step()
    assert step.needed()
    (tmp_path / "static" / "desk.css").write_text("a { color: red }")  # collectstatic may have been past it
    step.done()
    again = startup.static_step()
    assert again.needed()
    again.done()
    assert not startup.static_step().needed()
