"""The children of `manage.py up` as data: what runs, with which environment, and which pulse proves that it makes progress."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
THREADS = 8


@dataclass(frozen=True)
class Child:
    """One program the parent keeps running."""

    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    pulse: str | None = None  # the heartbeat row that must stay young
    beaten_by: str | None = (
        None  # the child whose silence excuses this one (the ticker enqueues the clusters' heartbeat)
    )
    answers: str | None = None  # or: the URL that must answer
    port: int | None = None  # where it listens


def manage(*words: str) -> list[str]:
    return [sys.executable, str(BASE / "manage.py"), *words]


def web(port: int, workers: int) -> Child:
    """gunicorn with threads: pages, API and intake."""
    command = [sys.executable, "-m", "gunicorn", "leadops.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += [
        "--worker-class",
        "leadops.platform.patient.PatientWorker",
        "--workers",
        str(workers),
        "--threads",
        str(THREADS),
        "--keep-alive",
        "15",
    ]
    command += ["--timeout", "60", "--graceful-timeout", "8", "--log-level", "warning"]
    return Child("web", command, {"LEADOPS_ROLE": "web"}, answers=f"http://127.0.0.1:{port}/healthz", port=port)


def live(port: int) -> Child:
    """The stream of changes, on the next port."""
    command = [sys.executable, "-m", "uvicorn", "leadops.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--loop", "uvloop", "--timeout-graceful-shutdown", "3", "--log-level", "warning", "--no-access-log"]
    return Child("live", command, {"LEADOPS_ROLE": "live"}, pulse="live", port=port)


def cluster(name: str) -> Child:
    """A django-q2 cluster. Its name goes by the environment: settings are read before the command line is."""
    variables = {"LEADOPS_ROLE": "cluster", "Q_CLUSTER_NAME": name}
    command = manage("cluster", "--skip-checks")  # the preparation made them: a restart need not load every page
    command = command if name == "now" else ["nice", "-n", "10", *command]  # people come first
    return Child(f"cluster-{name}", command, variables, pulse=f"cluster:{name}", beaten_by="ticker")


def house(port: int, workers: int, demo: bool = False) -> list[Child]:
    """Everything one host runs (architecture.md §8); with the demo company its past is told before the ticker begins."""
    first = "play_demo" if demo else "ticker"
    ticker = Child("ticker", manage(first, "--skip-checks"), {"LEADOPS_ROLE": "ticker"}, pulse="ticker")
    trickle = [
        Child("trickle", ["nice", "-n", "5", *manage("trickle_demo", "--skip-checks")], {"LEADOPS_ROLE": "command"})
    ]
    return [web(port, workers), live(port + 1), ticker, cluster("now"), cluster("long"), *(trickle if demo else [])]
