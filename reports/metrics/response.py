"""How long leads wait for the first human attempt, and how many wait for ever. Reads only.

Wall clock, from the asking (reception, or return from recycling) to the first attempt a person logged. A lead counts
once a period, by its latest asking. Automatic replies are not answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import OPEN_STAGES, Lead, User
from reports import facts
from reports.metrics import origins, statements
from reports.metrics.askings import Asking, Band, Figures, bands, figures, soon
from reports.periods import Period

TARGET = 0.5  # the line: half of the leads within five minutes
FEW_NAMED = 5  # executives see no group smaller than this under a person's name


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
    by_weekday_hour: list[Group] = field(default_factory=list)  # key (1 = Monday, hour)
    conversion: list[Band] = field(default_factory=list)

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
            "by_weekday_hour": [group.to_json() for group in self.by_weekday_hour],
            "conversion_by_band": [band.to_json() for band in self.conversion],
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
    if not everyone:
        leads = leads.filter(hand_raiser=True)
    rows = statements.askings(
        leads, period.since, period.until, open_stages=OPEN_STAGES, zone=period.zone, at=at, kept=facts.usable()
    )
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
        by_weekday_hour=[
            Group((day, hour), f"{day} {hour:02}:00", figures(rows))
            for (day, hour), rows in sorted(_grouped(askings, lambda a: (a.weekday, a.hour)))
        ],
        conversion=bands(askings),
    )


def share_within_five(actor: Actor, period: Period) -> tuple[float | None, int]:
    """The share of the leads that asked in the period and were answered within five minutes, and of how many."""
    leads, _own = scope(actor)
    at = moment.now()
    rows = statements.askings(
        leads.filter(hand_raiser=True),
        period.since,
        period.until,
        open_stages=OPEN_STAGES,
        zone=period.zone,
        at=at,
        kept=facts.usable(),
    )
    return soon(Asking(*row) for row in rows)


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
