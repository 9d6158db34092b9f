"""kill -9 in the middle of an import (C16): after the restart every row has its one end, none twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from capture.imports import services
from capture.models import Import, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops.effects.models import Notice
from leadops.models import Lead
from leadops.tests.running import database_url
from leadops.tests.scale import sized
from leadops.unit import in_unit, phases, set_phases

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = sized(2000, 20_000)
KILLS = sized(4, 12)
WORKER = """
import django; django.setup()
from capture import pipeline
from capture.imports import work
from leadops.unit import set_phases
set_phases(())  # what is proven is that rows become leads once; the later phases have their own crash tests
work.SLICE = 0.2
print("up", flush=True)
while True:
    work.run_all()
    pipeline.run_batch(300)
"""


@pytest.fixture
def resolve_alone() -> Iterator[None]:
    before = phases()
    set_phases(())
    yield
    set_phases(before)


def test_a_killed_import_ends_with_as_many_results_as_rows(resolve_alone: None) -> None:
    actor, chance = ops(), random.Random(7)
    import_source()
    text = "E-mail,Name\n" + "".join(f"p{n}@x{n % 97}.example,P {n}\n" if n % 50 else "broken\n" for n in range(ROWS))
    file = map_it(send(text, actor), actor)
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    env = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "leadops.settings"}
    for _kill in range(KILLS):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE
        )
        assert worker.stdout is not None and worker.stdout.readline() == b"up\n"
        time.sleep(chance.uniform(0.02, 0.6))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    file.refresh_from_db()
    Submission.objects.filter(file=file, end="pending").update(lease_until=None)  # time that passes
    commit(file, actor)
    bad = ROWS // 50
    assert (file.state, file.ends) == (Import.State.DONE, {"created": ROWS - bad, "quarantined": bad})
    rows = Submission.objects.filter(file=file).values_list("row", flat=True)
    assert sorted(rows) == list(range(2, ROWS + 2))
    assert Lead.objects.count() == ROWS - bad
    assert Notice.objects.filter(kind="import_done").count() == 1
