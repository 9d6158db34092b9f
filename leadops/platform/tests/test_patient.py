"""Slow senders hold no thread: two hundred of them, and a normal request is answered at once."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from leadops.platform.headers import UNSEEN
from leadops.platform.patient import has_arrived

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("seen", "there"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", False),
        (b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nabcd", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 65536, True),
        (b"x" * 65536, True),
    ],
)
def test_a_request_has_arrived_when_a_thread_can_work_on_it(seen, there):
    assert has_arrived(seen) is there


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[int]:
    """Two workers of two threads that echo the length of the body."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "echo.py").write_text(
        "def app(environ, start):\n"
        "    body = environ['wsgi.input'].read()\n"
        "    start('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [str(len(body)).encode()]\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "echo:app",
        "--chdir",
        str(folder),
        "--bind",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
    ]
    command += [
        "--worker-class",
        "leadops.platform.patient.PatientWorker",
        "--workers",
        "2",
        "--threads",
        "2",
        "--keep-alive",
        "5",
    ]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()}, start_new_session=True)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def post(port: int, body: bytes, connection: http.client.HTTPConnection | None = None) -> bytes:
    conn = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    conn.request("POST", "/", body)
    return conn.getresponse().read()


@pytest.mark.parametrize(
    "said",
    [b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow:", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc", b""],
)
def test_two_hundred_slow_senders_do_not_delay_a_normal_post(server, said):
    """C8."""
    slow = [socket.create_connection(("127.0.0.1", server)) for _ in range(200)]
    for one in slow:
        one.sendall(said)
    began = time.monotonic()
    assert post(server, b"x" * 1000) == b"1000"
    took = time.monotonic() - began
    for one in slow:
        one.close()
    assert took < 2


def test_kept_connections_long_bodies_and_bodies_in_pieces_are_answered(server):
    conn = http.client.HTTPConnection("127.0.0.1", server, timeout=15)
    assert [post(server, b"x" * n, conn) for n in (0, 10, 1_000_000, 5)] == [b"0", b"10", b"1000000", b"5"]
    pieces = socket.create_connection(("127.0.0.1", server))
    for part in (b"POST / HTTP/1.1\r\nHost: x\r\nConte", b"nt-Length: 6\r\nConnection: close\r\n\r\nab", b"cdef"):
        pieces.sendall(part)
        time.sleep(0.2)
    assert pieces.makefile("rb").read().partition(b"\r\n\r\n")[2] == b"1\r\n6\r\n0\r\n\r\n"  # one chunk: "6"


def test_a_sender_who_never_ends_is_closed(server):
    one = socket.create_connection(("127.0.0.1", server), timeout=20)
    one.sendall(b"GET / HTTP/1.1\r\nHost:")
    began = time.monotonic()
    with suppress(ConnectionResetError):
        assert one.recv(100) == b""
    assert 8 < time.monotonic() - began < 14


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GARBAGE canary@secret.example\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbroken canary@secret.example\r\n\r\n", 400),
        (b"GET /?e=canary@secret.example" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zstd\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: canary@secret.example\r\nContent-Length: 0\r\n\r\n", 417),
    ],
)
def test_what_is_no_request_is_refused_with_our_headers_and_not_repeated(server, said, status, capfd):
    with socket.create_connection(("127.0.0.1", server), timeout=15) as one:
        one.sendall(said)
        answer = http.client.HTTPResponse(one)
        answer.begin()
        body = answer.read()
    assert answer.status == status
    assert {name: answer.getheader(name) for name in UNSEEN} == UNSEEN
    assert answer.getheader("Connection") == "close"
    assert b"canary" not in body
    assert "canary" not in "".join(capfd.readouterr())
