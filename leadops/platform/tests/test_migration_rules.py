"""Migrations that would stop a house at work are named before they are merged; `migrate` waits for no lock long."""

from __future__ import annotations

import psycopg
import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.core.management import call_command
from django.db import OperationalError, migrations, models

from leadops.management.commands import migrate
from leadops.platform import migration_rules
from leadops.tests.running import database_url

SMALL = models.Index(fields=["stage"], name="x")
CHECK = models.CheckConstraint(name="x", condition=models.Q(score__gte=0))
BAD = {
    "AddIndexConcurrently": [migrations.AddIndex("lead", SMALL)],
    "NOT NULL without": [migrations.AddField("lead", "x", models.IntegerField())],
    "add it concurrently": [migrations.AddField("lead", "x", models.IntegerField(null=True, db_index=True))],
    "add them apart": [migrations.AddField("touch", "x", models.ForeignKey("leadops.Lead", models.PROTECT, null=True))],
    "AddConstraintNotValid": [migrations.AddConstraint("lead", CHECK)],
    "RunPython needs": [migrations.RunPython(lambda apps, editor: None)],
    "RunSQL needs": [migrations.RunSQL("SELECT 1")],
    "CONCURRENTLY": [migrations.RunSQL('CREATE UNIQUE INDEX x ON "leadops_lead" (id)', "")],
    "NOT VALID, validated": [migrations.RunSQL("ALTER TABLE leadops_lead ALTER COLUMN pool SET NOT NULL", "")],
    "contract = True": [migrations.RemoveField("team", "zone")],
    "of its own": [AddIndexConcurrently("lead", SMALL)],
}
GOOD = [
    [migrations.AddField("lead", "x", models.IntegerField(null=True))],
    [migrations.AddField("lead", "x", models.IntegerField(default=0))],
    [AddConstraintNotValid("lead", CHECK)],
    [migrations.AddIndex("team", SMALL)],
    [migrations.CreateModel("Lead", []), migrations.AddIndex("lead", SMALL)],
    [migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON leadops_lead (id)", "")],
]


def told(operations: list, **more: object) -> list[str]:
    migration = type("Migration", (migrations.Migration,), {"operations": operations, **more})("0099_x", "leadops")
    return list(migration_rules.check(migration))


@pytest.mark.parametrize("why", BAD)
def test_what_would_stop_a_house_at_work_is_named(why: str):
    (fault,) = told(BAD[why])
    assert why in fault


def test_what_may_run_is_let_through_and_so_are_ours():
    assert [told(each) for each in GOOD] == [[]] * len(GOOD)
    assert told([AddIndexConcurrently("lead", SMALL)], atomic=False) == []
    assert told(BAD["contract = True"], contract=True) == []
    assert migration_rules.faults() == []


def test_a_migration_names_no_code_that_will_change():
    assert list(migration_rules.imports("from django.db import models\nimport leadops.ids\n")) == []
    assert "leadops.models" in next(migration_rules.imports("from leadops.models import Lead"))


@pytest.mark.django_db(transaction=True)
def test_migrate_gives_way_to_who_is_at_work_and_tries_again(monkeypatch, capsys):
    call_command("migrate", "leadops", "0028", verbosity=0)
    capsys.readouterr()  # it may have waited for a vacuum
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migrate, "PAUSES", (0, 0))
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT 1 FROM leadops_user LIMIT 1")
        other.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError):
            call_command("migrate", verbosity=0)
        assert capsys.readouterr().err.count("trying again") == 2
    monkeypatch.undo()
    call_command("migrate", verbosity=0)
    monkeypatch.setattr(migrate, "PAUSES", ())
    call_command("migrate", "--check", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_triggers_on_leads_give_way_to_who_is_at_work_on_them(monkeypatch, capsys):
    call_command("migrate", "routing", "0013", verbosity=0)
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migrate, "PAUSES", (0,))
    with psycopg.connect(database_url()) as other:
        other.execute("LOCK TABLE leadops_lead IN ROW EXCLUSIVE MODE")
        with pytest.raises(OperationalError):
            call_command("migrate", verbosity=0)
    monkeypatch.undo()
    call_command("migrate", verbosity=0)
    call_command("migrate", "--check", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["0041", "0042", "0044"])
def test_what_was_built_before_a_migration_was_cut_does_not_stand_in_its_way(before: str):
    """An index is there and its migration is not recorded: so it is after a kill, and after a lock that took too long."""
    with psycopg.connect(database_url(), autocommit=True) as house:
        asked = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        whole = dict(house.execute(asked).fetchall())
        call_command("migrate", "leadops", before, verbosity=0)
        there = dict(house.execute(asked).fetchall())
        for name in whole.keys() - there.keys():
            house.execute(whole[name])
        call_command("migrate", verbosity=0)
        assert dict(house.execute(asked).fetchall()).keys() == whole.keys()
        for name in there.keys() - whole.keys():  # and on its way back
            house.execute(there[name])
        call_command("migrate", "leadops", before, verbosity=0)
        call_command("migrate", verbosity=0)
        assert dict(house.execute(asked).fetchall()).keys() == whole.keys()


@pytest.mark.django_db
def test_migrate_tries_again_after_a_deadlock_and_not_after_a_fault(monkeypatch, capsys):
    monkeypatch.setattr(migrate, "PAUSES", (0, 0))
    faults = []

    def fail(*args: object, **options: object) -> str:
        if faults:
            raise OperationalError from faults.pop()
        return "done"

    monkeypatch.setattr(migrate.migrate.Command, "handle", fail)
    faults[:] = [psycopg.errors.DeadlockDetected(), psycopg.errors.LockNotAvailable()]
    call_command("migrate", verbosity=0)
    assert capsys.readouterr().err.count("trying again") == 2
    faults[:] = [psycopg.errors.DiskFull()]
    with pytest.raises(OperationalError):
        call_command("migrate", verbosity=0)
    assert "trying again" not in capsys.readouterr().err
