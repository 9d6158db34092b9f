"""How long leads wait for the first human attempt, and how many wait for ever. Reads only.

Wall clock, from the asking (reception, or return from recycling) to the first attempt a person logged. A lead counts
once a period, by its latest asking. Automatic replies are not answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.models import Lead, User
from reports import facts
from reports.metrics import origins
from reports.metrics.asked import AXES, FOLDED, Askings, Counts
from reports.metrics.askings import Band, Figures, Quantiles, bands, figures
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
class Cell:
    """Askings of one hour of one weekday (1 = Monday)."""

    weekday: int
    hour: int
    n: int
    judged: int
    within_five: int

    @property
    def share_within_five(self) -> float | None:
        return self.within_five / self.judged if self.judged else None

    def to_json(self) -> dict[str, Any]:
        names = ("weekday", "hour", "n", "judged", "within_five", "share_within_five")
        return {name: getattr(self, name) for name in names}


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
    by_weekday_hour: list[Cell] = field(default_factory=list)
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
            "by_weekday_hour": [cell.to_json() for cell in self.by_weekday_hour],
            "conversion_by_band": [band.to_json() for band in self.conversion],
        }


def scope(actor: Actor) -> tuple[QuerySet[Lead], bool]:
    """The leads the report is about: those of the actor's circle, or a rep's own; and whether it is the latter."""
    leads = cohorts.countable(access.leads_visible_to(actor))
    if access.can(actor, "read_reports"):
        return leads, False
    access.require(actor, "read_own_report")
    return leads.filter(owner=actor.user_id), True


def response_report(actor: Actor, period: Period, everyone: bool = False, detailed: bool = True) -> ResponseReport:
    """Response times of the leads that asked in the period, over the leads the actor may see.

    Without `detailed` groups are told without the delays of their parts, which the whole always has.
    """
    at = moment.now()
    leads, own = scope(actor)
    asked = Askings(
        leads, period, everyone=everyone, at=at, kept=facts.usable(), whole=not own and access.sees_every_lead(actor)
    )
    counted = asked.counts()
    owners, small = _folded({key: c for (key, _day), c in counted["owner"].items()}, actor)
    hours = _hours(counted["hour"])
    groups = {
        **{("owner", key): c for key, c in owners.items()},
        **{("source", key): c for (key, _day), c in counted["source"].items()},
        **{("hour", key): c for key, c in hours.items()},
        ("all", ""): counted["all"].get(("", None), Counts()),
    }
    told = asked.quantiles(groups, small=small, detailed=AXES if detailed else ("all",))
    waits: dict[tuple[str, str], Quantiles] = {}
    for (axis, key, measure), pair in told.items():
        waits.setdefault((axis, key), {})[measure] = pair
    said = {group: figures(c, waits.get(group, {})) for group, c in groups.items()}
    return ResponseReport(
        period=period,
        everyone=everyone,
        own=own,
        at=at,
        total=said["all", ""],
        by_rep=_by_rep({key: said["owner", key] for key in owners}),
        by_source=_by_source({key: f for (axis, key), f in said.items() if axis == "source"}, at),
        by_hour=[Group(int(hour), f"{hour}:00", said["hour", hour]) for hour in sorted(hours)],
        by_weekday_hour=sorted(
            (Cell(day or 0, int(hour), c.n, c.judged, c.n_within_5) for (hour, day), c in counted["hour"].items()),
            key=lambda cell: (cell.weekday, cell.hour),
        ),
        conversion=bands(groups["all", ""]),
    )


def share_within_five(actor: Actor, period: Period, kept: facts.Facts | None) -> tuple[float | None, int]:
    """The share of the leads that asked in the period and were answered within five minutes, and of how many."""
    leads, own = scope(actor)
    whole = not own and access.sees_every_lead(actor)
    asked = Askings(leads, period, everyone=False, at=moment.now(), kept=kept, whole=whole)
    total = asked.counts(["all"])["all"].get(("", None), Counts())
    return total.share_within_five, total.judged


def _hours(counted: Mapping[tuple[str, int | None], Counts]) -> dict[str, Counts]:
    """Hours of all weekdays together."""
    hours: dict[str, Counts] = {}
    for (hour, _weekday), c in counted.items():
        hours.setdefault(hour, Counts()).add(c)
    return hours


def _folded(owners: Mapping[str, Counts], actor: Actor) -> tuple[dict[str, Counts], list[str]]:
    """Counts by today's owner, and who is counted together: who may not read the team sees nobody named in a small group."""
    if access.can(actor, "read_team") or not access.can(actor, "read_reports"):
        return dict(owners), []
    shown = {key: c for key, c in owners.items() if not key or c.n >= FEW_NAMED}
    small = [key for key in owners if key not in shown]
    if small:
        together = Counts()
        for key in small:
            together.add(owners[key])
        shown[FOLDED] = together
    return shown, small


def _by_source(found: Mapping[str, Figures], at: datetime) -> list[Group]:
    named = origins.labels("source", found, at)
    return _largest_first(Group(key, named[key], one) for key, one in found.items())


def _by_rep(found: Mapping[str, Figures]) -> list[Group]:
    keys = {key: uuid.UUID(key) for key in found if key not in ("", FOLDED)}
    names = dict(User.objects.filter(pk__in=keys.values()).values_list("pk", "name"))
    named = [Group(pk, names[pk], found[key]) for key, pk in keys.items()]
    if "" in found:
        named.append(Group(None, _("Without owner"), found[""]))
    largest = _largest_first(named)
    if FOLDED not in found:
        return largest
    return [*largest, Group("", _("Reps with few leads"), found[FOLDED], folded=True)]


def _largest_first(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.figures.n, group.label))
