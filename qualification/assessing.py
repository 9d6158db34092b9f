"""Keeps scores true: writes the sheets and score columns of leads, when something happened, time passed, or a version came."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from leadops import bulk
from leadops.journal import Entry, Kind
from leadops.models import OPEN_STAGES, Lead
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import scoring, selectors
from qualification.models import ScoreSheet
from qualification.scoring import TOUCHES, Card, Sheet

# what may bring a touch or change a fact; a reply, a bounce and a complaint are touches of their own
SCORED_BY = frozenset({Kind.CAPTURED, Kind.CAME_BACK, Kind.EDITED, Kind.REPLIED, Kind.BOUNCED, Kind.COMPLAINED})
PUBLISHED = frozenset({Kind.VERSION_PUBLISHED})
SHEETS = "qualification.sheets"  # what `score` found last, and under which scorecard
_SHEET_COLUMNS = (
    "version", "fit", "engagement", "score", "band", "grade", "level", "matrix", "lines", "counted", "knocked_out",
    "next_change_at", "at",
)  # fmt: skip
FACTS = "qualification.facts"  # what `score` read in this unit; `gate` comes right after it


def score(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase: score the leads of these entries under the scorecard in force."""
    score_leads(leads_of(entries, unit), unit, _causes(entries))


def score_leads(
    leads: Sequence[Lead],
    unit: Unit,
    causes: Mapping[uuid.UUID, Entry] | None = None,
    silent: frozenset[uuid.UUID] = frozenset(),
) -> list[Lead]:
    """Write sheets and score columns of open leads; only those whose score changed are journalled and returned.

    Of `silent` leads nothing but time changed: they are told only when they reach another band, grade or level.
    """
    version = versions.in_force("scorecard", selectors.HOUSE, unit)
    leads = [lead for lead in leads if lead.is_open]
    if version is None or not leads:
        return []
    card: Card = versions.compiled(version)
    wanted = card.used_fields | ({TOUCHES} if card.behaviours else set())
    facts = selectors.facts_of(leads, unit, wanted, card)
    unit.memo.setdefault(FACTS, {}).update(facts)
    scored = [
        (lead, scoring.score(known, card, unit.at), known) for lead, known in zip(leads, facts.values(), strict=True)
    ]
    unit.memo[SHEETS] = (version.pk, {lead.id: sheet for lead, sheet, _known in scored})
    _write_sheets(
        [(lead, sheet, scoring.changes_at(known, card, unit.at)) for lead, sheet, known in scored], version, unit
    )
    changed = [(lead, sheet) for lead, sheet, _known in scored if _differs(lead, sheet)]
    told = [(lead, sheet) for lead, sheet in changed if not silent or lead.id not in silent or _moved(lead, sheet)]
    for lead, sheet in told:
        data = {"from": lead.score, "to": sheet.total} | _said(sheet)
        unit.record(Kind.SCORED, lead, data=data, cause=causes.get(lead.id) if causes else None, version=version.pk)
    for lead, sheet in changed:
        _take_over(lead, sheet)
    _write_columns(unit.written(lead for lead, _sheet in changed))
    return [lead for lead, _sheet in told]


def _write_sheets(sheets: Sequence[tuple[Lead, Sheet, datetime | None]], version: Version, unit: Unit) -> None:
    """Each lead's sheet, and when to look at it again."""
    rows = [
        bulk.make(
            ScoreSheet,
            lead_id=lead.id,
            version_id=version.pk,
            fit=sheet.fit,
            engagement=sheet.engagement,
            score=sheet.total,
            band=sheet.band,
            grade=sheet.grade,
            level=sheet.level,
            matrix=sheet.matrix,
            lines=[list(line) for line in sheet.lines],
            counted={key: list(ids) for key, ids in sheet.counted},
            knocked_out=sheet.knocked_out,
            next_change_at=look,
            at=unit.at,
        )
        for lead, sheet, look in sheets
    ]
    unit.put(rows, _SHEET_COLUMNS)  # `stale_at` is not among them: a mark set meanwhile by a publication stays


def _differs(lead: Lead, sheet: Sheet) -> bool:
    held = (lead.fit, lead.engagement, lead.score, lead.band, lead.grade)
    return held != (sheet.fit, sheet.engagement, sheet.total, sheet.band, sheet.grade)


def _moved(lead: Lead, sheet: Sheet) -> bool:
    """Whether the lead reached another band or grade."""
    return (lead.band, lead.grade) != (sheet.band, sheet.grade)


def _said(sheet: Sheet) -> dict[str, Any]:
    said = {"fit": sheet.fit, "engagement": sheet.engagement, "band": sheet.band, "grade": sheet.grade}
    return said | ({"level": sheet.level} if sheet.level else {})


def _take_over(lead: Lead, sheet: Sheet) -> None:
    lead.fit, lead.engagement, lead.score = sheet.fit, sheet.engagement, sheet.total
    lead.band, lead.grade = sheet.band, sheet.grade


def _write_columns(leads: Sequence[Lead]) -> None:
    """The sheets just written are the source: one statement whatever the number of leads."""
    if not leads:
        return
    sheet = ScoreSheet.objects.filter(pk=OuterRef("pk"))
    columns = ("fit", "engagement", "score", "band", "grade")
    written = {name: Subquery(sheet.values(name)) for name in columns}
    Lead.objects.filter(pk__in=[lead.id for lead in leads]).update(**written)


def mark_stale(entries: Sequence[Entry], unit: Unit) -> None:
    """Handler: a published scorecard or definition concerns every open lead; their sheets are due to be looked at again."""
    if not any(entry.data.get("kind") in ("scorecard", "mql") for entry in entries):
        return
    open_sheets = ScoreSheet.objects.filter(lead__stage__in=OPEN_STAGES, lead__absorbed_by__isnull=True)
    open_sheets.update(stale_at=unit.at)
    unit.wake("due")


def leads_of(entries: Sequence[Entry], unit: Unit) -> list[Lead]:
    return unit.leads_of(entries)


def _causes(entries: Sequence[Entry]) -> dict[uuid.UUID, Entry]:
    return {entry.lead_id: entry for entry in reversed(entries) if entry.lead_id}
