"""What migrations share: nothing of the apps, only how a squashed one calls on those it replaces."""

from __future__ import annotations

from importlib import import_module

from django.db.migrations import RunPython, RunSQL


def written(app: str, *names: str) -> list[RunPython | RunSQL]:
    """What these migrations of the app say in SQL or do to rows, in their order; their changes of models left out."""
    found = [import_module(f"{app}.migrations.{name}").Migration.operations for name in names]
    return [operation for operations in found for operation in operations if isinstance(operation, RunPython | RunSQL)]
