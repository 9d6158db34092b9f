"""What a figure counts, as conditions on leads: reports count with them and lists open with them, so both agree.

It narrows the leads it is given and never widens them: who may see what was decided before, in `access`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from leadops.journal import JournalEntry, Kind
from leadops.lifecycle import FORWARD, WITHDRAWN
from leadops.models import Lead, Opportunity, Stage

EMPTY = "-"  # in a query string: the lead has no such origin (an empty value means "any")
ANSWERS = (Kind.ATTEMPTED, Kind.CONVERSED)
FIVE_MINUTES = 300
SOON = timedelta(minutes=15)  # a clock due within it is at risk
HALF_AN_HOUR = timedelta(minutes=30)
# name -> (seconds above which it begins, seconds up to which it holds)
BANDS: dict[str, tuple[int, int | None]] = {
    "within_5": (-1, FIVE_MINUTES),
    "5_15": (FIVE_MINUTES, 900),
    "15_60": (900, 3600),
    "60_plus": (3600, None),
}
# the ways to say no to a lead -> (journal kind, stage moved to)
REFUSALS: dict[str, tuple[str, str]] = {
    "hand_back": (Kind.HANDED_BACK, ""),
    "recycle": (Kind.STAGE_MOVED, "recycled"),
    "disqualify": (Kind.STAGE_MOVED, "disqualified"),
    "lost": (Kind.STAGE_MOVED, "lost"),
}
# Nobody's yet, by design: no MQL, not held, in no pool. Whoever answers for leads does not wait for these.
RESTING = Q(owner__isnull=True, held="", pool="", stage__in=(Stage.NEW, Stage.ENGAGED))
NEVER = "never"
LATE = "late"  # answered, but after five minutes


def countable(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """One row per lead that stands for itself: what a merge absorbed is counted with its survivor, what an undone import
    brought is counted nowhere."""
    return leads.filter(absorbed_by__isnull=True).exclude(stage=Stage.DISQUALIFIED, stage_reason=WITHDRAWN)


def of_origin(leads: QuerySet[Lead], column: str, value: str) -> QuerySet[Lead]:
    """Leads whose first or last source, campaign or channel is `value`; EMPTY = those without one."""
    return leads.filter(**{column: "" if value == EMPTY else value})


def reached(leads: QuerySet[Lead], stage: str) -> QuerySet[Lead]:
    """Leads that were ever in `stage` or beyond: a stage jumped over counts as entered."""
    beyond = FORWARD[FORWARD.index(stage) :]
    if beyond == FORWARD:
        return leads  # every lead was captured
    moves = JournalEntry.objects.filter(lead=OuterRef("pk"), kind=Kind.STAGE_MOVED, data__to__in=beyond)
    return leads.filter(Exists(moves))


def unreached(leads: QuerySet[Lead], stage: str) -> QuerySet[Lead]:
    """Leads that were never in `stage` or beyond."""
    beyond = FORWARD[FORWARD.index(stage) :]
    if beyond == FORWARD:
        return leads.none()
    moves = JournalEntry.objects.filter(lead=OuterRef("pk"), kind=Kind.STAGE_MOVED, data__to__in=beyond)
    return leads.filter(~Exists(moves))


def stopped_at(leads: QuerySet[Lead], stage: str) -> QuerySet[Lead]:
    """Leads whose furthest stage ever is `stage`."""
    here = reached(leads, stage)
    if stage == FORWARD[-1]:
        return here
    following = FORWARD[FORWARD.index(stage) + 1 :]
    moves = JournalEntry.objects.filter(lead=OuterRef("pk"), kind=Kind.STAGE_MOVED, data__to__in=following)
    return here.filter(~Exists(moves))


def entered(leads: QuerySet[Lead], stage: str, since: datetime, until: datetime) -> QuerySet[Lead]:
    """Leads that were first in `stage` or beyond in [since, until), whenever they were received."""
    beyond = FORWARD[FORWARD.index(stage) :]
    if beyond == FORWARD:
        return leads.filter(received_at__gte=since, received_at__lt=until)
    moves = JournalEntry.objects.filter(lead=OuterRef("pk"), kind=Kind.STAGE_MOVED, data__to__in=beyond)
    within = Exists(moves.filter(at__gte=since, at__lt=until)), ~Exists(moves.filter(at__lt=since))
    # what is told with an instant before the reception counts at the reception
    early = Q(received_at__gte=since, received_at__lt=until) & Exists(moves.filter(at__lt=until))
    later = Q(received_at__lt=since) & within[0] & within[1]
    return leads.filter(early | later)


def won_within(leads: QuerySet[Lead], since: datetime, until: datetime) -> QuerySet[Lead]:
    """Leads with a deal that was won in [since, until) and is won today."""
    deals = Opportunity.objects.filter(lead=OuterRef("pk"), state=Opportunity.State.WON)
    return leads.filter(Exists(deals.filter(closed_at__gte=since, closed_at__lt=until)))


def won(leads: QuerySet[Lead], value: bool = True) -> QuerySet[Lead]:
    """Leads with a deal that is won today; a deal opened again no longer counts."""
    deals = Exists(Opportunity.objects.filter(lead=OuterRef("pk"), state=Opportunity.State.WON))
    return leads.filter(deals if value else ~deals)


def refusals(since: datetime, until: datetime) -> QuerySet[JournalEntry]:
    """Acts that said no in [since, until), each with its `use`, its `reason`, and the `definition` that offered the lead.

    The definition is the version of the lead's last handoff of that cycle before the act; null when there was none.
    """
    offers = JournalEntry.objects.filter(
        kind=Kind.HANDED_OFF, lead=OuterRef("lead"), cycle=OuterRef("cycle"), at__lte=OuterRef("at")
    ).order_by("-at", "-id")
    ways = Q(pk__in=[])
    for kind, to in REFUSALS.values():
        ways |= Q(kind=kind, data__to=to) if to else Q(kind=kind)
    named = [
        When(Q(kind=kind, data__to=to) if to else Q(kind=kind), then=Value(use)) for use, (kind, to) in REFUSALS.items()
    ]
    acts = JournalEntry.objects.filter(ways, at__gte=since, at__lt=until, lead__isnull=False)
    return acts.annotate(
        use=Case(*named, output_field=CharField()),
        reason=Coalesce(KeyTextTransform("reason", "data"), Value(""), output_field=TextField()),
        definition=Subquery(offers.values("version")[:1]),
    )


def refused(
    leads: QuerySet[Lead],
    since: datetime,
    until: datetime,
    *,
    use: str = "",
    reason: str | None = None,
    definition: str = "",
) -> QuerySet[Lead]:
    """Leads somebody said no to in [since, until): in one way, for one reason, after an offer by one MQL definition."""
    acts: Any = refusals(since, until).filter(lead=OuterRef("pk"))
    if use:
        acts = acts.filter(use=use)
    if reason is not None:
        acts = acts.filter(reason="" if reason == EMPTY else reason)
    if definition:
        acts = acts.filter(definition__isnull=True) if definition == EMPTY else acts.filter(definition=definition)
    return leads.filter(Exists(acts))


def asked(leads: QuerySet[Lead], since: datetime, until: datetime) -> QuerySet[Lead]:
    """Leads that asked in [since, until), with `asked_at`, `asked_cycle`, `answered_at` of the latest asking.

    A lead asks when it is received and again when it returns from recycling: it counts once a period, by its latest.
    Answered = the first attempt or conversation logged by a person in that cycle.
    """
    back = JournalEntry.objects.filter(
        lead=OuterRef("pk"), kind=Kind.CAME_BACK, data__new_cycle=True, at__gte=since, at__lt=until
    ).order_by("-at", "-id")
    received = Case(When(received_at__gte=since, received_at__lt=until, then=F("received_at")))
    rows = leads.annotate(
        asked_at=Coalesce(Subquery(back.values("at")[:1]), received, output_field=DateTimeField()),
        asked_cycle=Coalesce(Subquery(back.values("cycle")[:1]), Value(1)),
    ).filter(asked_at__isnull=False)
    tries = JournalEntry.objects.filter(
        lead=OuterRef("pk"),
        kind__in=ANSWERS,
        actor__isnull=False,
        cycle=OuterRef("asked_cycle"),
        at__gte=OuterRef("asked_at"),
    ).order_by("at", "id")
    return rows.annotate(answered_at=Subquery(tries.values("at")[:1]))


def answered(rows: QuerySet[Any], how: str) -> QuerySet[Any]:
    """Of leads that `asked`: a band of BANDS, LATE (after five minutes) or NEVER."""
    if how == NEVER:
        return rows.filter(answered_at__isnull=True)
    above, upto = (FIVE_MINUTES, None) if how == LATE else BANDS[how]
    span = Q(answered_at__gt=F("asked_at") + timedelta(seconds=above))
    if upto is not None:
        span &= Q(answered_at__lte=F("asked_at") + timedelta(seconds=upto))
    return rows.filter(span)
