"""A stopped, furnished PostgreSQL that each house of a campaign begins with a copy of: migrating takes longer than posting."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from leadops.platform import cluster_files, postgres
from leadops.platform.children import BASE


class Seeded:
    """Made on entering, removed on leaving; `keys` are those of its sources, `token` opens its API."""

    keys: list[str]
    token: str

    def __enter__(self) -> Seeded:
        self.folder = Path(tempfile.mkdtemp(prefix="leadops-chaos-seed-"))
        pg = self.folder / "pg"
        pg.mkdir()
        try:
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.chaos.seed"],
                cwd=BASE, env={**variables(), "DATABASE_URL": postgres.ensure(pg)}, check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
        finally:
            postgres.stop(pg)
        made = json.loads(told.stdout.splitlines()[-1])
        self.keys, self.token = made["keys"], made["token"]
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        cluster_files.remove(self.folder / "pg")
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy_to(self, pg: Path) -> None:
        """The same data for a server of another folder, owned by whoever owns it here."""
        taken, given = cluster_files.files_of(self.folder / "pg").data, cluster_files.files_of(pg).data
        subprocess.run(["cp", "-a", str(taken), str(given)], check=True)


def variables() -> dict[str, str]:
    """What every process of a campaign sees."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TEST_DATABASE", "EMAIL_URL")
    }
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "benchmarks.chaos.settings",
        "LEADOPS_MODE": "test",
        "PYTHONUNBUFFERED": "1",
    }
