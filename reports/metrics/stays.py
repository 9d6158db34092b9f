"""The SQL by hand of stays: how long leads received in a period were in each stage, from the sums or from the leads.

Who is open and did not move on counts from the beginning of the hour in which the stay began: sums hold hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet

from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES, Lead
from reports import facts
from reports.metrics import statements, waits
from reports.metrics.reached import KEPT, LIVE
from reports.models import RANKS, SPANS
from reports.periods import Period

START_TO_WON = 0
_LATER = list(RANKS)
_STEPS = ", ".join(
    [f"({k}, {'x.received_at' if k == 2 else f'x.t{k - 1}'}, x.t{k})" for k in _LATER]
    + [f"({START_TO_WON}, x.received_at, x.t{_LATER[-1]})"]
)
_TIMES = ", ".join(f"t{k}" for k in _LATER)
_SO_FAR = "reports_floored(greatest(0, extract(epoch FROM %(at)s::timestamptz) - {hour} * 3600)::float8)"
_IN_SUMS = f"""
  SELECT s.step, CASE WHEN s.moved THEN s.value ELSE {_SO_FAR.format(hour="s.value")} END, s.n::bigint,
         CASE WHEN s.moved THEN s.n ELSE 0 END
  FROM unnest(%(spans)s::smallint[], %(firsts)s::date[]) b (span, first)
  JOIN reports_stayspan s ON s.span = b.span AND s.first = b.first"""  # noqa: S608 (constants of this page)
_REACHED = ", ".join(
    [f"({k}, {'d.leads' if k == 2 else f'd.reached_{k - 1}'})" for k in _LATER] + [f"({START_TO_WON}, d.leads)"]
)
_IN_ALL = f"""
  SELECT v.step, v.n FROM reports_dayfact d CROSS JOIN LATERAL (VALUES {_REACHED}) v (step, n)
  WHERE d.axis = 'all' AND d.day >= %(from_on)s AND d.day < %(to_on)s"""  # noqa: S608
_TOO_MUCH = f"""
  SELECT -1 AS n, k.received_at, {", ".join(f"k.entered_{k} AS t{k}" for k in _LATER)}, k.is_open FROM reports_leadfact k
  WHERE k.received_at >= %(since)s AND k.received_at < %(until)s AND k.lead_id = ANY(%(unread)s)
  UNION ALL"""  # noqa: S608
# (step, all, moved on, still there, median, P90, longest watched)
STAYS = f"""
WITH cohort AS MATERIALIZED ({{cohort}}), f AS ({{leads}}), x AS ({{too_much}}
  SELECT 1 AS n, f.received_at, {_TIMES}, f.origin = ANY(%(open)s) AS is_open FROM f
), o AS ({{sums}}
  SELECT v.step, CASE WHEN v.fin IS NOT NULL THEN reports_floored(extract(epoch FROM v.fin - v.start)::float8)
         ELSE {_SO_FAR.format(hour="floor(extract(epoch FROM v.start) / 3600)")} END,
         x.n, CASE WHEN v.fin IS NOT NULL THEN x.n ELSE 0 END
  FROM x CROSS JOIN LATERAL (VALUES {_STEPS}) v (step, start, fin)
  WHERE v.start IS NOT NULL AND (v.fin IS NOT NULL OR x.is_open)
), every AS ({{all}}
  SELECT v.step, x.n FROM x CROSS JOIN LATERAL (VALUES {_STEPS}) v (step, start, fin) WHERE v.start IS NOT NULL
), t AS (
  SELECT y.step, y.secs, sum(y.n) AS n, sum(y.moved) AS moved FROM (
    SELECT * FROM o
    UNION ALL SELECT o.step, NULL, -o.n, 0 FROM o
    UNION ALL SELECT e.step, NULL, e.n, 0 FROM every e (step, n)
  ) y (step, secs, n, moved) GROUP BY 1, 2
){waits.quantiles("step")}"""  # noqa: S608 (constants of this page)


def stays(
    leads: QuerySet[Lead], period: Period, *, at: datetime, kept: facts.Facts | None, whole: bool
) -> dict[int, tuple[int, int, int, int | None, int | None, int | None]]:
    """Step (to the k-th stage, or START_TO_WON) -> all, moved on, still there, median, P90, longest watched."""
    received = leads.filter(received_at__gte=period.since, received_at__lt=period.until)
    sums = whole and kept is not None
    if sums and kept:
        received = received.filter(pk__in=[statements.NOBODY, *kept.unread])
    try:
        cohort, more = statements.named(received.order_by().values("id", "received_at", origin=F("stage")), "c")
    except EmptyResultSet:  # an actor who sees no lead
        return {}
    sql = STAYS.format(
        cohort=cohort,
        leads=KEPT if kept and not sums else LIVE.format(narrowed=""),
        too_much=_TOO_MUCH if sums else "",
        sums=f"{_IN_SUMS}\n  UNION ALL" if sums else "",
        all=f"{_IN_ALL}\n  UNION ALL" if sums else "",
    )
    given = _given(period, kept) | {"at": at} | more
    return {step: tuple(figures) for step, *figures in statements.ask(sql, given)}


def _given(period: Period, kept: facts.Facts | None) -> dict[str, Any]:
    blocks = period.blocks(SPANS)
    return {
        "since": period.since, "until": period.until, "from_on": period.from_on, "to_on": period.to_on,
        "open": list(OPEN_STAGES), "forward": list(FORWARD), "unread": kept.unread if kept else [],
        "spans": [length for length, _day in blocks], "firsts": [day for _length, day in blocks],
    }  # fmt: skip


# (step, median) of those that moved on
_MEDIANS = f"""
WITH cohort AS MATERIALIZED ({{cohort}}), f AS ({LIVE.format(narrowed="")}), x AS ({_TOO_MUCH}
  SELECT 1 AS n, f.received_at, {_TIMES}, false AS is_open FROM f
), t AS (
  SELECT y.step, y.secs, sum(y.n) AS n, sum(y.n) AS moved FROM (
    SELECT s.step, s.value, s.n::bigint FROM unnest(%(spans)s::smallint[], %(firsts)s::date[]) b (span, first)
    JOIN reports_stayspan s ON s.span = b.span AND s.first = b.first AND s.moved
    UNION ALL
    SELECT v.step, reports_floored(extract(epoch FROM v.fin - v.start)::float8), x.n
    FROM x CROSS JOIN LATERAL (VALUES {_STEPS}) v (step, start, fin) WHERE v.fin IS NOT NULL
  ) y (step, secs, n) GROUP BY 1, 2
){waits.quantiles("step")}"""  # noqa: S608


def medians(leads: QuerySet[Lead], period: Period, kept: facts.Facts) -> list[int | None]:
    """Median seconds of those that moved on to each stage after the first, from the sums of the whole house."""
    received = leads.filter(
        pk__in=[statements.NOBODY, *kept.unread], received_at__gte=period.since, received_at__lt=period.until
    )
    cohort, more = statements.named(received.order_by().values("id", "received_at", origin=F("stage")), "c")
    found = {
        step: median
        for step, _n, _m, _w, median, *_ in statements.ask(_MEDIANS.format(cohort=cohort), _given(period, kept) | more)
    }
    return [found.get(step) for step in _LATER]
