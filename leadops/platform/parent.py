"""The parent process of `manage.py up`: one server, one preparation, one supervisor, one clean end. It never imports Django."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from leadops.platform import children, groups, postgres, startup
from leadops.platform.binaries import NoPostgres
from leadops.platform.pulses import Pulses
from leadops.platform.startup import VAR, CannotStart
from leadops.platform.supervisor import Supervisor, say

RUN = VAR / "run"


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The server's address for as long as we run."""
    given = os.environ.get("DATABASE_URL", "")
    if given:
        startup.await_server(given)
    with postgres.in_use() as url:
        yield url


def up(mode: str) -> None:
    """Everything on this host, until it is told to end."""
    port, workers = startup.wanted()
    with startup.alone(RUN, port):
        left = groups.kill_left_over(RUN)
        for name in left:
            say(f"{name} was left running by an earlier start that was killed: ended")
        startup.check_backups()
        startup.check_ports([port, port + 1], patience=10.0 if left else 0.0)
        with database() as url:
            startup.check_restored(url)
            variables = {
                **os.environ,
                "DATABASE_URL": url,
                "LEADOPS_MODE": mode,
                "PORT": str(port),
                "PYTHONUNBUFFERED": "1",
            }
            startup.prepare(startup.house_steps(), variables)
            startup.check_ports([port, port + 1])  # the preparation takes a while
            private = not os.environ.get("DATABASE_URL")
            heal = (lambda: postgres.ensure(timeout=10)) if private else None
            ready = f"http://127.0.0.1:{port}  (Ctrl-C stops everything)"
            house = children.house(port, workers, demo=mode == "demo")
            pulses = Pulses(startup.libpq_url(url))
            Supervisor(house, variables, pulses, RUN, heal=heal, announce=ready).run()


def stop() -> None:
    """End a parent that runs here, what an earlier one left, and the private server."""
    other = startup.holder(RUN)
    if other and not other["port"]:  # ended half-way it leaves a house that stays shut
        raise CannotStart(f"a restore is at work here (pid {other['pid']}): wait for its end")
    if other:
        os.kill(other["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 60
        while startup.holder(RUN) and time.monotonic() < deadline:
            time.sleep(0.1)
        say(f"ended pid {other['pid']}")
    for name in groups.kill_left_over(RUN):
        say(f"ended {name}")
    if postgres.stop():
        say("the private PostgreSQL stopped")


def interrupt(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """`--demo`, `--serve` or `--stop`; the exit status."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    for mode in ("demo", "serve", "stop"):
        which.add_argument(f"--{mode}", dest="mode", action="store_const", const=mode)
    mode = parser.parse_args(arguments).mode or os.environ.get("LEADOPS_MODE", "serve")
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, interrupt)
    try:
        stop() if mode == "stop" else up(mode)
    except (CannotStart, NoPostgres) as fault:
        print(f"leadops: {fault}", file=sys.stderr, flush=True)
        return 1
    except PermissionError as fault:
        print(f"leadops: {startup.not_ours(fault)}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        pass
    if mode != "stop":
        say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
