"""Business time: one source, movable in demo and test only."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from leadops import moment

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shared(settings, tmp_path: Path) -> Path:
    settings.MOMENT_OFFSET_FILE = tmp_path / "moment"
    return settings.MOMENT_OFFSET_FILE


def near(a: datetime, b: datetime) -> bool:
    return abs(a - b) < timedelta(seconds=5)


def real() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 (compared with, not used as, business time)


def test_untouched_it_is_real_time_in_utc() -> None:
    assert moment.now().tzinfo is UTC
    assert near(moment.now(), real())


def test_moves_add_up_and_release_gives_real_time_back() -> None:
    moment.move(seconds=3600)
    moment.move(seconds=-600)
    assert near(moment.now(), real() + timedelta(minutes=50))
    moment.release()
    assert near(moment.now(), real())


def test_frozen_time_stands_still_and_can_be_moved_while_frozen() -> None:
    moment.freeze(NOON)
    assert moment.now() == moment.now() == NOON
    moment.move(seconds=90)
    assert moment.now() == NOON + timedelta(seconds=90)


def test_another_process_sees_the_same_frozen_time(shared: Path) -> None:
    moment.freeze(NOON)
    script = (
        "from django.conf import settings; from pathlib import Path; import sys\n"
        "settings.configure(MODE='test', MOMENT_OFFSET_FILE=Path(sys.argv[1]))\n"
        "from leadops import moment; print(moment.now().isoformat())"
    )
    root = Path(moment.__file__).parent.parent
    seen = subprocess.run(
        [sys.executable, "-c", script, str(shared)], cwd=root, capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == NOON.isoformat()


def test_a_change_by_another_process_is_seen_within_the_look_interval(shared: Path, monkeypatch) -> None:
    moment.freeze(NOON)
    shared.write_text(json.dumps({"frozen": "2027-01-01T00:00:00+00:00"}))
    assert moment.now() == NOON  # not looked at again yet: looking costs a system call
    monkeypatch.setattr(moment, "LOOK_EVERY", 0.0)
    assert moment.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_broken_file_is_an_error_that_says_what_to_do(shared: Path) -> None:
    shared.write_text("{nonsense")
    with pytest.raises(RuntimeError, match="remove it"):
        moment.now()


def test_at_holds_time_for_all_threads_nests_and_ends() -> None:
    seen = []
    with moment.at(NOON):
        with moment.at(NOON + timedelta(days=1)):
            assert moment.now() == NOON + timedelta(days=1)
        thread = threading.Thread(target=lambda: seen.append(moment.now()))
        thread.start()
        thread.join()
    assert seen == [NOON]
    assert near(moment.now(), real())


def test_at_ends_when_the_body_fails() -> None:
    with pytest.raises(KeyError), moment.at(NOON):
        raise KeyError
    assert near(moment.now(), real())


@pytest.mark.parametrize(
    "lever",
    [
        lambda: moment.move(seconds=1),
        lambda: moment.freeze(NOON),
        moment.release,
        lambda: moment.at(NOON).__enter__(),
    ],
    ids=["move", "freeze", "release", "at"],
)
def test_production_refuses_every_lever(settings, lever) -> None:
    settings.MOMENT_OFFSET_FILE = None
    with pytest.raises(RuntimeError, match="demo and test"):
        lever()


def test_production_time_is_real_even_inside_a_held_moment(settings) -> None:
    with moment.at(NOON):
        settings.MOMENT_OFFSET_FILE = None
        assert near(moment.now(), real())


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment.freeze(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Kiritimati", date(2026, 3, 6)),
        ("Europe/Paris", date(2026, 3, 5)),
        ("America/New_York", date(2026, 3, 5)),
    ],
)
def test_today_is_the_day_of_the_zone(zone: str, day: date) -> None:
    with moment.at(NOON):
        assert moment.today(zone) == day


@pytest.mark.parametrize(("mode", "ids"), [("serve", ["leadops.E010"]), ("demo", []), ("test", [])])
def test_the_check_refuses_a_file_in_serve_mode(settings, mode: str, ids: list[str]) -> None:
    settings.MODE = mode
    assert [fault.id for fault in moment.only_where_time_may_move(None)] == ids
