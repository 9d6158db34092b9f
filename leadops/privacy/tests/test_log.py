"""The logs beside the backups when the disk is full, a line is cut short, or the folder is another."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from leadops import moment
from leadops.access import system
from leadops.effects import suppression
from leadops.privacy import log
from leadops.privacy.models import Erasure
from leadops.testing import LeadFactory
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backups(tmp_path: Path, settings: Any) -> Path:
    settings.BACKUPS = tmp_path
    return tmp_path


def erased(number: int) -> Erasure:
    lead = LeadFactory()
    made: Erasure = Erasure.objects.create(
        person_id=lead.person_id,
        people=[str(lead.person_id)],
        digests=[f"{number:064x}"],
        reason="asked",
        at=moment.now(),
    )
    return made


def told() -> set[str]:
    return {line["erasure"] for line in log.lines(log.path())}


def test_a_line_cut_short_takes_no_other_with_it() -> None:
    first = erased(1)
    log.write_new()
    with log.path().open("a") as out:
        out.write('{"erasure": "01a22263-fc08-7')
    second = erased(2)
    log.write_new()
    assert told() == {str(first.pk), str(second.pk)}


def test_what_a_writer_takes_back_is_its_own_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Web and ticker write at once; the disk refuses one of them."""
    file, other, sync = tmp_path / "log", [], os.fsync
    log._append(file, [{"n": 1}])

    def refuses(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        other.append(threading.Thread(target=log._append, args=(file, [{"n": 3}])))
        other[0].start()
        other[0].join(0.3)
        raise OSError("full")

    monkeypatch.setattr(os, "fsync", refuses)
    with pytest.raises(OSError, match="full"):
        log._append(file, [{"n": 2}])
    other[0].join(5)
    assert file.read_text().split("\n") == ['{"n": 1}', '{"n": 3}', ""]


def test_of_what_the_disk_refuses_nothing_is_left_and_nothing_is_said_to_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = erased(1)
    log.write_new()
    whole = log.path().read_bytes()
    second = erased(2)

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(os, "fsync", full)
        log.write_new()
    second.refresh_from_db()
    assert log.path().read_bytes() == whole and second.logged_at is None and log.waiting()
    log.write_new()
    assert told() == {str(first.pk), str(second.pk)}


def test_a_folder_without_the_log_gets_all_of_it() -> None:
    first = erased(1)
    log.write_new()
    assert not log.waiting()
    log.path().unlink()
    assert log.waiting() and log.write_new() == 1 and told() == {str(first.pk)}


def test_the_list_of_noes_goes_on_after_a_broken_line_and_an_unreadable_one_is_left_to_the_writer() -> None:
    in_unit(lambda unit: suppression.suppress([b"a" * 32], "unsubscribed", unit), actor=system("test"))
    log.write_noes(stopped=True)
    last = log.last_no()
    assert last > 0
    with log.path(log.NOES).open("a") as out:
        out.write('{"id": 18, "digest": "ab')
    assert log.last_no() == last
    in_unit(lambda unit: suppression.suppress([b"b" * 32], "unsubscribed", unit), actor=system("test"))
    assert log.write_noes(stopped=True) == 1 and log.last_no() > last
    assert len(list(log.lines(log.path(log.NOES), "id"))) == 2
    log.path(log.NOES).unlink()
    log.path(log.NOES).mkdir()  # reading it fails, as it does for another account's file
    assert log.waiting()
