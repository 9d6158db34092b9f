"""Custom fields that a file brings along: named by their column, of a kind a person chose, made when the import is committed.

Until then they stand with the import alone: a dry run shows them, a file thrown away leaves none behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from capture.attributes import name_key
from capture.imports.kinds import ATTRIBUTE, DAY, NUMBER, TEXT, Target
from capture.models import Import
from leadops import access
from leadops.errors import Refused
from leadops.fold import whole
from leadops.journal import Kind
from leadops.models import AttributeDef
from leadops.unit import Unit

NEW_FIELD = "new:"  # in a mapping: make a custom field of this column, of the kind that follows
KINDS: dict[str, str | Promise] = {
    "text": _("New custom field: text"),
    "number": _("New custom field: number"),
    "day": _("New custom field: day"),
    "flag": _("New custom field: yes or no"),
}
_read_as = {"number": NUMBER, "day": DAY}
LONGEST_KEY = 40


def pending(file: Import) -> list[Target]:
    """The fields this import will make, as targets of its columns."""
    return [
        Target(f"{ATTRIBUTE}{key}", each["label"], _read_as.get(each["kind"], TEXT), (), _("Custom fields"))
        for key, each in _asked(file).items()
    ]


def _asked(file: Import) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = file.options.get("new_fields") or {}
    return found


def asked_for(file: Import, mapping: Mapping[str, str], unit: Unit) -> tuple[dict[str, str], dict[str, Any]]:
    """The mapping with `new:<kind>` put as the field it will be, and the fields to make.

    Refuses an unknown kind, a file of another kind, a name that is taken, and whoever may not make custom fields.
    """
    kept, fields, before = dict(mapping), {}, _asked(file)
    for place, chosen in mapping.items():
        if chosen.removeprefix(ATTRIBUTE) in before and chosen.startswith(ATTRIBUTE):
            fields[chosen.removeprefix(ATTRIBUTE)] = before[chosen.removeprefix(ATTRIBUTE)]
        if not chosen.startswith(NEW_FIELD):
            continue
        access.require(unit.actor, "edit_reference")
        kind = chosen.removeprefix(NEW_FIELD)
        if (
            kind not in KINDS
            or file.kind != Import.Kind.LEADS
            or (column := whole(place)) is None
            or column >= len(file.columns)
        ):
            raise Refused("unknown-field", _("There is no such field: %(names)s") % {"names": chosen[:80]})
        label = str(file.columns[column]["name"])
        key = name_key(label)[:LONGEST_KEY].strip("_")
        if not key or key in fields or AttributeDef.objects.filter(key=key).exists():
            raise Refused(
                "field-exists", _("There is a custom field named “%(name)s” already: choose it.") % {"name": label[:80]}
            )
        fields[key] = {"kind": kind, "label": label[:120]}
        kept[place] = f"{ATTRIBUTE}{key}"
    return kept, fields


def make(file: Import, unit: Unit) -> None:
    """The fields of a committed import, each with its line in the journal; one made meanwhile stays as it is.

    They count as personal: whoever knows better changes it among the custom fields.
    """
    for key, each in _asked(file).items():
        labels = {"fr": each["label"], "en": each["label"]}
        values = {"kind": each["kind"], "labels": labels, "personal": True}
        row, made = AttributeDef.objects.get_or_create(owner=AttributeDef.Owner.LEAD, key=key, defaults=values)
        if made:
            said = {
                "table": AttributeDef._meta.model_name,
                "row": str(row),
                "fields": sorted({"key", "owner", *values}),
            }
            unit.record(Kind.SETTING_CHANGED, data={**said, "new": True, "import": str(file.pk)})
