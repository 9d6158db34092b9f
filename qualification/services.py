"""The verbs of qualification: score, gate, qualify, disqualify, recycle; batch first, each in the caller's unit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from leadops import access, bulk, decisions, lifecycle
from leadops.conditions.facts import facts_to_json
from leadops.conditions.fields import LEAD
from leadops.errors import Refused
from leadops.journal import Entry, Kind
from leadops.models import IS_OPEN, OPEN_STAGES, Lead, Opportunity, Stage
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import handoff, mql, scoring, selectors
from qualification.models import ScoreSheet
from qualification.scoring import Card, Sheet

Facts = dict[uuid.UUID, dict[str, Any]]
SCORED_BY = frozenset({Kind.CAPTURED, Kind.CAME_BACK, Kind.EDITED})
GATED_BY = SCORED_BY | {Kind.SCORED}
PUBLISHED = frozenset({Kind.VERSION_PUBLISHED})
HANDOFF_FOLLOWS = frozenset({Kind.ASSIGNED, Kind.CLAIMED, Kind.TAKEN_AWAY, Kind.RELEASED})
_SHEETS = "qualification.sheets"  # what `score` found last, and under which scorecard
_FACTS = "qualification.facts"  # what `score` read in this unit; `gate` comes right after it


# -- score ---------------------------------------------------------------------------------------------


def score(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase: score the leads of these entries under the scorecard in force."""
    score_leads(_leads_of(entries, unit), unit, _causes(entries))


def score_leads(leads: Sequence[Lead], unit: Unit, causes: Mapping[uuid.UUID, Entry] | None = None) -> list[Lead]:
    """Write sheets and score columns of open leads; only those whose score changed are journalled and returned."""
    version = versions.in_force("scorecard", selectors.HOUSE, unit)
    leads = [lead for lead in leads if lead.is_open]
    if version is None or not leads:
        return []
    card: Card = versions.compiled(version)
    facts = LEAD.facts_for(leads, unit.at, card.used_fields)
    unit.memo.setdefault(_FACTS, {}).update(facts)
    sheets = {lead: scoring.score(facts[lead.pk], card, unit.at) for lead in leads}
    unit.memo[_SHEETS] = (version.pk, {lead.pk: sheet for lead, sheet in sheets.items()})
    _write_sheets(sheets, version, unit)
    changed = [lead for lead, sheet in sheets.items() if _differs(lead, sheet)]
    for lead in changed:
        _take_over(lead, sheets[lead], unit, (causes or {}).get(lead.pk), version)
    _write_columns(unit.written(changed))
    return changed


def _write_sheets(sheets: Mapping[Lead, Sheet], version: Version, unit: Unit) -> None:
    rows = [
        bulk.make(
            ScoreSheet,
            lead_id=lead.pk,
            version_id=version.pk,
            fit=sheet.fit,
            engagement=sheet.engagement,
            score=sheet.total,
            band=sheet.band,
            grade=sheet.grade,
            lines=[list(line) for line in sheet.lines],
            knocked_out=sheet.knocked_out,
            at=unit.at,
        )
        for lead, sheet in sheets.items()
    ]
    columns = ["version", "fit", "engagement", "score", "band", "grade", "lines", "knocked_out", "at"]
    unit.put(rows, columns)


def _differs(lead: Lead, sheet: Sheet) -> bool:
    held = (lead.fit, lead.engagement, lead.score, lead.band, lead.grade)
    return held != (sheet.fit, sheet.engagement, sheet.total, sheet.band, sheet.grade)


def _take_over(lead: Lead, sheet: Sheet, unit: Unit, cause: Entry | None, version: Version) -> None:
    data: dict[str, Any] = {"from": lead.score, "to": sheet.total, "fit": sheet.fit, "engagement": sheet.engagement}
    lead.fit, lead.engagement, lead.score = sheet.fit, sheet.engagement, sheet.total
    lead.band, lead.grade = sheet.band, sheet.grade
    data |= {"band": sheet.band, "grade": sheet.grade}
    unit.record(Kind.SCORED, lead, data=data, cause=cause, version=version.pk)


def _write_columns(leads: Sequence[Lead]) -> None:
    """The sheets just written are the source: one statement whatever the number of leads."""
    if not leads:
        return
    sheet = ScoreSheet.objects.filter(pk=OuterRef("pk"))
    columns = ("fit", "engagement", "score", "band", "grade")
    written = {name: Subquery(sheet.values(name)) for name in columns}
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(**written)


def mark_stale(entries: Sequence[Entry], unit: Unit) -> None:
    """Handler: a published scorecard or definition concerns every open lead; their sheets are due to be looked at again."""
    if not any(entry.data.get("kind") in ("scorecard", "mql") for entry in entries):
        return
    open_sheets = ScoreSheet.objects.filter(lead__stage__in=OPEN_STAGES, lead__absorbed_by__isnull=True)
    open_sheets.update(next_change_at=unit.at)
    unit.wake("due")


def reassess(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Score and judge these leads again; run by the ticker until none is due."""
    leads = unit.leads(lead_ids)
    score_leads(leads, unit)
    gate_leads(leads, unit)
    # a mark set meanwhile by a later publication stays
    ScoreSheet.objects.filter(lead__in=leads, next_change_at__lte=unit.at).update(next_change_at=None)
    return len(leads)


# -- gate ----------------------------------------------------------------------------------------------


def gate(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase: leads that now meet the MQL definition are offered to sales."""
    back = {entry.lead_id for entry in entries if entry.kind == Kind.CAME_BACK and entry.lead_id}
    gate_leads(_leads_of(entries, unit), unit, came_back=back)


def gate_leads(leads: Sequence[Lead], unit: Unit, *, came_back: Iterable[uuid.UUID] = ()) -> list[Lead]:
    """Move new and engaged leads that meet the definition in force to MQL and open their handoff."""
    version = versions.in_force("mql", selectors.HOUSE, unit)
    leads = [lead for lead in leads if lead.is_open and lead.stage in (Stage.NEW, Stage.ENGAGED)]
    if version is None or not leads:
        return []
    definition: mql.Definition = versions.compiled(version)
    named = selectors.card_of(version, definition) if definition.reads_score else None
    facts = _judged_facts(leads, definition, named, unit)
    met = [lead for lead in leads if definition.when(facts[lead.pk], unit.at) is True]
    met = _not_cooling(met, unit.at - definition.cooldown, set(came_back))
    if not met:
        return []
    handoff.withdraw([lead for lead in met if lead.stage != Stage.NEW], unit)
    decided = {lead: _decide(lead, facts[lead.pk], version, definition, named, unit) for lead in met}
    lifecycle.move(met, Stage.MQL, unit, version=version.pk)
    handoff.offer(decided, version, unit)
    return met


def _judged_facts(
    leads: Sequence[Lead], definition: mql.Definition, named: tuple[Version, Card] | None, unit: Unit
) -> Facts:
    """Facts the definition reads, the score under its own scorecard; what `score` just read is not read again."""
    card = named[1] if named else None
    wanted = mql.fields_read(definition, card)
    known: Facts = unit.memo.get(_FACTS, {})
    fresh = [key for key in wanted if any(key not in known.get(lead.pk, {}) for lead in leads)]
    read = LEAD.facts_for(leads, unit.at, fresh)
    judged: Facts = {}
    scored_by, sheets = unit.memo.get(_SHEETS, (None, {}))
    if named is None or scored_by != named[0].pk or fresh:
        sheets = {}
    for lead in leads:
        kept = {key: value for key, value in known.get(lead.pk, {}).items() if key in wanted}
        judged[lead.pk] = mql.with_score({**kept, **read[lead.pk]}, card, unit.at, sheets.get(lead.pk))
    return judged


def _not_cooling(leads: list[Lead], since: datetime, came_back: set[uuid.UUID]) -> list[Lead]:
    """Without what sales handed back lately, unless the person came back since."""
    suspects = [lead for lead in leads if lead.stage != Stage.NEW and lead.pk not in came_back]
    if not suspects:
        return leads
    cooling = handoff.refused_recently(suspects, since)
    return [lead for lead in leads if lead.pk not in cooling]


def _decide(
    lead: Lead,
    facts: dict[str, Any],
    version: Version,
    definition: mql.Definition,
    named: tuple[Version, Card] | None,
    unit: Unit,
) -> uuid.UUID:
    seen = {key: facts[key] for key in sorted(definition.when.used_fields)}
    why = definition.why(facts, unit.at)
    outcome = {"mql": True, "score": facts.get("score"), "scorecard": str(named[0].pk) if named else None}
    made = decisions.record(
        unit,
        kind=decisions.Decision.Kind.MQL,
        lead=lead,
        facts=facts_to_json(seen, LEAD),
        outcome=outcome,
        why={"explain": why},
        version=version,
    )
    return made.pk


def follow_owner(entries: Sequence[Entry], unit: Unit) -> None:
    """Handler: an open handoff goes to whom the lead now belongs."""
    handoff.follow_owner(entries, unit)


# -- a person's verbs ----------------------------------------------------------------------------------


def qualify(lead: Lead, unit: Unit) -> Lead:
    """Sales verified need and fit: stage SQL. An offer still open is accepted by it."""
    access.require(unit.actor, "qualify", lead)
    handoff.accept(lead, unit)
    lifecycle.move([lead], Stage.SQL, unit)
    return lead


def disqualify(lead: Lead, unit: Unit, reason: str, text: str = "") -> Lead:
    """The end of a lead that will not buy, with its reason."""
    access.require(unit.actor, "disqualify", lead)
    _no_open_deal(lead)
    lifecycle.move([lead], Stage.DISQUALIFIED, unit, reason=reason, text=text)
    handoff.withdraw([lead], unit)
    return lead


def recycle(lead: Lead, unit: Unit, reason: str, wake_at: datetime, text: str = "") -> Lead:
    """Not now: the lead rests until `wake_at` or until the person comes back."""
    access.require(unit.actor, "recycle", lead)
    if wake_at <= unit.at:
        raise Refused("wake-in-the-past", _("Choose a day to come."))
    _no_open_deal(lead)
    lifecycle.move([lead], Stage.RECYCLED, unit, reason=reason, recycle_at=wake_at, text=text)
    handoff.withdraw([lead], unit)
    return lead


def wake_recycled(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Bring back those of these leads whose rest is over: next cycle, to their owner or through routing again.

    Somebody who has another open lead by now is left to that one.
    """
    leads = [lead for lead in unit.leads(lead_ids) if lead.recycle_at is not None and lead.recycle_at <= unit.at]
    busy = set(
        Lead.objects.filter(IS_OPEN, canonical__in=[lead.canonical_id for lead in leads]).values_list(
            "canonical_id", "product_line"
        )
    )
    resting = [lead for lead in leads if (lead.canonical_id, lead.product_line) in busy]
    Lead.objects.filter(pk__in=[lead.pk for lead in resting]).update(recycle_at=None)
    woken: list[Lead] = []
    for lead in leads:
        key = (lead.canonical_id, lead.product_line)
        if lead.stage == Stage.RECYCLED and key not in busy:
            busy.add(key)
            woken.append(lead)
    lifecycle.next_cycle(woken, unit)
    for lead in woken:
        if lead.owner_id is None:
            unit.record(Kind.RELEASED, lead, data={"reason": "recycle_over", "reroute": True})
    return len(woken)


def _no_open_deal(lead: Lead) -> None:
    if Opportunity.objects.filter(lead=lead, state=Opportunity.State.OPEN).exists():
        raise Refused("opportunity-open", _("This lead has an open opportunity: close it first."), status=409)


# -- entries -------------------------------------------------------------------------------------------


def _leads_of(entries: Sequence[Entry], unit: Unit) -> list[Lead]:
    return unit.leads(entry.lead_id for entry in entries if entry.lead_id)


def _causes(entries: Sequence[Entry]) -> dict[uuid.UUID, Entry]:
    return {entry.lead_id: entry for entry in reversed(entries) if entry.lead_id}
