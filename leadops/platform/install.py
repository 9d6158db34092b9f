"""Makes `.venv` and installs the pinned packages for make; standard library only, because nothing is installed yet.

Run by `.ci/python` with a Python that is new enough: `install.py` for what `make demo` needs, `install.py dev` for the
tools of `make test` and `make check` as well. Every failure is one line that says what to do.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
VENV = BASE / ".venv"
LOCKS = {"main": "requirements.txt", "dev": "requirements-dev.txt"}
SIZES = {"main": "60 MB", "dev": "190 MB"}  # measured downloads, wheels for Linux x86_64
NO_NETWORK = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|Network is unreachable|Connection refused|No route to host"
    r"|NewConnectionError|dns error|Failed to fetch|error sending request|timed out|Could not connect|Cannot connect to proxy",
    re.IGNORECASE,
)


def stop(line: str) -> None:
    """One line, and make ends."""
    sys.exit(f"leadops: {line}")


def python() -> Path:
    return VENV / "bin" / "python"


def digest(which: str) -> str:
    """Changes with the lock, with the Python, and when the folder was moved (a virtual environment knows its path)."""
    lock = (BASE / LOCKS[which]).read_bytes()
    return hashlib.sha256(lock + f"{sys.version_info[:2]} {VENV.resolve()}".encode()).hexdigest()


def stamp(which: str) -> Path:
    return VENV / f".installed-{which}"


def installed(which: str) -> bool:
    """Is everything of this lock there? The larger lock holds the smaller one."""
    if not runs(python()):
        return False
    stamps = [name for name in ("dev", which) if stamp(name).exists()]
    return any(stamp(name).read_text() == digest(name) for name in stamps)


def runs(program: Path) -> bool:
    return program.exists() and subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0


def make_environment(uv: str | None) -> None:
    """An environment of this Python; one that is broken or of another version is made anew."""
    if runs(python()):
        told = subprocess.run(
            [python(), "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if told.stdout.strip() == str(sys.version_info[:2]):
            return
    shutil.rmtree(VENV, ignore_errors=True)
    command = (
        [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]
        if uv
        else [sys.executable, "-m", "venv", str(VENV)]
    )
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in made.stdout + made.stderr:
            stop(
                "this Python cannot make virtual environments: install its venv package (Debian: apt install python3-venv) or uv"
            )
        stop(f"{' '.join(command)} failed: {(made.stderr or made.stdout).strip().splitlines()[-1]}")


def installer(uv: str | None, which: str) -> list[str]:
    lock = str(BASE / LOCKS[which])
    if uv:
        return [uv, "pip", "install", "--python", str(python()), "--require-hashes", "-r", lock]
    options = ["--require-hashes", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--retries", "1"]
    return [str(python()), "-m", "pip", "install", *options, "--timeout", "15", "-r", lock]


def announce(which: str) -> None:
    """Say what will happen and how long it takes before the first byte is fetched."""
    count = len(re.findall(r"^[A-Za-z0-9][^\s=]*==", (BASE / LOCKS[which]).read_text(), re.MULTILINE))
    purpose = "" if which == "main" else " (with the tools for tests and checks)"
    print(
        f"leadops: first run: fetching {count} packages{purpose} from the package index into .venv, about {SIZES[which]};"
        " half a minute on a fast line, three minutes on a slow one",
        flush=True,
    )


def install(which: str) -> None:
    """Install one lock, quietly; a missing network is one line, any other fault shows the installer's last words."""
    uv = shutil.which("uv")
    if uv and not runs_uv(uv):
        uv = None
    announce(which)
    make_environment(uv)
    began = told = time.monotonic()
    log = VENV / "install.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            installer(uv, which), cwd=BASE, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
        while process.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - told > 15:
                told = time.monotonic()
                print(f"leadops: still fetching ({told - began:.0f} s)", flush=True)
    if process.returncode != 0:
        explain(log.read_text(errors="replace"))
    stamp(which).write_text(digest(which))
    print(f"leadops: installed in {time.monotonic() - began:.0f} s", flush=True)


def explain(said: str) -> None:
    """End with the one line that helps."""
    if NO_NETWORK.search(said):
        stop("the package index cannot be reached: the first run needs the network once. Connect and run make again")
    tail = "\n".join(said.strip().splitlines()[-12:])
    stop(f"the packages could not be installed (whole story: .venv/install.log):\n{tail}")


def runs_uv(uv: str) -> bool:
    """A shim without its program is not uv."""
    return subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0


def main(arguments: list[str]) -> None:
    which = arguments[0] if arguments else "main"
    if which not in LOCKS:
        stop(f"install.py knows {', '.join(LOCKS)}, not {which!r}")
    os.chdir(BASE)
    (BASE / "var").mkdir(exist_ok=True)  # a service may be let write here and nowhere beside it
    if not installed(which):
        try:
            install(which)
        except KeyboardInterrupt:
            stop("interrupted; run make again, it goes on where it stopped")


if __name__ == "__main__":
    main(sys.argv[1:])
