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
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from leadops.platform import paced
from leadops.platform.headers import UNSEEN
from leadops.platform.paced import Paced
from leadops.platform.patient import GO_ON, Arrival, arrival, expecting

pytestmark = pytest.mark.processes


PART, BEGUN, WHOLE = Arrival.PART, Arrival.BEGUN, Arrival.WHOLE
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("seen", "come"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", WHOLE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", PART),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", PART),
        (b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nabcd", WHOLE),
        (CHUNKED, PART),
        (CHUNKED + b"4\r\nabcd\r\n", PART),
        (CHUNKED + b"9\r\n\r\n0\r\n\r\n", PART),  # what looks like the last chunk is in the first
        (CHUNKED + b"4;x=y\r\nabcd\r\n0\r\n\r\n", WHOLE),
        (CHUNKED + b"0\r\nTrailer: x\r\n\r\n", WHOLE),
        (CHUNKED + b"no number\r\n", WHOLE),  # the parser says so
        (CHUNKED + b"1\r\na\r\n" * 100, BEGUN),
        (CHUNKED + b"fffff\r\n" + b"x" * 65536, BEGUN),
        (b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 65536, BEGUN),
        (b"x" * 65536, WHOLE),
    ],
)
def test_a_request_has_arrived_when_a_thread_need_not_wait_for_it(seen, come):
    assert arrival(seen) is come


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
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 100,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 70_000,
        b"",
    ],
    ids=["header", "body", "chunked", "chunks", "long body", "nothing"],
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


def test_a_sender_who_holds_the_body_back_is_told_to_go_on(server):
    """Twice on a kept connection: whoever waits for that word may wait for ever."""
    with socket.create_connection(("127.0.0.1", server), 3) as line:
        for body in (b"abc", b"abcdef"):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nEXPECT: 100-continue\r\nContent-Length: %d\r\n\r\n"
            line.sendall(head % len(body))
            assert line.recv(len(GO_ON)) == GO_ON
            line.sendall(body)
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert (answer.status, answer.read()) == (200, b"%d" % len(body))


def test_only_a_body_held_back_is_asked_for():
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    assert expecting(head + b"Expect: 100-continue\r\n\r\n")
    for other in (
        b"Expect: 100-continue\r\n\r\nabc",
        b"Expect: 100-continue\r\n",
        b"X-Expect: 100-continue\r\n\r\n",
        b"\r\n",
    ):
        assert not expecting(head + other)


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


def test_who_reads_no_answer_and_who_does_not_close_hold_nobody(server):
    """An answer waits with the system, and the end of a connection in the poller: neither in a thread nor in the main loop."""
    said = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    idle = [socket.create_connection(("127.0.0.1", server)) for _ in range(50)]
    for one in idle:
        one.sendall(said)
    began = time.monotonic()
    assert [post(server, b"x" * 10) for _ in range(5)] == [b"10"] * 5
    assert time.monotonic() - began < 2
    time.sleep(2.5)
    for one in idle:
        one.settimeout(5)
        assert one.makefile("rb").read().startswith(b"HTTP/1.1 200 OK")
        one.close()


def test_many_long_bodies_at_once_all_get_their_turn(server):
    whole = b"x" * 300_000
    with ThreadPoolExecutor(12) as senders:
        assert [*senders.map(lambda _n: post(server, whole), range(24))] == [b"300000"] * 24


@pytest.mark.parametrize("moved", [0, 4096])
def test_a_thread_waits_for_the_other_side_as_long_as_it_may_and_no_longer(monkeypatch, moved):
    monkeypatch.setattr(paced, "SPARE", 0.3)
    monkeypatch.setattr(paced, "SLOWEST", 16384)
    ours, other = socket.socketpair()
    with Paced.of(ours) as mine, other:
        mine.begin()
        if moved:
            other.sendall(b"x" * moved)
            assert len(mine.recv(moved)) == moved
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            mine.recv(10)
        assert 0.25 < time.monotonic() - began - moved / 16384 < 0.6
        monkeypatch.setattr(paced, "SLOWEST", 10**9)  # what lies with the system counts as taken
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            mine.sendall(b"y" * 30_000_000)
        assert 0.25 < time.monotonic() - began < 0.8
        mine.begin()
        other.sendall(b"again")
        assert mine.recv(10) == b"again"
