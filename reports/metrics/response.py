"""How long leads wait for the first human attempt, and how many wait for ever. Reads only.

Wall clock, from the asking (reception, or return from recycling) to the first attempt a person logged. A lead counts
once a period, by its latest asking. Automatic replies are not answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, median
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.cohorts import BANDS, FIVE_MINUTES, NEVER
from leadops.journal import JournalEntry, Kind
from leadops.models import OPEN_STAGES, Lead, User
from reports.metrics import origins, statements
from reports.metrics.survival import quantile
from reports.periods import Period

TARGET = 0.5  # the line: half of the leads within five minutes
FEW_NAMED = 5  # executives see no group smaller than this under a person's name


@dataclass(frozen=True, slots=True)
class Asking:
    """One lead's latest asking in the period; seconds on the wall clock."""

    owner: uuid.UUID | None
    source: str
    is_open: bool
    hour: int
    assigned: float | None
    answered: float | None
    waited: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said about a group of askings. Shares are None without anyone to share among."""

    n: int
    answered: int
    waiting: int  # unanswered and still open
    judged: int  # all but those who asked less than five minutes ago and may still be answered in time
    mean: float | None
    median: float | None
    p90: float | None
    bands: dict[str, int]
    system_median: float | None
    human_median: float | None
    split_n: int

    @property
    def within_five(self) -> int:
        return self.bands["within_5"]

    @property
    def never(self) -> int:
        return self.bands[NEVER]

    @property
    def share_within_five(self) -> float | None:
        return self.within_five / self.judged if self.judged else None

    def to_json(self) -> dict[str, Any]:
        names = ("n", "answered", "never", "waiting", "judged", "within_five", "share_within_five")
        return {name: getattr(self, name) for name in names} | {
            "mean_seconds": self.mean,
            "median_seconds": self.median,
            "p90_seconds": self.p90,
            "bands": self.bands,
            "system_delay_median_seconds": self.system_median,
            "human_delay_median_seconds": self.human_median,
            "delays_known": self.split_n,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Askings of one rep, source or hour. `key` None: without owner; `folded`: several small ones together."""

    key: Any
    label: str
    figures: Figures
    folded: bool = False

    def to_json(self) -> dict[str, Any]:
        key = str(self.key) if isinstance(self.key, uuid.UUID) else self.key
        return {"key": key, "label": self.label, "folded": self.folded, **self.figures.to_json()}


@dataclass(frozen=True, slots=True)
class ResponseReport:
    period: Period
    everyone: bool  # also leads that did not ask to be contacted
    own: bool  # a rep's own leads alone
    at: datetime
    total: Figures
    by_rep: list[Group] = field(default_factory=list)
    by_source: list[Group] = field(default_factory=list)
    by_hour: list[Group] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "everyone": self.everyone,
            "own": self.own,
            "at": self.at.isoformat(),
            "target_share": TARGET,
            "total": self.total.to_json(),
            "by_rep": [group.to_json() for group in self.by_rep],
            "by_source": [group.to_json() for group in self.by_source],
            "by_hour": [group.to_json() for group in self.by_hour],
        }


def scope(actor: Actor) -> tuple[QuerySet[Lead], bool]:
    """The leads the report is about: those of the actor's circle, or a rep's own; and whether it is the latter."""
    leads = cohorts.countable(access.leads_visible_to(actor))
    if access.can(actor, "read_reports"):
        return leads, False
    access.require(actor, "read_own_report")
    return leads.filter(owner=actor.user_id), True


def response_report(actor: Actor, period: Period, everyone: bool = False) -> ResponseReport:
    """Response times of the leads that asked in the period, over the leads the actor may see."""
    at = moment.now()
    leads, own = scope(actor)
    back = JournalEntry.objects.filter(
        kind=Kind.CAME_BACK, data__new_cycle=True, at__gte=period.since, at__lt=period.until
    )
    leads = leads.filter(Q(received_at__gte=period.since, received_at__lt=period.until) | Q(pk__in=back.values("lead")))
    if not everyone:
        leads = leads.filter(hand_raiser=True)
    rows = statements.askings(leads, period.since, period.until, open_stages=OPEN_STAGES, zone=period.zone, at=at)
    askings = [Asking(*row) for row in rows]
    return ResponseReport(
        period=period,
        everyone=everyone,
        own=own,
        at=at,
        total=figures(askings),
        by_rep=_by_rep(askings, actor),
        by_source=_by_source(askings, at),
        by_hour=[Group(h, f"{h:02}:00", figures(rows)) for h, rows in sorted(_grouped(askings, lambda a: a.hour))],
    )


def figures(askings: Iterable[Asking]) -> Figures:
    """The figures of a group; what nobody answered is counted, not dropped."""
    rows = list(askings)
    times = [row.answered for row in rows if row.answered is not None]
    silent = [row for row in rows if row.answered is None]
    waits = [row.waited for row in silent if row.is_open]
    never = len(silent) - len(waits)
    split = [
        (row.assigned, row.answered - row.assigned)
        for row in rows
        if row.assigned is not None and row.answered is not None and row.assigned <= row.answered
    ]
    return Figures(
        n=len(rows),
        answered=len(times),
        waiting=len(waits),
        judged=len(rows) - sum(wait < FIVE_MINUTES for wait in waits),
        mean=fmean(times) if times else None,
        median=quantile(times, waits, never, 0.5),
        p90=quantile(times, waits, never, 0.9),
        bands={name: sum(_within(time, *edges) for time in times) for name, edges in BANDS.items()}
        | {NEVER: len(silent)},
        system_median=median(system for system, _human in split) if split else None,
        human_median=median(human for _system, human in split) if split else None,
        split_n=len(split),
    )


def _within(time: float, above: int, upto: int | None) -> bool:
    return time > above and (upto is None or time <= upto)


def _grouped(askings: Iterable[Asking], key: Callable[[Asking], Hashable]) -> list[tuple[Any, list[Asking]]]:
    groups: dict[Any, list[Asking]] = {}
    for asking in askings:
        groups.setdefault(key(asking), []).append(asking)
    return list(groups.items())


def _by_source(askings: list[Asking], at: datetime) -> list[Group]:
    groups = _grouped(askings, lambda asking: asking.source)
    named = origins.labels("source", [key for key, _rows in groups], at)
    return _largest_first(Group(key, named[key], figures(rows)) for key, rows in groups)


def _by_rep(askings: list[Asking], actor: Actor) -> list[Group]:
    """By today's owner. Who may not read the team sees nobody named in a small group."""
    groups = _grouped(askings, lambda asking: asking.owner)
    names = dict(User.objects.filter(pk__in=[key for key, _rows in groups if key]).values_list("pk", "name"))
    named = access.can(actor, "read_team") or not access.can(actor, "read_reports")
    shown, small = [], []
    for key, rows in groups:
        if named or key is None or len(rows) >= FEW_NAMED:
            shown.append(Group(key, names[key] if key else _("Without owner"), figures(rows)))
        else:
            small.extend(rows)
    largest = _largest_first(shown)
    return [*largest, Group("", _("Reps with few leads"), figures(small), folded=True)] if small else largest


def _largest_first(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.figures.n, group.label))
