"""Reads of qualification: versions by reference, counts, sheets, handoffs and deals of a lead; it writes nothing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, Q, QuerySet

from leadops import access
from leadops.access import Actor
from leadops.conditions import sql
from leadops.conditions.fields import LEAD
from leadops.models import IS_OPEN, Lead, Opportunity, Stage, Touch
from leadops.stalled import is_apart
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import cardsql
from qualification.behaviour import Seen
from qualification.models import FrameworkAnswer, Handoff, ScoreSheet
from qualification.mql import Definition
from qualification.scoring import TOUCHES, Card

HOUSE = "house"
Facts = dict[uuid.UUID, dict[str, Any]]


# -- versions ------------------------------------------------------------------------------------------


def reference(version: Version) -> str:
    """How a body names a version: by key and number, which never change."""
    return f"{version.key}@{version.number}"


def scorecard_named(name: str) -> Version | None:
    """The published scorecard a definition names; None for a draft, an unknown one, or anything else."""
    key, _at, number = name.partition("@")
    if not key or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    return published_scorecards().filter(key=key, number=int(number)).first()


def published_scorecards() -> QuerySet[Version]:
    published = [state for state in Version.State.values if state != Version.State.DRAFT]
    return Version.objects.filter(kind="scorecard", state__in=published).order_by("key", "-number")


@lru_cache(maxsize=64)
def _named_card(definition_id: uuid.UUID, name: str) -> tuple[Version, Card] | None:
    found = scorecard_named(name)
    return (found, versions.compiled(found)) if found else None


def card_of(version: Version, definition: Definition) -> tuple[Version, Card] | None:
    """The scorecard version a definition names, compiled; both are frozen once published: read once per process."""
    if not definition.scorecard:
        return None
    if version.state != Version.State.DRAFT:
        return _named_card(version.pk, definition.scorecard)
    found = scorecard_named(definition.scorecard)
    return (found, versions.compiled(found)) if found else None


# -- facts ----------------------------------------------------------------------------------------------


def facts_of(leads: Sequence[Lead], unit: Unit, keys: Collection[str], card: Card | None) -> Facts:
    """The fields named, and under TOUCHES what the card counts of the person's acts: one statement for all leads."""
    facts: Facts = LEAD.facts_for(leads, unit.at, [key for key in keys if key != TOUCHES])
    if TOUCHES in keys and card is not None:
        since = unit.at - timedelta(days=card.days)
        seen = touches_of([lead for lead in leads if lead.canonical_id not in unit.acts], since)
        for lead, known in zip(leads, facts.values(), strict=True):
            if (acts := unit.acts.get(lead.canonical_id)) is not None:
                known[TOUCHES] = _acts(acts, since)
            else:
                known[TOUCHES] = seen.get(lead.canonical_id, ())
    return facts


def _acts(touches: Sequence[Touch], since: datetime) -> list[Seen]:
    """The same of somebody this unit brought in: nobody else can know of an act of theirs."""
    rows = [row for row in touches if row.occurred_at > since]
    rows.sort(key=lambda row: (row.occurred_at, row.id), reverse=True)
    return [Seen(r.id, r.kind, r.occurred_at, r.source, r.channel, r.campaign, r.content) for r in rows]


def touches_of(leads: Sequence[Lead], since: datetime) -> dict[uuid.UUID, list[Seen]]:
    """Touches of these people after `since`, the latest first; those still to come are among them."""
    people = {lead.canonical_id for lead in leads}
    if not people:
        return {}
    rows = Touch.objects.filter(person__canonical__any=people, occurred_at__gt=since).order_by("-occurred_at", "-id")
    found: dict[uuid.UUID, list[Seen]] = defaultdict(list)
    columns = ("person__canonical", "id", "kind", "occurred_at", "source", "channel", "campaign", "content")
    for person, *values in rows.values_list(*columns):
        found[person].append(Seen(*values))
    return found


# -- who matches ---------------------------------------------------------------------------------------


def open_leads(actor: Actor) -> QuerySet[Lead]:
    return access.leads_visible_to(actor).filter(IS_OPEN)


def matching(definition: Definition, card: Card | None, at: datetime) -> Q:
    """The definition as a condition on lead rows, the score read under the scorecard it names."""
    # read from the document anew: the compiled tree is bound to the fields as the columns hold them
    return sql.where(dict(definition.document), cardsql.under(card), at)


@dataclass(frozen=True, slots=True)
class Preview:
    """Open leads that meet a definition; `enter` and `leave` against the version in force, None without one."""

    open: int
    now: int
    enter: int | None = None
    leave: int | None = None


def preview(actor: Actor, new: Q, old: Q | None, at: datetime) -> Preview:
    """Counted through the SQL reader on the leads the actor may see."""
    leads = open_leads(actor)
    now = leads.filter(new).count()
    if old is None:
        return Preview(leads.count(), now)
    # each figure is one question: the difference of two, between which leads move, may fall below none
    return Preview(leads.count(), now, _only(leads, new, old).count(), _only(leads, old, new).count())


def sample(actor: Actor, new: Q, old: Q, most: int) -> tuple[list[Lead], list[Lead]]:
    """A few leads that only the new definition matches, and a few that only the old one does; the latest first."""

    leads = open_leads(actor).select_related("person").order_by("-pk")
    return list(_only(leads, new, old)[:most]), list(_only(leads, old, new)[:most])


def _only(leads: QuerySet[Lead], one: Q, other: Q) -> QuerySet[Lead]:
    """By key and not by a negated condition, which would take unknown for true."""
    return leads.filter(one).exclude(pk__in=leads.filter(other).order_by().values("pk"))


def bands_under(actor: Actor, card: Card, at: datetime) -> dict[str, int]:
    """Open leads by the band they have under a scorecard."""
    banded = open_leads(actor).annotate(under=cardsql.step(cardsql.total(card, at), card.bands))
    return dict(banded.values_list("under").annotate(n=Count("pk")).order_by())


# -- what is due ----------------------------------------------------------------------------------------


def next_reassessed_at(at: datetime) -> datetime | None:
    """When the ticker should look: the first moment a score is due to be looked at again."""
    moments = [_due(name).values_list(name, flat=True).first() for name in _DUE]
    return min((moment for moment in moments if moment is not None), default=None)


def due_for_reassessment(at: datetime, limit: int) -> list[uuid.UUID]:
    """What a publication marked first, then what time alone changes."""
    found: list[uuid.UUID] = []
    for name in _DUE:
        rows = _due(name).filter(**{f"{name}__lte": at}).values_list("lead_id", flat=True)
        found += rows[: limit - len(found)]
    return list(dict.fromkeys(found))


_DUE = ("stale_at", "next_change_at")


def _due(name: str) -> QuerySet[ScoreSheet]:
    rows = ScoreSheet.objects.filter(~is_apart("scores", "lead_id"), **{f"{name}__isnull": False})
    return rows.order_by(name, "lead")


def next_rest_over(at: datetime) -> datetime | None:
    """When the ticker should look: the first moment a recycled lead comes back."""
    return _resting().values_list("recycle_at", flat=True).first()


def rest_over(at: datetime, limit: int) -> list[uuid.UUID]:
    """Recycled leads whose date has come."""
    return list(_resting().filter(stage=Stage.RECYCLED, recycle_at__lte=at).values_list("pk", flat=True)[:limit])


def _resting() -> QuerySet[Lead]:
    return Lead.objects.filter(~is_apart("recycled leads"), recycle_at__isnull=False).order_by("recycle_at")


# -- rows of a lead ------------------------------------------------------------------------------------


def sheet_of(lead: Lead) -> ScoreSheet | None:
    return ScoreSheet.objects.select_related("version").filter(pk=lead.pk).first()


def answers_of(leads: Sequence[Lead]) -> dict[uuid.UUID, dict[str, FrameworkAnswer]]:
    """The latest answer to each question in the lead's present cycle: lead -> question -> answer."""
    cycles = {lead.pk: lead.cycle for lead in leads}
    rows = FrameworkAnswer.objects.filter(lead__in=list(cycles)).select_related("author", "note")
    latest = rows.order_by("lead", "cycle", "question", "-at", "-id").distinct("lead", "cycle", "question")
    found: dict[uuid.UUID, dict[str, FrameworkAnswer]] = defaultdict(dict)
    for row in latest:
        if row.cycle == cycles[row.lead_id]:
            found[row.lead_id][row.question] = row
    return found


def answers_given(lead: Lead) -> QuerySet[FrameworkAnswer]:
    """Every answer ever given about a lead, newest first."""
    rows = FrameworkAnswer.objects.filter(lead=lead).select_related("author", "framework", "note")
    return rows.order_by("-at", "-id")


def handoffs_of(lead: Lead) -> QuerySet[Handoff]:
    return Handoff.objects.filter(lead=lead).select_related("definition", "rep__user").order_by("-offered_at", "-id")


def open_handoffs(leads: Iterable[Lead]) -> QuerySet[Handoff]:
    return Handoff.objects.filter(lead__in=list(leads), state=Handoff.State.OFFERED)


def opportunities_of(lead: Lead) -> QuerySet[Opportunity]:
    return Opportunity.objects.filter(lead=lead).select_related("owner__user").order_by("-opened_at", "-id")


def handoffs_visible_to(actor: Actor) -> QuerySet[Handoff]:
    """Handoffs of the leads an actor may see, newest first."""
    rows = Handoff.objects.filter(lead__in=access.leads_visible_to(actor))
    related = rows.select_related("lead__person", "definition", "rep__user")
    return related.order_by("-offered_at", "-id")
