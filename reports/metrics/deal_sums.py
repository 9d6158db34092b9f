"""Figures of deals from the kept sums, put right by the deals the sums have not read. The SQL by hand; reads only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from reports import deal_facts
from reports.metrics import statements
from reports.models import SPANS
from reports.periods import Period

# what the sums are off by, for each axis: rows of unread deals as they were read (-1) and as they are (+1)
_OFF = f"""
off AS MATERIALIZED (
  SELECT -1 AS n, {deal_facts.COLUMNS} FROM reports_dealfact WHERE deal = ANY(%(deals)s)
  UNION ALL SELECT 1, {deal_facts.COLUMNS} FROM ({deal_facts.DEALS}) x
), told AS (
  SELECT f.n, f.state = 'open' AS open, f.state = 'won' AS won, f.house_minor, a.axis, a.key,
         f.closed_at >= %(since)s AND f.closed_at < %(until)s AS within,
         reports_floored(extract(epoch FROM f.closed_at - f.opened_at)::float8) AS seconds
  FROM off f CROSS JOIN LATERAL (VALUES ('all', ''), ('agent', coalesce(f.agent::text, '')), ('product', f.product),
    ('sector', f.sector)) a (axis, key)
)"""  # noqa: S608 (constants of the house)
# (axis, key, closed, won, won value, of how many, open, their value, of how many)
COUNTS = f"""
WITH {_OFF}
SELECT y.axis, y.key, sum(y.closed)::int, sum(y.won)::int, sum(y.minor), sum(y.known)::int, sum(y.open)::int,
       sum(y.open_minor), sum(y.open_known)::int
FROM (
  SELECT axis, key, closed, won, won_minor, won_known, 0, 0, 0 FROM reports_dealday
  WHERE day >= %(from_on)s AND day < %(to_on)s AND axis = ANY(%(axes)s)
  UNION ALL SELECT axis, key, 0, 0, 0, 0, n, minor, known FROM reports_dealopen
  UNION ALL
  SELECT axis, key, CASE WHEN within THEN n ELSE 0 END, CASE WHEN within AND won THEN n ELSE 0 END,
         CASE WHEN within AND won THEN n * coalesce(house_minor, 0) ELSE 0 END,
         CASE WHEN within AND won AND house_minor IS NOT NULL THEN n ELSE 0 END, CASE WHEN open THEN n ELSE 0 END,
         CASE WHEN open THEN n * coalesce(house_minor, 0) ELSE 0 END,
         CASE WHEN open AND house_minor IS NOT NULL THEN n ELSE 0 END
  FROM told
) y (axis, key, closed, won, minor, known, open, open_minor, open_known)
GROUP BY 1, 2 HAVING sum(y.closed) > 0 OR sum(y.open) > 0
"""  # noqa: S608


def _percentile(share: float) -> str:
    """In seconds, between two neighbours in proportion, as `percentile_cont` has it."""
    place = f"{share} * (c.total - 1)"
    low, high = (f"min(c.seconds) FILTER (WHERE c.upto > {end}({place}))" for end in ("floor", "ceil"))
    return f"({low} + ({high} - {low}) * max({place} - floor({place})))::float8"


# (axis, key, of the won alone, median, P90)
CYCLES = f"""
WITH {_OFF}, h AS (
  SELECT y.axis, y.key, m.won, y.seconds, sum(y.n) AS n
  FROM (
    SELECT d.axis, d.key, d.won, d.seconds, d.n FROM unnest(%(spans)s::smallint[], %(firsts)s::date[]) b (span, first)
    JOIN reports_dealspan d ON d.span = b.span AND d.first = b.first
    UNION ALL SELECT axis, key, won, seconds, n FROM told WHERE within
  ) y JOIN (VALUES (false), (true)) m (won) ON y.won OR NOT m.won
  GROUP BY 1, 2, 3, 4 HAVING sum(y.n) > 0
), c AS (
  SELECT h.*, sum(h.n) OVER (PARTITION BY h.axis, h.key, h.won ORDER BY h.seconds) AS upto,
         sum(h.n) OVER (PARTITION BY h.axis, h.key, h.won) AS total FROM h
)
SELECT c.axis, c.key, c.won, {_percentile(0.5)}, {_percentile(0.9)} FROM c GROUP BY 1, 2, 3
"""  # noqa: S608


def of_period(
    period: Period, axes: Sequence[str], unread: Sequence[uuid.UUID]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Counts and cycles of the deals closed in the period, and the counts of those open now."""
    blocks = period.blocks(SPANS)
    given = {
        "deals": list(unread), "axes": list(axes), "since": period.since, "until": period.until,
        "from_on": period.from_on, "to_on": period.to_on,
        "spans": [length for length, _day in blocks], "firsts": [day for _length, day in blocks],
    }  # fmt: skip
    return statements.ask(COUNTS, given), statements.ask(CYCLES, given)
