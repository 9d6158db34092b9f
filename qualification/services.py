"""The verbs of qualification: gate, qualify, disqualify, recycle; batch first, each in the caller's unit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops import access, decisions, lifecycle
from leadops.conditions.facts import facts_to_json
from leadops.conditions.fields import LEAD
from leadops.errors import Refused
from leadops.journal import Entry, Kind
from leadops.models import IS_OPEN, Lead, Opportunity, Stage
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import answers, handoff, mql, rests, selectors
from qualification.answers import Answered
from qualification.assessing import FACTS, SCORED_BY, SHEETS, leads_of, score_leads
from qualification.models import ScoreSheet
from qualification.scoring import TOUCHES, Card
from qualification.selectors import Facts

GATED_BY = SCORED_BY | {Kind.SCORED}
HANDOFF_FOLLOWS = frozenset({Kind.CLOCK_BREACHED, Kind.ASSIGNED, Kind.CLAIMED, Kind.TAKEN_AWAY, Kind.RELEASED})


# -- due again -----------------------------------------------------------------------------------------


def reassess(lead_ids: Sequence[uuid.UUID], unit: Unit) -> int:
    """Score and judge these leads again; run by the ticker until none is due."""
    leads = unit.leads(lead_ids)
    sheets = ScoreSheet.objects.filter(lead__in=leads)
    marked = set(sheets.filter(stale_at__lte=unit.at).values_list("lead_id", flat=True))
    score_leads(leads, unit, silent=frozenset(lead.id for lead in leads) - marked)
    gate_leads(leads, unit)
    # what could not be scored (it ended, no scorecard is in force) is not due for ever
    sheets.filter(next_change_at__lte=unit.at).update(next_change_at=None)
    sheets.filter(stale_at__lte=unit.at).update(stale_at=None)  # a later publication's mark stays
    return len(leads)


# -- gate ----------------------------------------------------------------------------------------------


def gate(entries: Sequence[Entry], unit: Unit) -> None:
    """Phase: leads that now meet the MQL definition are offered to sales."""
    back = {entry.lead_id for entry in entries if entry.kind == Kind.CAME_BACK and entry.lead_id}
    gate_leads(leads_of(entries, unit), unit, came_back=back)


def gate_leads(leads: Sequence[Lead], unit: Unit, *, came_back: Iterable[uuid.UUID] = ()) -> list[Lead]:
    """Move new and engaged leads that meet the definition in force to MQL and open their handoff."""
    version = versions.in_force("mql", selectors.HOUSE, unit)
    leads = [lead for lead in leads if lead.is_open and lead.stage in (Stage.NEW, Stage.ENGAGED)]
    if version is None or not leads:
        return []
    definition: mql.Definition = versions.compiled(version)
    named = selectors.card_of(version, definition) if definition.reads_score else None
    facts = _judged_facts(leads, definition, named, unit)
    when = definition.when.test
    met = [lead for lead, known in zip(leads, facts.values(), strict=True) if when(known, unit.at) is True]
    met = _not_cooling(met, unit.at - definition.cooldown, set(came_back))
    if not met:
        return []
    handoff.withdraw([lead for lead in met if lead.stage != Stage.NEW], unit)
    decided = [(lead, _decide(lead, facts[lead.id], version, definition, named, unit)) for lead in met]
    lifecycle.move(met, Stage.MQL, unit, version=version.pk)
    handoff.offer(decided, version, unit)
    return met


def _judged_facts(
    leads: Sequence[Lead], definition: mql.Definition, named: tuple[Version, Card] | None, unit: Unit
) -> Facts:
    """Facts the definition reads, the score under its own scorecard; what `score` just read is not read again."""
    card = named[1] if named else None
    wanted = mql.fields_read(definition, card)
    known: Facts = unit.memo.get(FACTS, {})
    scored_by, sheets = unit.memo.get(SHEETS, (None, {}))
    other = named is None or scored_by != named[0].pk  # another card may look further back
    rows = [known.get(lead.id, {}) for lead in leads]
    fresh = [key for key in wanted if any(key not in row for row in rows)]
    fresh += [TOUCHES] if other and TOUCHES in wanted and TOUCHES not in fresh else []
    if not other and not fresh:  # judged by the very card that scored them
        return {
            lead.id: mql.with_score(row, card, unit.at, sheets.get(lead.id))
            for lead, row in zip(leads, rows, strict=True)
        }
    read = selectors.facts_of(leads, unit, fresh, card)
    return {
        lead.id: mql.with_score({**row, **read[lead.id]}, card, unit.at) for lead, row in zip(leads, rows, strict=True)
    }


def _not_cooling(leads: list[Lead], since: datetime, came_back: set[uuid.UUID]) -> list[Lead]:
    """Without what sales handed back lately, unless the person came back since."""
    suspects = [lead for lead in leads if lead.stage != Stage.NEW and lead.id not in came_back]
    if not suspects:
        return leads
    cooling = handoff.refused_recently(suspects, since)
    return [lead for lead in leads if lead.id not in cooling]


def _decide(
    lead: Lead,
    facts: dict[str, Any],
    version: Version,
    definition: mql.Definition,
    named: tuple[Version, Card] | None,
    unit: Unit,
) -> uuid.UUID:
    seen = {key: facts[key] for key in sorted(definition.when.used_fields)}
    score = facts.get("score")

    def told() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        outcome = {"mql": True, "score": score, "scorecard": str(named[0].pk) if named else None}
        return facts_to_json(seen, LEAD), outcome, {"explain": definition.why(facts, unit.at)}

    said = decisions.alike(unit, (version.pk, score, *seen.values()), told)
    made = decisions.record(
        unit,
        kind=decisions.Decision.Kind.MQL,
        lead=lead,
        facts=said.facts,
        outcome=said.outcome,
        why=said.why,
        version=version,
    )
    return made.pk


def follow_owner(entries: Sequence[Entry], unit: Unit) -> None:
    """Handler: an open handoff goes to whom the lead now belongs, and says when it was not answered in time."""
    breaches = [entry for entry in entries if entry.kind == Kind.CLOCK_BREACHED]
    handoff.mark_overdue([entry for entry in breaches if entry.data.get("kind") == "acceptance"], unit)
    moved = [entry for entry in entries if entry.kind != Kind.CLOCK_BREACHED]
    if moved:
        handoff.follow_owner(moved, unit)


# -- a person's verbs ----------------------------------------------------------------------------------


def qualify(lead: Lead, unit: Unit, given: Answered | None = None) -> Lead:
    """Sales verified need and fit by the framework in force: stage SQL. An offer still open is accepted by it.

    `given` are answers of the same act. Below the framework's minimum it is refused and nothing is kept.
    """
    return qualify_many({lead: given}, unit)[0]


def qualify_many(given: Mapping[Lead, Answered | None], unit: Unit) -> list[Lead]:
    """`qualify` for many leads in a few statements; all or, where one is refused, none."""
    leads = list(given)
    for lead in leads:
        access.require(unit.actor_on(lead), "qualify", lead)
    if learnt := {lead: one for lead, one in given.items() if one is not None}:
        answers.answer_many(learnt, unit)
    answers.demand(leads, unit)
    handoff.accept_many(leads, unit)
    lifecycle.move(leads, Stage.SQL, unit)
    return leads


@dataclass(frozen=True, slots=True)
class End:
    """Why a lead ends, and until when it rests where it only rests."""

    reason: str
    wake_at: datetime | None = None
    text: str = ""


def disqualify(lead: Lead, unit: Unit, reason: str, text: str = "") -> Lead:
    """The end of a lead that will not buy, with its reason."""
    return disqualify_many({lead: End(reason, text=text)}, unit)[0]


def disqualify_many(ends: Mapping[Lead, End], unit: Unit) -> list[Lead]:
    """`disqualify` for many leads in a few statements; all or, where one is refused, none."""
    for lead in ends:
        access.require(unit.actor_on(lead), "disqualify", lead)
    return _end(ends, Stage.DISQUALIFIED, unit)


def withdraw(leads: Sequence[Lead], unit: Unit) -> None:
    """Leads of an import that is taken back end, with what was offered of them."""
    handoff.withdraw(lifecycle.withdraw(leads, unit), unit)


def end_erased(leads: Sequence[Lead], unit: Unit) -> list[Lead]:
    """Leads of somebody erased end, but for those with an open deal: that goes on with the company."""
    busy = set(
        Opportunity.objects.filter(lead__in=leads, state=Opportunity.State.OPEN).values_list("lead_id", flat=True)
    )
    ended = lifecycle.end_erased([lead for lead in leads if lead.id not in busy], unit)
    handoff.withdraw(ended, unit)
    return ended


def recycle(lead: Lead, unit: Unit, reason: str, wake_at: datetime | None = None, text: str = "") -> Lead:
    """Not now: the lead rests until `wake_at` (the reason's own rest unless said) or until the person comes back.

    Refused in the last cycle the MQL definition in force allows: a lead is not put off for ever.
    """
    return recycle_many({lead: End(reason, wake_at, text)}, unit)[0]


def recycle_many(ends: Mapping[Lead, End], unit: Unit) -> list[Lead]:
    """`recycle` for many leads in a few statements; all or, where one is refused, none."""
    most = most_cycles(unit)
    resting = {lead: replace(end, wake_at=_rest(lead, end, most, unit)) for lead, end in ends.items()}
    return _end(resting, Stage.RECYCLED, unit)


def _rest(lead: Lead, end: End, most: int, unit: Unit) -> datetime:
    """When the rest of a lead ends, if its actor may put it off and it may be put off once more."""
    access.require(unit.actor_on(lead), "recycle", lead)
    wake_at = end.wake_at or unit.at + rests.rest_of(end.reason)
    if wake_at <= unit.at:
        raise Refused("wake-in-the-past", _("Choose a day to come."))
    if lead.cycle >= most:
        text_of = _("This lead is in cycle %(cycle)s, the last one: disqualify it or go on with it.")
        raise Refused("last-cycle", text_of % {"cycle": lead.cycle}, status=409, cycle=lead.cycle, most=most)
    return wake_at


def _end(ends: Mapping[Lead, End], stage: str, unit: Unit) -> list[Lead]:
    leads = list(ends)
    _no_open_deal(leads)
    lifecycle.move_each(
        [lifecycle.Move(lead, stage, end.reason, end.wake_at, end.text) for lead, end in ends.items()], unit
    )
    handoff.withdraw(leads, unit)
    return leads


def most_cycles(unit: Unit) -> int:
    """How many cycles a lead may run, as the MQL definition in force says."""
    version = versions.in_force("mql", selectors.HOUSE, unit)
    if version is None:
        return mql.MOST_CYCLES
    definition: mql.Definition = versions.compiled(version)
    return definition.most_cycles


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
    Lead.objects.filter(pk__in=[lead.id for lead in resting]).update(recycle_at=None)
    woken: list[Lead] = []
    for lead in leads:
        key = (lead.canonical_id, lead.product_line)
        if lead.stage == Stage.RECYCLED and key not in busy:
            busy.add(key)
            woken.append(lead)
    lifecycle.next_cycle(woken, unit)
    score_leads(woken, unit)  # acts have faded while it rested
    for lead in woken:
        if lead.owner_id is None:
            unit.record(Kind.RELEASED, lead, data={"reason": "recycle_over", "reroute": True})
    return len(woken)


def _no_open_deal(leads: Sequence[Lead]) -> None:
    deals = Opportunity.objects.filter(lead__in=[lead.id for lead in leads], state=Opportunity.State.OPEN)
    if deals.exists():
        raise Refused("opportunity-open", _("This lead has an open opportunity: close it first."), status=409)
