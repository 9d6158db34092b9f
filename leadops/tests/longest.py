"""The files that take longest, in the order in which two processes begin them: one that came last would run alone.

xdist begins with the files of most tests, and a long test may be alone in its file. A file that is not here comes after
these. The tests that share one running house are one piece of work: a second process would start a second house, and
each goes on working in the background for as long as it stands.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

PLATFORM = "leadops/platform/tests"
HOUSE = tuple(
    f"{PLATFORM}/test_{name}.py" for name in ("clusters", "frozen", "full_wait", "graceful", "logs", "outage", "poison")
)
LONGEST = (
    *HOUSE,
    "leadops/tests/test_access_matrix.py",
    "leadops/demo/tests/test_stories.py",
    "leadops/tests/test_walks.py",
    "leadops/platform/tests/test_supervisor.py",
    "leadops/tests/test_accessibility.py",
    "leadops/tests/test_journey.py",
    "reports/tests/test_facts.py",
    "routing/tests/test_races.py",
    "reports/tests/test_links.py",
    "leadops/tests/test_calendars.py",
    "leadops/demo/tests/test_play.py",
    "leadops/platform/tests/test_migration_rules.py",
    "capture/tests/test_hostile.py",
    "leadops/conditions/tests/test_two_readers.py",
    "benchmarks/tests/test_copies.py",
    "qualification/tests/test_admin_browser.py",
    "leadops/demo/tests/test_erase.py",
    "capture/tests/test_claiming.py",
    "reports/tests/test_growth.py",
    "leadops/desk/tests/test_no_javascript.py",
    "leadops/tests/test_twotimes.py",
    "reports/tests/test_sources.py",
    "leadops/desk/tests/test_api_right_first.py",
    "nurture/tests/test_waiting.py",
    "leadops/tests/test_versions.py",
)
PLACES = {name: place for place, name in enumerate(LONGEST)}


def place(item: pytest.Item) -> int:
    """Where its file stands; tests of one place keep their order."""
    return PLACES.get(item.nodeid.partition("::")[0], len(LONGEST))


class HouseTogether(LoadFileScheduling):
    """Whole files, and those of the running house as one."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False  # the order is ours
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return PLATFORM if file in HOUSE else file
