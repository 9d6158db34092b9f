"""The web and the workers have a collector that looks at what came since, not through the whole house."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SEEN = "import gc, sys; print(gc.get_freeze_count(), len(gc.get_objects()), 'leadops.desk.lead' in sys.modules)"
WEB = "import leadops.wsgi"
CLUSTER = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "leadops.settings"
django.setup()
import django_q.cluster
from leadops.platform import cluster
cluster.Cluster.start = lambda self: None
cluster.run()
"""


@pytest.mark.parametrize("start", [WEB, CLUSTER], ids=["web", "cluster"])
def test_what_is_loaded_at_the_start_is_not_looked_through_again(start: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{start}\n{SEEN}"], env={**os.environ, "LEADOPS_MODE": "test"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    passed_over, looked_at, loaded = told.stdout.split()
    assert int(passed_over) > 100_000 and int(looked_at) < 5_000
    assert start is CLUSTER or loaded == "True", "the pages as well"
