"""A row of the audit in words: who, what, what it was before and is after, from where. It decides nothing and reads names alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadops import access
from leadops.access import Actor
from leadops.audited import EntryOrigin
from leadops.desk import audit_versions
from leadops.desk.audit_values import field_word, pairs, value_word
from leadops.desk.audit_versions import Sides
from leadops.journal import JournalEntry, Kind
from leadops.models import Reason, User
from leadops.versions.kinds import all_kinds

SYSTEMS = {
    "system": gettext_lazy("The system"), "pipeline": gettext_lazy("The pipeline"), "ticker": gettext_lazy("The ticker"), "visitor": gettext_lazy("A visitor"),
    "operator": gettext_lazy("The operator, at the server"), "first-run": gettext_lazy("The first run"), "retention": gettext_lazy("Retention"),
    "setup": gettext_lazy("The shipped settings"), "restore": gettext_lazy("A restore"),
    "reassess": gettext_lazy("The scores"), "demo": gettext_lazy("The demo"), "import": gettext_lazy("An import"),
}  # fmt: skip
REFUSED = {
    "password": gettext_lazy("wrong password or unknown address"),
    "code": gettext_lazy("wrong code"),
    "wait": gettext_lazy("too many tries"),
}
FACTOR = {
    "set_up": gettext_lazy("set up"),
    "new_codes": gettext_lazy("new recovery codes"),
    "removed": gettext_lazy("removed"),
}
TOKEN = {"made": gettext_lazy("made"), "revoked": gettext_lazy("revoked")}
THINGS = {
    "user": gettext_lazy("User"), "membership": gettext_lazy("Role"), "team": gettext_lazy("Team"), "rep": gettext_lazy("Rep"), "repterms": gettext_lazy("Terms of a rep"),
    "poolmember": gettext_lazy("Members of a pool"), "territoryplace": gettext_lazy("Places of a territory"), "pool": gettext_lazy("Pool"),
    "territory": gettext_lazy("Territory"), "source": gettext_lazy("Source"), "source_secret": gettext_lazy("Secret of a source"),
    "campaign": gettext_lazy("Campaign"), "form": gettext_lazy("Form"), "import": gettext_lazy("Import"), "cost": gettext_lazy("Cost"),
    "suppression": gettext_lazy("Suppression"), "reason": gettext_lazy("Reason"), "status": gettext_lazy("Status"), "attributedef": gettext_lazy("Field"),
}  # fmt: skip
SAID = {"table", "what", "row", "key", "fields", "new", "ended", "before", "after", "from", "to", "user", "team"}
PEOPLE = ("user", "membership", "rep", "repterms")  # tables whose rows are users


@dataclass(frozen=True, slots=True)
class Told:
    """One act, as page, file and API show it; `before` and `after` are pairs of field and value."""

    id: int
    at: datetime
    kind: str
    who: str
    by_person: bool
    what: str
    detail: str
    before: str
    after: str
    address: str
    lead: uuid.UUID | None
    lead_name: str
    person: uuid.UUID | None


def tell(entries: Sequence[JournalEntry], reader: Actor) -> list[Told]:
    """Each in the reader's language; five queries at most for all of them."""
    ids = [entry.pk for entry in entries]
    came = dict(EntryOrigin.objects.filter(entry__in=ids).values_list("entry", "address"))
    keys = {entry.actor_id for entry in entries} | {key for entry in entries for key in _users_in(entry.data)}
    people = User.objects.filter(pk__in=[key for key in keys if key is not None])
    names = {row.pk: str(row) for row in people.only("name", "email")}
    names |= _names_of(
        reader, {entry.lead_id for entry in entries if entry.lead_id}, {_reason_in(entry) for entry in entries}
    )
    versions = audit_versions.sides(entries)
    return [_told(entry, names, came.get(entry.pk, ""), versions.get(entry.pk)) for entry in entries]


def _names_of(reader: Actor, leads: set[uuid.UUID], reasons: set[str]) -> dict[Any, str]:
    """Lead -> who it is, where it still has a name; key of a reason -> its words."""
    found: dict[Any, str] = {}
    if leads:
        rows = (
            access.leads_visible_to(reader)
            .filter(pk__in=leads)
            .values_list("pk", "person__name", "company", "person__email")
        )
        found |= {pk: next(filter(None, words), "") for pk, *words in rows}
    if any(reasons):
        found |= {row.key: str(row) for row in Reason.objects.filter(key__in=reasons)}
    return found


def _reason_in(entry: JournalEntry) -> str:
    return str(entry.data.get("reason") or "")


def _told(entry: JournalEntry, names: Mapping[Any, str], address: str, version: Sides | None) -> Told:
    before, after = (version.before, version.after) if version else _sides(entry.data)
    detail = _detail(entry, names)
    if version and version.reason:
        detail = f"{detail} · {version.reason}"
    return Told(
        id=entry.pk,
        at=entry.recorded_at,
        kind=entry.kind,
        who=names.get(entry.actor_id, "?") if entry.actor_id else system_name(entry.system),
        by_person=entry.actor_id is not None,
        what=str(Kind(entry.kind).label),
        detail=detail,
        before=before,
        after=after,
        address=address,
        lead=entry.lead_id,
        lead_name=names.get(entry.lead_id, ""),
        person=entry.person_id,
    )


def system_name(code: str) -> str:
    """A part of the system by its name; what has none is told as it signs."""
    words = SYSTEMS.get(code.partition(":")[0])
    return str(words) if words else code or str(SYSTEMS["system"])


def _users_in(data: Mapping[str, Any]) -> Iterable[uuid.UUID]:
    for text in (data.get("user"), data.get("rep"), data.get("row") if data.get("table") in PEOPLE else None):
        try:
            if text:
                yield uuid.UUID(str(text))
        except ValueError:  # a key of configuration, no user
            continue


def _detail(entry: JournalEntry, names: Mapping[Any, str]) -> str:
    data, about = entry.data, [names[key] for key in _users_in(entry.data) if key in names]
    if entry.kind == Kind.SIGN_IN_REFUSED:
        parts = [str(REFUSED.get(data.get("why", ""), "")), *about]
    elif entry.kind == Kind.SIGNED_IN:
        parts = [_("with a second factor") if data.get("second_factor") else _("with the password alone")]
    elif entry.kind == Kind.SECOND_FACTOR:
        parts = [str(FACTOR.get(data.get("act", ""), "")), *about]
    elif entry.kind == Kind.VERSION_PUBLISHED:
        parts = [
            _kind_label(data.get("kind", "")),
            data.get("key", ""),
            _("version %(n)s") % {"n": data.get("number", "")},
        ]
    elif entry.kind in (Kind.TOKEN_CHANGED, Kind.TOKEN_ELSEWHERE):
        parts = [str(TOKEN.get(data.get("act", ""), "")), f"{data.get('prefix', '')}…", *data.get("scopes", ())]
    elif entry.kind == Kind.EXPORTED:
        asked = ", ".join(f"{name}={value}" for name, value in data.get("asked", {}).items() if value)
        parts = [data.get("what", ""), _("%(n)s rows") % {"n": data.get("rows", 0)}, asked]
    elif entry.kind == Kind.SETTING_CHANGED:
        parts = _of_setting(data, about)
    else:
        parts = [*about, names.get(_reason_in(entry), _reason_in(entry))]
    return " · ".join(part for part in parts if part)


def _of_setting(data: Mapping[str, Any], about: Sequence[str]) -> list[str]:
    thing = str(data.get("table") or data.get("what") or "")
    row = about or [str(data.get("row") or data.get("key") or "")]
    fate = _("new") if data.get("new") else _("ended") if data.get("ended") else ""
    fields = [field_word(thing, str(field)) for field in data.get("fields", ())]
    team = str(data.get("team") or "")
    return [str(THINGS.get(thing, thing)), *row, team, fate, "" if "before" in data else ", ".join(fields)]


def _kind_label(name: str) -> str:
    return next((str(kind.label) for kind in all_kinds() if kind.name == name), name)


def _sides(data: Mapping[str, Any]) -> tuple[str, str]:
    """Values before and after, field by field, where the act kept them."""
    if isinstance(data.get("before"), dict) and isinstance(data.get("after"), dict):
        table = str(data.get("table") or "")
        return pairs(table, data["before"]), pairs(table, data["after"])
    return tuple(value_word(data[side]) if data.get(side) else "" for side in ("from", "to"))  # type: ignore[return-value]
