"""The verbs of an import: take in a file, say what its columns mean, check it, commit it, throw it away.

The work itself, row by row, is `work`'s; this only moves an import from one state to the next.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from capture.adapters.synonyms import plain
from capture.imports import cells, files, newfields, undoing
from capture.imports.kinds import DAY, kind_of, known_kinds
from capture.imports.rows import targets_of
from capture.models import Import, ImportFault, ImportPart, Source
from leadops import access
from leadops.errors import Conflict, NotFound, Refused
from leadops.fold import clean_text, whole
from leadops.journal import Kind
from leadops.models import Reason, Rep, Team
from leadops.unit import Unit

State = Import.State
OVER = (State.DISCARDED, State.UNDONE)  # the same file may come anew
OPEN = (State.MAPPING, State.CHECKED)
ROUTES = ("now", "mql", "source", "assign")
OPTIONS = (
    "decimal", "days", "empty", "source", "route", "owner", "won", "lost", "reason", "currency", "create_accounts",
    "agents", "team",
)  # fmt: skip


# -- taking in a file ------------------------------------------------------------------------------------


def upload(kind: str, name: str, chunks: Iterable[bytes], unit: Unit) -> tuple[Import, bool]:
    """The import of this file, and whether it is new: the same bytes again are the import they were before."""
    if kind not in {known.key for known in known_kinds()}:
        raise Refused("unknown-kind", _("There is no such kind of import."))
    access.require(unit.actor, "import_leads")
    access.require(unit.actor, kind_of(kind).verb)
    kept = files.take_in(chunks)
    same = Import.objects.filter(kind=kind, digest=kept.digest)
    again = same.exclude(state__in=OVER).first()
    if again is not None:
        return again, False
    separator = files.separator_of(kept.pieces[:1], kept.encoding)
    made = Import(
        kind=kind,
        name=clean_text(name, 200).replace("\n", " ").strip() or "file.csv",
        digest=kept.digest,
        size=kept.size,
        encoding=kept.encoding,
        separator=separator,
        by_id=unit.actor.user_id,
        created_at=unit.at,
        lap=same.filter(state=State.UNDONE).count(),
    )
    _profiled(made, files.profile(kept.pieces, kept.encoding, separator))
    Import.objects.bulk_create([made], ignore_conflicts=True)
    held = Import.objects.exclude(state__in=OVER).get(kind=kind, digest=kept.digest)
    if held.pk != made.pk:  # the same file, sent twice at once
        return held, False
    files.save(made.pk, kept.pieces)
    return held, True


def _profiled(file: Import, profile: files.Profile) -> None:
    """Columns, guesses, and what a file with the same columns was told before."""
    file.columns = [{"name": name, "samples": profile.samples(place)} for place, name in enumerate(profile.names)]
    file.header, file.rows = profile.header, profile.rows
    values = [profile.values(place) for place in range(len(profile.names))]
    same = Import.objects.filter(kind=file.kind, header=file.header).exclude(mapping={}).order_by("-id").first()
    if same is not None:
        file.mapping, file.options = same.mapping, dict(same.options)
    else:
        file.mapping = _suggested(file)
        file.options = {"route": "now"} if file.kind == Import.Kind.LEADS else {"won": _("Won"), "lost": _("Lost")}
        file.options = {key: str(value) for key, value in file.options.items()}
    file.options["decimal"] = cells.decimal_mark(value for column in values for value in column)
    file.options["days"] = _days_of(file, profile)


def _suggested(file: Import) -> dict[str, str]:
    """Each meaning at most once, for the first column whose name says it."""
    names: dict[str, str] = {}
    for target in targets_of(file).values():
        for name in target.names:
            names.setdefault(plain(name), target.key)
    found: dict[str, str] = {}
    for place, column in enumerate(file.columns):
        key = names.get(plain(column["name"]))
        if key and key not in found.values():
            found[str(place)] = key
    if "given_name" in found.values() and "family_name" not in found.values():  # « nom » beside « prénom »
        found = {place: "family_name" if key == "name" else key for place, key in found.items()}
    return found


def _days_of(file: Import, profile: files.Profile) -> str:
    """The order of the days in the columns that are mapped to a day."""
    targets = targets_of(file)
    places = [int(p) for p, key in file.mapping.items() if key in targets and targets[key].kind == DAY]
    return cells.day_order(value for place in places for value in profile.values(place))


# -- what the columns mean -------------------------------------------------------------------------------


def read_again(file_id: uuid.UUID, encoding: str, separator: str, unit: Unit) -> Import:
    """Read the file in another encoding or with another separator; the mapping starts anew."""
    file = _open(file_id, unit)
    if encoding not in files.ENCODINGS or separator not in files.SEPARATORS:
        raise Refused("unknown-format", _("There is no such encoding or separator here."))
    file.encoding, file.separator = encoding, separator
    _profiled(file, files.profile(files.pieces_of(file.pk), encoding, separator))
    file.state = State.MAPPING
    file.save()
    return file


def set_mapping(file_id: uuid.UUID, mapping: Mapping[str, str], options: Mapping[str, Any], unit: Unit) -> Import:
    """Say what the columns mean and start the dry run."""
    file = _open(file_id, unit)
    named, fields = newfields.asked_for(file, mapping, unit)
    chosen = {key: value for key, value in options.items() if key in OPTIONS}
    file.options = {**file.options, **chosen, "new_fields": fields}
    file.mapping = _checked_mapping(file, named)
    _check_options(file, unit)
    _check_days(file)
    file.state, file.next_row, file.found, file.error, file.starts = State.CHECKING, 0, {}, "", 0
    ImportFault.objects.filter(file=file).delete()
    file.save()
    unit.wake("due")
    return file


def _open(file_id: uuid.UUID, unit: Unit) -> Import:
    """The import, locked, while it is not under way."""
    file = _locked(file_id, unit)
    if file.state not in OPEN:
        raise Conflict("import-under-way", _("This import is under way or over."))
    return file


def _locked(file_id: uuid.UUID, unit: Unit) -> Import:
    access.require(unit.actor, "import_leads")
    file = Import.objects.select_for_update().exclude(state=State.DISCARDED).filter(pk=file_id).first()
    if file is None:
        raise NotFound(_("There is no such import."))
    access.require(unit.actor, kind_of(file.kind).verb)
    return file


def _checked_mapping(file: Import, mapping: Mapping[str, str]) -> dict[str, str]:
    targets = targets_of(file)
    places = {whole(str(place)): key for place, key in mapping.items() if key}
    kept = {str(place): key for place, key in places.items() if place is not None}
    if any(int(place) >= len(file.columns) for place in kept):
        raise Refused("unknown-column", _("There is no such column."))
    unknown = sorted(set(kept.values()) - set(targets))
    if unknown:
        raise Refused("unknown-field", _("There is no such field: %(names)s") % {"names": ", ".join(unknown)[:200]})
    for key in kept.values():
        if list(kept.values()).count(key) > 1:
            raise Refused(
                "mapped-twice", _("Two columns are matched to “%(field)s”: choose one.") % {"field": targets[key].label}
            )
    needed = kind_of(file.kind).one_of
    if not set(needed) & set(kept.values()):
        names = ", ".join(str(targets[key].label) for key in needed)
        raise Refused("nothing-mapped", _("Match at least one column to one of: %(names)s.") % {"names": names})
    return kept


def _check_days(file: Import) -> None:
    """01/02/2026 says nothing by itself: asked once, when days are mapped and no value decides."""
    found = files.profile(files.pieces_of(file.pk), file.encoding, file.separator)
    told = _days_of(file, found)
    if told == "?" and file.options.get("days") not in (cells.DAY_FIRST, cells.MONTH_FIRST):
        raise Refused("days-ambiguous", _("Say whether 01/02/2026 is 1 February or 2 January: the file does not."))
    if told in (cells.DAY_FIRST, cells.MONTH_FIRST) and file.options.get("days") in ("", "?"):
        file.options["days"] = told


def _check_options(file: Import, unit: Unit) -> None:
    options = file.options
    if options.get("decimal", ".") not in (cells.COMMA, cells.POINT):
        raise Refused("unknown-decimal", _("A decimal mark is a comma or a point."))
    if options.get("days", "") not in ("", "?", cells.DAY_FIRST, cells.MONTH_FIRST):
        raise Refused("unknown-days", _("Days are written day first or month first."))
    if file.kind == Import.Kind.LEADS:
        _check_leads(file, unit)
    if file.kind == Import.Kind.DEALS:
        _check_deals(options, unit)


def _check_leads(file: Import, unit: Unit) -> None:
    options = file.options
    source = Source.objects.filter(slug=options.get("source") or "import").first()
    if source is None or source.state != Source.State.LIVE:
        raise Refused("no-such-source", _("Choose a source that is live."))
    file.source, options["source"] = source, source.slug
    if options.setdefault("route", "now") not in ROUTES:
        raise Refused("unknown-route", _("There is no such choice for routing."))
    if options.get("route") == "assign":
        try:
            rep = Rep.objects.filter(pk=uuid.UUID(str(options.get("owner", ""))), active=True).first()
        except ValueError:
            rep = None
        if rep is None:
            raise Refused("no-such-rep", _("There is no such active rep."))
        access.require(unit.actor, "assign", rep)


def _check_deals(options: dict[str, Any], unit: Unit) -> None:
    reasons = Reason.objects.filter(use=Reason.Use.LOST, active=True)
    if not reasons.filter(key=options.get("reason", "")).exists():
        raise Refused("reason-needed", _("Choose the reason for lost deals that name none."))
    if options.get("agents") == "create":
        access.require(unit.actor, "edit_users")
        if not Team.objects.filter(key=options.get("team", "")).exists():
            raise Refused("team-needed", _("Name the team of owners who are unknown here."))


# -- commit, retry, discard ------------------------------------------------------------------------------


def commit(file_id: uuid.UUID, unit: Unit) -> Import:
    """Take the checked rows in, in the background; a second commit of the same import changes nothing."""
    file = _locked(file_id, unit)
    if file.state in (State.LOADING, State.SETTLING, State.DONE):
        return file
    if file.state not in (State.CHECKED, State.FAILED) or (file.state == State.FAILED and not file.committed_at):
        raise Conflict("not-checked", _("Check the file first."))
    newfields.make(file, unit)
    file.committed_at = file.committed_at or unit.at
    if file.state == State.CHECKED:
        file.next_row, file.ends = 0, {}
    file.state, file.starts, file.error = State.LOADING, 0, ""
    file.save()
    unit.record(Kind.SETTING_CHANGED, data={"what": "import", "key": str(file.pk), "to": "loading", "rows": file.rows})
    unit.wake("due")
    return file


def discard(file_id: uuid.UUID, unit: Unit) -> Import:
    """Throw a file away that was never committed; the same file may then be sent anew."""
    file = _locked(file_id, unit)
    if file.committed_at is not None:
        raise Conflict("import-under-way", _("This import is under way or over."))
    file.state = State.DISCARDED
    file.save(update_fields=["state"])
    ImportPart.objects.filter(file=file).delete()
    ImportFault.objects.filter(file=file).delete()
    return file


def undo(file_id: uuid.UUID, unit: Unit) -> Import:
    """Take a finished import back, in the background: leads it made and nobody touched since end."""
    return undoing.undo(_locked(file_id, unit), unit)
