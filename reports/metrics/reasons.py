"""Why sales says no: hand back, disqualify, lost, recycle, counted by reason and by source or MQL definition. Reads only.

A lead counts once per use and reason in the period, by the act itself and not by where the lead stands today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from leadops import access, cohorts, moment
from leadops.access import Actor
from leadops.journal import JournalEntry, Kind
from leadops.models import Reason, Stage
from leadops.templatetags.house import said
from leadops.versions.models import Version
from reports.metrics import origins
from reports.periods import Period

USES = tuple(cohorts.REFUSALS)  # in the order of a lead's way
BY = ("source", "definition")
FEW = 30
_LEADS = Count("lead", distinct=True)
_LABELS = {
    "hand_back": Kind.HANDED_BACK.label,
    "recycle": Stage.RECYCLED.label,
    "disqualify": Stage.DISQUALIFIED.label,
    "lost": Stage.LOST.label,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Leads refused for one reason that come from one group."""

    key: str
    n: int


@dataclass(frozen=True, slots=True)
class Row:
    """One reason of one use. `share` is of the leads of that use in the period."""

    use: str
    reason: str
    label: str
    n: int
    share: float
    cells: list[Cell]

    def to_json(self) -> dict[str, Any]:
        groups = [{"key": cell.key, "n": cell.n} for cell in self.cells]
        return {"reason": self.reason, "label": self.label, "n": self.n, "share": self.share, "groups": groups}


@dataclass(frozen=True, slots=True)
class Use:
    """All reasons of one way to say no; `n` leads met it at least once, some for several reasons."""

    use: str
    label: str
    n: int
    rows: list[Row]

    @property
    def few(self) -> bool:
        return self.n < FEW

    def to_json(self) -> dict[str, Any]:
        return {
            "use": self.use, "label": self.label, "n": self.n, "few": self.few,
            "reasons": [row.to_json() for row in self.rows],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReasonsReport:
    period: Period
    by: str
    at: datetime
    groups: list[tuple[str, str]]  # (key, label), the largest first
    uses: list[Use]

    @property
    def n(self) -> int:
        return sum(use.n for use in self.uses)

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "by": self.by,
            "at": self.at.isoformat(),
            "groups": [{"key": key, "label": label} for key, label in self.groups],
            "uses": [use.to_json() for use in self.uses],
        }


def reasons_report(actor: Actor, period: Period, by: str = "source") -> ReasonsReport:
    """The reasons given in the period, over the leads the actor may see."""
    access.require(actor, "read_reports")
    at = moment.now()
    leads = cohorts.countable(access.leads_visible_to(actor))
    acts: Any = cohorts.refusals(period.since, period.until).filter(lead__in=leads).order_by()
    counted = _cells(acts, by)
    sizes: dict[str, int] = defaultdict(int)
    for (_of, _reason, key), n in counted.items():
        sizes[key] += n
    named = _labels(by, sizes, at)
    groups = sorted(((key, named[key]) for key in sizes), key=lambda group: (-sizes[group[0]], group[1]))
    labels = {(row.use, row.key): said(row.labels) for row in Reason.objects.all()}
    wholes = dict(acts.values_list("use").annotate(n=_LEADS))
    totals = {(use, reason): n for use, reason, n in acts.values_list("use", "reason").annotate(n=_LEADS)}
    keys = [key for key, _label in groups]
    uses = [_of_use(use, wholes.get(use, 0), totals, counted, keys, labels) for use in USES]
    return ReasonsReport(period, by, at, groups, uses)


def _cells(acts: QuerySet[JournalEntry], by: str) -> dict[tuple[str, str, str], int]:
    """(use, reason, group) -> leads, in one statement."""
    group = F("definition") if by == "definition" else F("lead__first_source")
    rows = acts.annotate(group=group).values_list("use", "reason", "group").annotate(n=_LEADS)
    return {(use, reason, str(key or "")): n for use, reason, key, n in rows}


def _of_use(
    use: str,
    whole: int,
    totals: Mapping[tuple[str, str], int],
    counted: Mapping[tuple[str, str, str], int],
    keys: list[str],
    labels: Mapping[tuple[str, str], str],
) -> Use:
    rows = [
        Row(
            use=use,
            reason=reason,
            label=labels.get((use, reason)) or reason or _("No reason"),
            n=n,
            share=n / whole,
            cells=[Cell(key, counted.get((use, reason, key), 0)) for key in keys],
        )
        for (of, reason), n in totals.items()
        if of == use
    ]
    return Use(use, str(_LABELS[use]), whole, sorted(rows, key=lambda row: (-row.n, row.label)))


def _labels(by: str, keys: Iterable[str], at: datetime) -> dict[str, str]:
    if by == "source":
        return origins.labels("source", keys, at)
    known = Version.objects.filter(pk__in=[key for key in keys if key]).values_list("pk", "number")
    named = {str(pk): _("MQL definition %(n)s") % {"n": number} for pk, number in known}
    return {key: named.get(key, key) for key in keys} | {"": _("Never handed off")}
