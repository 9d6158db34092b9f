"""A house is dumped, somebody is erased, an older backup comes back: checksums equal, who was erased stays erased, mail is held."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from leadops import moment, sealed
from leadops.access import actor_of, system
from leadops.backup import dumping, manifest, restoring
from leadops.backup.manifest import NotTrusted
from leadops.desk.tests.api_cast import House
from leadops.effects import runner, stop, suppression
from leadops.effects.models import Effect
from leadops.models import Lead, Person
from leadops.platform import dumps, parent, single, startup, unfinished
from leadops.privacy import erasing, log
from leadops.privacy.models import Erasure
from leadops.privacy.subject import subject_of
from leadops.privacy.tests.planting import EMAIL, MARK, PHONE, everywhere, plant, somebody
from leadops.tests.running import database_url
from leadops.unit import in_unit
from routing import workload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


LATER_NO = b"5" * 32  # an address whose owner said no after the backup


def said(folder: Path) -> bytes:
    """The whole dump as SQL."""
    return b"".join(dumps.text(dumps.programs(manifest.server_major()), folder / manifest.FILE)).lower()


def holds(folder: Path, word: str) -> bool:
    text = said(folder)
    return word.lower().encode() in text or word.lower().encode().hex().encode() in text


def test_backup_erase_restore(tmp_path: Path, settings, capsys):
    settings.BACKUPS = tmp_path / "backups"
    house, now = House(), moment.now()
    lead = somebody(house)
    planted = plant(subject_of(lead.person_id, company=True))
    other = house.lead(house.lea, name="Somebody Else")
    for key, due_at, state in (
        ("late", now - timedelta(hours=3), "planned"),
        ("soon", now + timedelta(hours=3), "planned"),
        ("leaving", now, "sending"),
    ):
        Effect.objects.create(
            channel="mail", key=key, purpose="sequence", lead=other, person=other.person, due_at=due_at, state=state,
            created_at=now, lease_until=now if state == "sending" else None,
        )  # fmt: skip
    call_command("backup", "--to", str(settings.BACKUPS))
    before = Path(capsys.readouterr().out.strip().splitlines()[-1])
    counted, leads = manifest.tables(), Lead.objects.count()
    assert manifest.read(before).tables == counted and holds(before, MARK) and holds(before, planted[-1])
    assert holds(before, "Somebody Else") and (before / manifest.FILE).stat().st_mode & 0o077 == 0
    assert settings.SECRET_KEY.encode() not in said(before)

    # F24: none of the canaries is left in a full dump
    erasing.erase(lead.person_id, "asked", actor_of(house.revenue.user), company=True)
    fresh = came_later(house)
    in_unit(lambda unit: suppression.suppress([LATER_NO], "unsubscribed", unit), actor=system("test"))
    after = dumping.backup(tmp_path / "after")
    text = said(after)
    left = [word for word in (*planted, MARK, EMAIL, PHONE) if word.lower().encode() in text]
    assert not left and MARK.encode().hex().encode() not in text and b"somebody else" in text
    assert log.path().exists() and EMAIL not in log.path().read_text() and not Erasure.objects.filter(logged_at=None)

    # a house that is lived in is not overwritten unasked, nor by what cannot be trusted
    with pytest.raises(CommandError, match="lived in"):
        call_command("restore", str(before))
    _refuses_what_is_damaged_or_foreign(before, tmp_path, settings)
    assert Erasure.objects.count() == 1

    # on a machine of its own the log comes with the backups
    elsewhere = tmp_path / "elsewhere"
    settings.BACKUPS.rename(elsewhere)
    before = elsewhere / before.name
    # F22: the older backup comes back; what was erased since is erased again, what was due is held
    call_command("restore", str(before), "--over")
    told = capsys.readouterr().out
    assert "are as the manifest says" in told and "erased again: 1;" in told
    assert Lead.objects.count() == leads and not workload.apart()
    assert everywhere(MARK) == {} and everywhere(PHONE) == {}
    assert Person.objects.get(pk=lead.person_id).erased_at is not None
    assert suppression.in_force().get(digest=suppression.digest_of(EMAIL)).reason == "erased"
    assert suppression.in_force().get(digest=LATER_NO).reason == "unsubscribed"
    assert suppression.suppressed([fresh]) == {} and not Person.objects.filter(pk=fresh.pk).exists()
    states = dict(Effect.objects.filter(lead=other).exclude(purpose="new_lead").values_list("key", "state"))
    assert (states["late"], states["leaving"], states["soon"]) == ("held", "unknown", "planned")
    assert len(dumping.kept(settings.BACKUPS)) == 1, "what was overwritten is kept"

    # nothing leaves before somebody looked, and then nothing in a burst
    assert runner.next_due(now + timedelta(days=1)) is None and runner.run(now + timedelta(days=1)) == 0
    Effect.objects.filter(key="soon").update(due_at=now)
    call_command("release_mail")
    assert not stop.holds() and Effect.objects.get(key="soon").state == "held"
    assert "nothing was stopped" in (call_command("release_mail") or capsys.readouterr().out)


def came_later(house: House) -> Person:
    """Somebody who came after the backup."""
    return house.lead(house.lea, name="Came Later", person={"email": "later@acme.example"}).person


def _refuses_what_is_damaged_or_foreign(good: Path, tmp_path: Path, settings) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    told = json.loads((bad / manifest.MANIFEST).read_text())
    for change, why in (
        ({"migrations": [*told["migrations"], "leadops.9999_from_tomorrow"]}, "newer leadops"),
        ({"server": 99}, "PostgreSQL 99"),
        ({"key": "another"}, "SECRET_KEY"),
        ({"sha256": "0" * 64}, "not the file"),
        ({"format": "leadops-backup-9"}, "format"),
        ({"server": "17"}, "no manifest of ours"),
        ({"tables": {"leadops_lead": 3}}, "no manifest of ours"),
        ({"migrations": "leadops.0001_initial"}, "no manifest of ours"),
    ):
        (bad / manifest.MANIFEST).write_text(json.dumps(told | change))
        with pytest.raises(NotTrusted, match=why):
            restoring.restore(bad, over=True)
    (bad / manifest.MANIFEST).write_text(json.dumps(told | {"key": "another"}))
    with pytest.raises(NotTrusted, match="var/secret_key"):
        restoring.restore(bad, over=True)


@pytest.fixture
def shut_again() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(unfinished.END)


@pytest.mark.usefixtures("shut_again")
def test_a_restore_that_did_not_end_keeps_the_house_shut_until_one_does(tmp_path: Path, settings, monkeypatch, capsys):
    """Whether it broke off after the drop, in its last steps or at counts that are wrong."""
    settings.BACKUPS = tmp_path / "backups"
    monkeypatch.setattr(single.os, "execvpe", lambda *_of: pytest.fail("the house was opened"))
    house = House()
    lead = house.lead(house.lea, name="Somebody Here")
    good = dumping.backup(tmp_path / "good")
    wrong = tmp_path / "wrong"
    shutil.copytree(good, wrong)
    told = json.loads((wrong / manifest.MANIFEST).read_text())
    told["tables"]["leadops_lead"][0] += 1
    (wrong / manifest.MANIFEST).write_text(json.dumps(told))

    def dies(*_: object) -> None:
        raise dumps.DumpFailed("pg_restore failed: killed")

    def shut() -> bool:
        with pytest.raises(CommandError, match="a restore did not end: run it again"):
            call_command("prepare_house", skip_checks=True)
        with pytest.raises(startup.CannotStart, match="a restore did not end"):
            startup.check_restored(database_url())
        with pytest.raises(CommandError, match="a restore did not end"):
            call_command("backup", "--to", str(settings.BACKUPS))
        monkeypatch.setenv("DATABASE_URL", database_url())
        assert single.main(["web"]) == 1
        return capsys.readouterr().err == f"leadops: {unfinished.LINE}\n"

    with monkeypatch.context() as broken, pytest.raises(CommandError, match="killed"):
        broken.setattr(dumps, "restore", dies)
        call_command("restore", good, "--over")
    assert shut() and "leadops_lead" not in connection.introspection.table_names()
    with monkeypatch.context() as broken, pytest.raises(CommandError, match="killed"):
        broken.setattr(stop, "begin", dies)
        call_command("restore", good, "--over")
    Effect.objects.create(
        channel="mail", key="due", purpose="sequence", lead=lead, person=lead.person, due_at=moment.now(),
        state="planned", created_at=moment.now(),
    )  # fmt: skip
    assert shut() and runner.run() == 0 and Effect.objects.get(key="due").state == "planned"
    with pytest.raises(CommandError, match="not as the manifest says"):
        call_command("restore", wrong, "--over")
    assert shut() and len(dumping.kept(settings.BACKUPS)) == 1, "half a restore is no house to keep"

    call_command("restore", good)
    startup.check_restored(database_url())
    monkeypatch.setattr(startup, "SERVER_PATIENCE", 0.2)  # a server that starts beside us may hold half a restore
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:9/leadops")
    assert single.main(["web"]) == 1 and "does not answer" in capsys.readouterr().err
    assert Lead.objects.filter(pk=lead.pk).exists() and stop.holds()


def test_a_restore_with_another_key_on_purpose_opens_with_that_key(tmp_path: Path, settings):
    settings.BACKUPS = tmp_path / "backups"
    House()
    call_command("prepare_house", skip_checks=True)
    made = dumping.backup(tmp_path / "made")
    settings.SECRET_KEY = "another key of this house, put here on purpose"
    call_command("restore", made, "--over", "--other-key")
    call_command("prepare_house", skip_checks=True)
    assert sealed.same_key()


def test_nobody_starts_or_stops_while_a_restore_is_at_work(tmp_path: Path, settings, monkeypatch, capsys):
    settings.VAR, run = tmp_path, tmp_path / "run"
    monkeypatch.setattr(parent, "RUN", run)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("PORT", "8112")
    line = f"leadops: a restore is at work here (pid {os.getpid()}): wait for its end\n"

    def meanwhile(*_: object, **__: object) -> None:
        for asked in ("--serve", "--stop"):
            assert parent.main([asked]) == 1 and capsys.readouterr().err == line
        raise NotTrusted("it was at work")

    monkeypatch.setattr(restoring, "restore", meanwhile)
    with pytest.raises(CommandError, match="it was at work"):
        call_command("restore", tmp_path)
    with startup.alone(run, 8112), pytest.raises(CommandError, match="already running here at"):
        call_command("restore", tmp_path)
    assert startup.holder(run) is None


def test_what_is_no_backup_is_refused_in_plain_words(tmp_path: Path) -> None:
    folder = tmp_path / "2026-11-26T021500Z"
    folder.mkdir()

    def refusal(asked: Path = folder) -> str:
        with pytest.raises(CommandError) as refused:
            call_command("restore", asked)
        assert "Errno" not in str(refused.value) and str(asked) in str(refused.value)
        return str(refused.value)

    assert "is not there" in refusal(tmp_path / "nope")
    assert "manifest.json is missing" in refusal()
    (folder / manifest.MANIFEST).write_text('{"made_at": "2026-11-26T02')
    assert "house.dump is missing" in refusal()
    (folder / manifest.FILE).write_bytes(b"PGDMP")
    assert "is cut short or no manifest of ours" in refusal()
    assert "is a file: name the folder" in refusal(folder / manifest.FILE)


def test_a_folder_that_takes_no_backup_is_named_in_plain_words() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("backup", "--to", "/proc/nope")
    assert str(refused.value).startswith("/proc/nope") and "cannot be written to: No such file" in str(refused.value)


def test_a_backup_that_fails_leaves_nothing_and_takes_along_what_a_killed_one_left(tmp_path: Path, monkeypatch):
    killed, at_work = tmp_path / "2026-11-20T021500Z.half", tmp_path / "2026-11-28T021500Z.half"
    killed.mkdir()
    (killed / manifest.FILE).write_bytes(b"PGDMP")
    at_work.mkdir()
    long_ago = time.time() - dumping.LEFT - 60
    os.utime(killed, (long_ago, long_ago))

    def full(*args: object) -> None:
        Path(str(args[-1])).write_bytes(b"PGDMP")
        raise dumps.DumpFailed("pg_dump failed: No space left on device")

    monkeypatch.setattr(dumps, "dump", full)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", "--to", str(tmp_path))
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == [at_work.name]


def test_a_backup_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch):
    kept: list[str] = []

    def noted(handle: int) -> None:
        kept.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)

    monkeypatch.setattr(os, "fsync", noted)
    made = dumping.backup(tmp_path)
    assert kept[-4:] == [manifest.FILE, manifest.MANIFEST, made.name + dumping.HALF, tmp_path.name]


def test_a_dump_needs_the_programs_of_the_servers_own_major(monkeypatch, tmp_path):
    monkeypatch.setattr(dumps, "_folders", lambda: iter([tmp_path]))
    with pytest.raises(dumps.DumpFailed, match="install the client programs"):
        dumps.programs(manifest.server_major())
    assert connection.is_usable()
