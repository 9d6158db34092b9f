"""Quantiles of waits that are not over for everyone (Kaplan–Meier), in SQL over histograms; no lead and no policy here.

Waits are rounded down by `reports_floored`: to the second below two minutes, five seconds below ten minutes, half a
minute below an hour, five minutes below six hours, half an hour below two days, three hours below two weeks, then a day.
"""

from __future__ import annotations


def quantiles(keys: str) -> str:
    """The tail of a statement over `t` (keys, secs, n, moved): the times within which half and nine tenths have ended.

    `n` rows of `t` with `secs` are ended (`moved`) or watched for so long; those without will never end. A quantile
    is null when it is never reached. Who ended and who was watched for the same time: the former came first.
    """
    return f"""
, r AS (
  SELECT *, sum(n) OVER (PARTITION BY {keys} ORDER BY secs DESC NULLS FIRST) AS at_risk FROM t WHERE n > 0
), s AS (
  SELECT *, exp(greatest(-600, sum(CASE WHEN moved >= at_risk THEN -600 ELSE ln(1 - moved::float8 / at_risk::float8) END)
                OVER (PARTITION BY {keys} ORDER BY secs NULLS LAST))) AS staying
  FROM r
)
SELECT {keys}, sum(n)::int, sum(moved)::int, (coalesce(sum(n) FILTER (WHERE secs IS NOT NULL), 0) - sum(moved))::int,
       min(secs) FILTER (WHERE secs IS NOT NULL AND moved > 0 AND staying <= 0.5 + 1e-9),
       min(secs) FILTER (WHERE secs IS NOT NULL AND moved > 0 AND staying <= 0.1 + 1e-9), max(secs)
FROM s GROUP BY {keys}
"""  # noqa: S608 (names of columns only)
