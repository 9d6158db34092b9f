"""How these tests put a file before the importer and let it work."""

from __future__ import annotations

from typing import Any

from capture import pipeline
from capture.imports import services, work
from capture.models import Import
from leadops.access import Actor, actor_of
from leadops.models import Role
from leadops.testing import SourceFactory, member
from leadops.unit import in_unit


def ops() -> Actor:
    return actor_of(member("Ingrid", Role.REVENUE_OPS))


def import_source(**values: Any) -> Any:
    return SourceFactory(slug="import", channel="", **{"trigger": "now", **values})


def send(text: str | bytes, actor: Actor, kind: str = "leads", name: str = "rows.csv") -> Import:
    raw = text.encode() if isinstance(text, str) else text
    return in_unit(lambda unit: services.upload(kind, name, [raw], unit), actor=actor)[0]


def map_it(file: Import, actor: Actor, mapping: dict[str, str] | None = None, **options: Any) -> Import:
    """Match columns by their names (or as suggested) and let the dry run happen."""
    places = {column["name"]: str(place) for place, column in enumerate(file.columns)}
    chosen = file.mapping if mapping is None else {places[name]: key for name, key in mapping.items()}
    in_unit(lambda unit: services.set_mapping(file.pk, chosen, options, unit), actor=actor)
    work.run_all()
    file.refresh_from_db()
    return file


def commit(file: Import, actor: Actor) -> Import:
    """Commit, and let the worker and the pipeline do their part to the end."""
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    for _round in range(1000):
        work.run_all()
        while pipeline.run_batch(1000).claimed:
            pass
        file.refresh_from_db()
        if file.state not in work.AT_WORK:
            return file
    raise AssertionError(f"the import stays {file.state}")
