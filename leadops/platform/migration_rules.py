"""What a migration may do to tables people are at work on: rules read from its operations; it runs none of them.

Old and new code both run on each schema while a release goes on, and no statement may wait for a lock or hold one for
long. What came before these rules (`BASELINE`) ran on houses that were empty.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.models import CheckConstraint, ForeignKey

OURS = ("leadops", "capture", "routing", "qualification", "nurture", "reports")
BASELINE = {"leadops": 25, "capture": 9, "routing": 11, "qualification": 7, "nurture": 3, "reports": 4}
# tables that grow with every lead: nothing reads or rewrites them whole while they are locked
LARGE = {
    "leadops": {
        "lead", "person", "personemail", "matchkey", "touch", "touchdetail", "journalentry", "entrytext", "decision",
        "decisionfacts", "effect", "notice", "work", "task", "consent", "opportunity",
    },
    "capture": {"submission", "visit", "visitor"},
    "routing": {"assignment", "clock", "clockstep", "creditentry"},
    "qualification": {"scoresheet", "handoff", "frameworkanswer"},
    "nurture": {"enrolment", "stepdone"},
    "reports": {"leadfact", "askingfact"},
}  # fmt: skip
# what a field or a default may name: it never changes its meaning
MAY_IMPORT = {"leadops.ids", "leadops.models.columns"}
GONE = (operations.RemoveField, operations.DeleteModel, operations.RenameField, operations.RenameModel)
CONCURRENT = (AddIndexConcurrently, RemoveIndexConcurrently)
_INDEX = re.compile(r"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)[^;]*?\bON\s+\"?(\w+)", re.IGNORECASE)
_NOT_NULL = re.compile(r"\bALTER\s+TABLE\s+\"?(\w+)\"?[^;]*\bSET\s+NOT\s+NULL", re.IGNORECASE)


def faults() -> list[str]:
    """Every breach in the migrations since the baseline, as `app.name: what is wrong`."""
    found = []
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in OURS and not migration.replaces and int(name[:4]) > BASELINE.get(app, 0):
            file = Path(apps.get_app_config(app).path) / "migrations" / f"{name}.py"
            found += [f"{app}.{name}: {fault}" for fault in (*imports(file.read_text()), *check(migration))]
    return found


def imports(source: str) -> Iterator[str]:
    """Code of the house named in a migration's source: it would mean something else tomorrow."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.partition(".")[0] in OURS and name not in MAY_IMPORT and not name.endswith("migrations"):
                yield f"it imports {name}, whose meaning will change: write what it needs into the migration"


def check(migration: Migration) -> Iterator[str]:
    app, made = migration.app_label, set()
    concurrent = [each for each in migration.operations if isinstance(each, CONCURRENT)]
    if concurrent and (migration.atomic or len(concurrent) != len(migration.operations)):
        yield "an index is built concurrently outside a transaction, in a migration of its own (atomic = False)"
    for each in migration.operations:
        if isinstance(each, operations.CreateModel):
            made.add(each.name_lower)
        elif isinstance(each, operations.RunPython) and each.reverse_code is None:
            yield "RunPython needs its way back (noop where there is nothing to undo)"
        elif isinstance(each, operations.RunSQL):
            yield from _sql(each)
        elif isinstance(each, GONE) and not getattr(migration, "contract", False):
            yield (
                f"{each.describe()}: code that still runs would miss it. Stop using it in one release, say"
                " `contract = True` in the migration of the next"
            )
        else:
            yield from _on_large(each, LARGE.get(app, set()) - made)


def _on_large(each: operations.base.Operation, large: set[str]) -> Iterator[str]:
    model = str(getattr(each, "model_name", "")).lower()
    if model not in large:
        return
    if isinstance(each, operations.AddIndex) and not isinstance(each, AddIndexConcurrently):
        yield f"{each.describe()}: {model} is large, use AddIndexConcurrently"
    elif isinstance(each, operations.AddConstraint) and not isinstance(each, AddConstraintNotValid):
        way = (
            "AddConstraintNotValid, then ValidateConstraint"
            if isinstance(each.constraint, CheckConstraint)
            else "an index built concurrently"
        )
        yield f"{each.describe()}: {model} is large and would be read under a lock, use {way}"
    elif isinstance(each, operations.AddField):
        field: Any = each.field
        refers = isinstance(field, ForeignKey)
        if not field.null and not field.has_default() and not field.has_db_default():
            yield f"{each.describe()}: NOT NULL without a default on {model}"
        if refers and (field.db_constraint or field.db_index):
            yield f"{each.describe()}: key and index of a reference lock {model}, add them apart"
        elif field.db_index or field.unique:
            yield f"{each.describe()}: its index is built under a lock on {model}, add it concurrently"


def _sql(each: operations.RunSQL) -> Iterator[str]:
    if each.reverse_sql is None:
        yield "RunSQL needs its way back (noop where there is nothing to undo)"
    text = each.sql if isinstance(each.sql, str) else "\n".join(str(part) for part in each.sql)
    large = {f"{app}_{model}" for app, models in LARGE.items() for model in models}
    for table in _INDEX.findall(text):
        if table in large:
            yield f"an index on {table} is built under a lock: CREATE INDEX CONCURRENTLY"
    for table in _NOT_NULL.findall(text):
        if table in large:
            yield f"SET NOT NULL reads all of {table} under a lock: a CHECK … NOT VALID, validated, first"
