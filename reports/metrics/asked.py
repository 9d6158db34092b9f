"""The SQL by hand of askings: counts and quantiles by owner, source and hour, from the sums or from the rows themselves.

One row per lead, by its latest asking in the period. The leads were chosen by `access` and the ORM; no policy is here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Q, QuerySet

from leadops.cohorts import BANDS, FIVE_MINUTES
from leadops.journal import JournalEntry, Kind
from leadops.models import OPEN_STAGES, Lead
from reports import facts
from reports.metrics import statements, waits
from reports.models import ANSWER, CONTACT, HUMAN, SPANS, SYSTEM
from reports.periods import Period

AXES = ("all", "owner", "source", "hour")
FOLDED = "*"  # the key under which several owners are counted together
COUNTS = (
    "n", "answered", "answered_us", "split", "contacted",
    *(f"n_{band}" for band in BANDS), *(f"c_{band}" for band in BANDS), "c_never",
)  # fmt: skip
# of a row: counted so many times; as whom; how long; counted so many times among those who wait
_ROW = """coalesce(x.owner_id::text, '') AS owner, x.source, x.asked_at AT TIME ZONE %(zone)s AS local,
  extract(epoch FROM x.assigned_at - x.asked_at)::float8 AS assigned,
  extract(epoch FROM x.answered_at - x.asked_at)::float8 AS answered,
  extract(epoch FROM x.contacted_at - x.asked_at)::float8 AS contacted,
  greatest(0, extract(epoch FROM %(at)s::timestamptz - x.asked_at))::float8 AS waited, x.converted"""
# leads of `visible`, from their journal
LIVE = f"""
back AS MATERIALIZED (
  SELECT DISTINCT ON (lead_id) lead_id, at, cycle FROM leadops_journalentry
  WHERE kind = 'came_back' AND at >= %(since)s AND at < %(until)s AND data->'new_cycle' = 'true'::jsonb {{narrowed}}
  ORDER BY lead_id, at DESC, id DESC
), visible AS MATERIALIZED ({{cohort}}),
asked AS MATERIALIZED (
  SELECT v.id, v.owner_id, v.source, v.stage, coalesce(b.at, v.received_at) AS asked_at, coalesce(b.cycle, 1) AS cycle
  FROM visible v LEFT JOIN back b ON b.lead_id = v.id
), deals AS MATERIALIZED (
  SELECT DISTINCT j.lead_id FROM leadops_journalentry j JOIN visible v ON v.id = j.lead_id
  WHERE j.kind = 'stage_moved' AND j.data->>'to' IN ('opportunity', 'won')
), acts AS (
  SELECT a.id, a.owner_id, a.source, a.stage = ANY(%(open)s) AS is_open, a.asked_at,
         a.id IN (SELECT lead_id FROM deals) AS converted,
         min(j.at) FILTER (WHERE j.kind IN ('assigned', 'claimed')) AS assigned_at,
         min(j.at) FILTER (WHERE j.kind IN ('attempted', 'conversed') AND j.actor_id IS NOT NULL) AS answered_at,
         min(j.at) FILTER (WHERE j.kind = 'conversed' AND j.actor_id IS NOT NULL) AS contacted_at
  FROM asked a LEFT JOIN leadops_journalentry j ON j.lead_id = a.id AND j.cycle = a.cycle AND j.at >= a.asked_at
       AND j.kind IN ('assigned', 'claimed', 'attempted', 'conversed')
  GROUP BY a.id, a.owner_id, a.source, a.stage, a.asked_at
), live AS (SELECT 1 AS n, (x.answered_at IS NULL AND x.is_open)::int AS waits, {_ROW} FROM acts x)"""  # noqa: S608
_IN_PERIOD = "x.asked_at >= %(since)s AND x.asked_at < %(until)s"
_LATEST = "(x.next_asked_at IS NULL OR x.next_asked_at >= %(until)s)"
_OF = "x.asks = ANY(%(asks)s)"
# leads of `circle`, from the facts
KEPT = f"""
kept AS (
  SELECT 1 AS n, (x.answered_at IS NULL AND x.is_open)::int AS waits, {_ROW}
  FROM reports_askingfact x JOIN ({{circle}}) v ON v.id = x.lead_id
  WHERE {_IN_PERIOD} AND {_LATEST} AND x.lead_id <> ALL(%(unread)s)
)"""  # noqa: S608
# what the sums hold too much: askings that were not the last, leads whose journal was not read
CORRECTED = f"""
kept AS (
  SELECT -1 AS n, -(x.answered_at IS NULL AND x.is_open)::int AS waits, {_ROW} FROM reports_askingfact x
  WHERE {_IN_PERIOD} AND {_OF} AND x.next_asked_at < %(until)s AND x.lead_id <> ALL(%(unread)s)
  UNION ALL
  SELECT -1, -(x.answered_at IS NULL AND x.is_open)::int, {_ROW} FROM reports_askingfact x WHERE {_IN_PERIOD} AND {_OF} AND x.lead_id = ANY(%(unread)s)
)"""  # noqa: S608
# who waits, from an index alone
_WAITERS = f"""
    SELECT coalesce(x.owner_id::text, '') AS owner, x.source, x.asked_at AT TIME ZONE %(zone)s AS local,
           greatest(0, extract(epoch FROM %(at)s::timestamptz - x.asked_at))::float8 AS waited
    FROM reports_askingfact x
    WHERE {_IN_PERIOD} AND {_OF} AND {_LATEST} AND x.answered_at IS NULL AND x.is_open AND x.lead_id <> ALL(%(unread)s)"""  # noqa: S608
_AXIS = """CASE WHEN grouping(w.owner) = 0 THEN 'owner' WHEN grouping(w.source) = 0 THEN 'source'
       WHEN grouping(w.hour) = 0 THEN 'hour' ELSE 'all' END, coalesce(w.owner, w.source, lpad(w.hour::text, 2, '0'), '')"""


def _within(band: str) -> str:
    above, upto = BANDS[band]
    return f"x.answered > {above}" + (f" AND x.answered <= {upto}" if upto else "")


_ONES = {
    "n": "true",
    "answered": "x.answered IS NOT NULL",
    "split": "x.assigned <= x.answered",
    "contacted": "x.contacted IS NOT NULL",
    **{f"n_{band}": _within(band) for band in BANDS},
    **{f"c_{band}": f"{_within(band)} AND x.converted" for band in BANDS},
    "c_never": "x.answered IS NULL AND x.converted",
}
_COUNTED = {
    name: "x.n * coalesce(x.answered * 1000000, 0)::bigint"
    if name == "answered_us"
    else f"CASE WHEN {_ONES[name]} THEN x.n ELSE 0 END"
    for name in COUNTS
}
_SUMMED = f"""
  SELECT d.axis, d.key, CASE WHEN d.axis = 'hour' THEN extract(isodow FROM d.day)::int END, {", ".join(f"d.{name}" for name in COUNTS)}, d.waiting, 0
  FROM reports_askingday d
  WHERE d.axis = ANY(%(axes)s) AND d.day >= %(from_on)s AND d.day < %(to_on)s AND d.asks = ANY(%(asks)s)
  UNION ALL
  SELECT {_AXIS}, w.weekday, {", ".join("0" for _name in COUNTS)}, 0, count(*)
  FROM (SELECT v.*, extract(hour FROM v.local)::int AS hour, extract(isodow FROM v.local)::int AS weekday
        FROM ({_WAITERS} AND x.asked_at > %(at)s::timestamptz - interval '{FIVE_MINUTES} s') v) w
  GROUP BY GROUPING SETS ((), (w.owner), (w.source), (w.hour, w.weekday))
  UNION ALL"""  # noqa: S608
# rows are put together by all that tells them apart before each is counted on four axes
COUNTERS = f"""
WITH {{rows}}, together AS (
  SELECT x.owner, x.source, extract(hour FROM x.local)::int AS hour, extract(isodow FROM x.local)::int AS weekday,
         {", ".join(f"sum({told})::bigint AS {name}" for name, told in _COUNTED.items())}, sum(x.waits) AS waits,
         sum(CASE WHEN x.waited < {FIVE_MINUTES} AND x.waits > 0 THEN x.waits ELSE 0 END) AS fresh
  FROM ({{all}}) x GROUP BY 1, 2, 3, 4
)
SELECT y.axis, y.key, y.weekday, {", ".join(f"sum(y.{name})::bigint" for name in COUNTS)}, sum(y.waits)::int, sum(y.fresh)::int
FROM ({{sums}}
  SELECT a.axis, a.key, CASE WHEN a.axis = 'hour' THEN x.weekday END, {", ".join(f"x.{name}" for name in COUNTS)}, x.waits, x.fresh
  FROM together x CROSS JOIN LATERAL
    (VALUES ('all', ''), ('owner', x.owner), ('source', x.source), ('hour', lpad(x.hour::text, 2, '0'))) a (axis, key)
  WHERE a.axis = ANY(%(axes)s)
) y (axis, key, weekday, {", ".join(COUNTS)}, waits, fresh) WHERE y.axis = ANY(%(axes)s)
GROUP BY y.axis, y.key, y.weekday HAVING sum(y.n) > 0
"""  # noqa: S608
# who has waited longer than any answer took is at risk as who is never answered: the others are read and taken out of those
_LONGEST = f"""(SELECT greatest(
      (SELECT max(h.seconds) FROM unnest(%(spans)s::smallint[], %(firsts)s::date[]) b (span, first)
       JOIN reports_askingspan h ON h.span = b.span AND h.first = b.first
       WHERE h.axis = 'all' AND h.measure = {ANSWER} AND h.asks = ANY(%(asks)s)),
      (SELECT max(x.answered) FROM ({{all}}) x WHERE x.n > 0), 0))"""  # noqa: S608
_SPANS = f"""
  SELECT h.axis, h.key, h.measure, h.seconds, h.n::bigint, h.n
  FROM unnest(%(spans)s::smallint[], %(firsts)s::date[]) b (span, first)
  JOIN reports_askingspan h ON h.span = b.span AND h.first = b.first
  WHERE h.axis = ANY(%(axes)s) AND h.asks = ANY(%(asks)s) AND (h.measure = {ANSWER} OR h.axis = ANY(%(detailed)s))
  UNION ALL
  SELECT {_AXIS}, {ANSWER}, w.secs, CASE WHEN w.secs IS NULL THEN -count(*) ELSE count(*) END, 0
  FROM (
    SELECT v.owner, v.source, extract(hour FROM v.local)::int AS hour, m.secs
    FROM ({_WAITERS} AND x.asked_at > %(at)s::timestamptz - make_interval(secs => {_LONGEST})) v
    CROSS JOIN LATERAL (VALUES (reports_floored(v.waited)), (NULL)) m (secs)
  ) w GROUP BY GROUPING SETS ((w.secs), (w.owner, w.secs), (w.source, w.secs), (w.hour, w.secs))
  UNION ALL
  SELECT {_AXIS}, {ANSWER}, NULL, -sum(w.waits), 0
  FROM (SELECT x.owner, x.source, extract(hour FROM x.local)::int AS hour, x.waits FROM ({{all}}) x WHERE x.waits > 0) w
  GROUP BY GROUPING SETS ((), (w.owner), (w.source), (w.hour))
  UNION ALL"""  # noqa: S608
QUANTILES = f"""
WITH {{rows}}, t AS (
  SELECT y.axis, CASE WHEN y.axis = 'owner' AND y.key = ANY(%(small)s) THEN '{FOLDED}' ELSE y.key END AS key, y.measure,
         y.secs, sum(y.n) AS n, sum(y.moved) AS moved
  FROM ({{sums}}
    SELECT {_AXIS}, w.measure, w.secs, sum(w.n), sum(w.moved)
    FROM (
      SELECT x.owner, x.source, extract(hour FROM x.local)::int AS hour, m.measure, reports_floored(m.seconds) AS secs, m.n, m.moved
      FROM ({{all}}) x CROSS JOIN LATERAL (VALUES
        ({ANSWER}, CASE WHEN x.waits > 0 THEN x.waited ELSE x.answered END,
         CASE WHEN x.waits > 0 THEN x.waits ELSE x.n END, CASE WHEN x.waits > 0 THEN 0 ELSE x.n END),
        ({SYSTEM}, CASE WHEN x.assigned <= x.answered THEN x.assigned END, x.n, x.n),
        ({HUMAN}, CASE WHEN x.assigned <= x.answered THEN x.answered - x.assigned END, x.n, x.n),
        ({CONTACT}, x.contacted - x.answered, x.n, x.n)) m (measure, seconds, n, moved)
      WHERE m.seconds IS NOT NULL
    ) w GROUP BY GROUPING SETS ((w.measure, w.secs), (w.owner, w.measure, w.secs), (w.source, w.measure, w.secs), (w.hour, w.measure, w.secs))
    UNION ALL
    SELECT v.axis, v.key, {ANSWER}, NULL, v.n, 0
    FROM unnest(%(never_axes)s::text[], %(never_keys)s::text[], %(never_ns)s::int[]) v (axis, key, n)
  ) y (axis, key, measure, secs, n, moved)
  WHERE y.axis = ANY(%(axes)s) AND (y.measure = {ANSWER} OR y.axis = ANY(%(detailed)s)) GROUP BY 1, 2, 3, 4
){waits.quantiles("axis, key, measure")}"""  # noqa: S608


@dataclass(slots=True)
class Counts:
    """What was counted of one key of one axis (`hour`: of one weekday too); `fresh` wait for less than five minutes."""

    n: int = 0
    answered: int = 0
    answered_us: int = 0
    split: int = 0
    contacted: int = 0
    n_within_5: int = 0
    n_5_15: int = 0
    n_15_60: int = 0
    n_60_plus: int = 0
    c_within_5: int = 0
    c_5_15: int = 0
    c_15_60: int = 0
    c_60_plus: int = 0
    c_never: int = 0
    waits: int = 0
    fresh: int = 0

    @property
    def judged(self) -> int:
        return self.n - self.fresh

    @property
    def share_within_five(self) -> float | None:
        return self.n_within_5 / self.judged if self.judged else None

    def add(self, other: Counts) -> None:
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Askings:
    """The askings of a period: `counts` by axis, key and weekday; `quantiles` by axis and key, when asked for."""

    def __init__(
        self,
        leads: QuerySet[Lead],
        period: Period,
        *,
        everyone: bool,
        at: datetime,
        kept: facts.Facts | None,
        whole: bool,
    ) -> None:
        """`leads` are those that may count; `whole`: they are all of the house (`everyone`: also who did not ask)."""
        self._given: dict[str, Any] = {
            "since": period.since, "until": period.until, "from_on": period.from_on, "to_on": period.to_on,
            "zone": period.zone, "at": at, "open": list(OPEN_STAGES), "asks": [True, False] if everyone else [True],
            "unread": kept.unread if kept else [],
        }  # fmt: skip
        blocks = period.blocks(SPANS)
        self._given |= {"spans": [length for length, _day in blocks], "firsts": [day for _length, day in blocks]}
        self._sums = whole and kept is not None
        leads = leads if everyone else leads.filter(hand_raiser=True)
        live, self._all = leads, "SELECT * FROM live"
        if kept:
            live = leads.filter(pk__in=[statements.NOBODY, *kept.unread])
            self._all = "SELECT * FROM kept UNION ALL SELECT * FROM live"
        back = JournalEntry.objects.filter(
            kind=Kind.CAME_BACK, data__new_cycle=True, at__gte=period.since, at__lt=period.until
        )
        if kept:
            back = back.filter(lead__in=[statements.NOBODY, *kept.unread])
        asking = live.filter(
            Q(received_at__gte=period.since, received_at__lt=period.until) | Q(pk__in=back.values("lead"))
        )
        narrowed = "AND lead_id = ANY(%(unread)s)" if kept else ""
        try:
            self._rows: str | None = LIVE.format(cohort=self._named(asking, "c"), narrowed=narrowed)
            if self._sums:
                self._rows += f", {CORRECTED}"
            elif kept:
                self._rows += f", {KEPT.format(circle=self._named(leads, 'k'))}"
        except EmptyResultSet:  # an actor who sees no lead
            self._rows = None

    def _named(self, leads: QuerySet[Lead], mark: str) -> str:
        sql, given = statements.named(leads.order_by().values("id", "received_at", "owner_id", "source", "stage"), mark)
        self._given |= given
        return sql

    def _run(self, statement: str, sums: str, **more: Any) -> list[tuple[Any, ...]]:
        if self._rows is None:
            return []
        sql = statement.format(
            rows=self._rows, sums=sums.replace("{all}", self._all) if self._sums else "", all=self._all
        )
        return statements.ask(sql, self._given | more)

    def counts(self, axes: Iterable[str] = AXES) -> dict[str, dict[tuple[str, int | None], Counts]]:
        """axis -> (key, weekday or None) -> counts, of those that counted anybody."""
        wanted = list(axes)
        found: dict[str, dict[tuple[str, int | None], Counts]] = {axis: {} for axis in wanted}
        for axis, key, weekday, *figures in self._run(COUNTERS, _SUMMED, axes=wanted):
            found[axis][key, weekday] = Counts(*map(int, figures))
        return found

    def quantiles(
        self,
        counted: dict[tuple[str, str], Counts],
        *,
        small: Collection[str] = (),
        detailed: Sequence[str] = AXES,
    ) -> dict[tuple[str, str, int], tuple[int | None, int | None]]:
        """(axis, key, measure) -> median and P90 in seconds. `counted` says whom to speak of: (axis, key) -> counts.

        Owners in `small` are taken together, as FOLDED. Beside the answer, the other measures of `detailed` axes.
        """
        waits = not self._sums  # with sums, the statement itself takes out who waits
        never = [(axis, key, c.n - c.answered - c.waits * waits) for (axis, key), c in counted.items()]
        rows = self._run(
            QUANTILES,
            _SPANS,
            axes=sorted({axis for axis, _key in counted}),
            small=list(small),
            detailed=list(detailed),
            never_axes=[axis for axis, _key, _n in never],
            never_keys=[key for _axis, key, _n in never],
            never_ns=[n for _axis, _key, n in never],
        )
        return {
            (axis, key, measure): (median, p90) for axis, key, measure, _n, _moved, _waits, median, p90, _max in rows
        }
