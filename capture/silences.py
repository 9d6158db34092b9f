"""The longest silence of each source in its last weeks, and whether that is unlike it. A source that went dumb sends no error."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

WEEKS = 5
LEAST = timedelta(hours=6)  # what is shorter is nobody's concern
TIMES = 2.0  # so many times the usual is unlike it
# Between two deliveries, and from the last one to now. What is usual: the median of the longest silence of each week.
_SQL = """
WITH gaps AS (
  SELECT source_id, received_at AS since,
         lead(received_at, 1, %(at)s) OVER (PARTITION BY source_id ORDER BY received_at) - received_at AS lasted
  FROM capture_submission WHERE source_id = ANY(%(sources)s) AND received_at >= %(first)s AND received_at < %(at)s
), weekly AS (
  SELECT source_id, max(lasted) AS longest FROM gaps
  GROUP BY source_id, floor(extract(epoch FROM %(at)s - since) / 604800)
), usual AS (
  SELECT source_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY longest) AS span, count(*) AS weeks
  FROM weekly GROUP BY source_id
)
SELECT DISTINCT ON (g.source_id) g.source_id, g.since, g.lasted, u.span, u.weeks
FROM gaps g JOIN usual u USING (source_id) ORDER BY g.source_id, g.lasted DESC, g.since
"""


@dataclass(frozen=True, slots=True)
class Silence:
    """From when and how long; `usual` is None where too few weeks are known to say."""

    since: datetime
    lasted: timedelta
    usual: timedelta | None

    @property
    def until(self) -> datetime:
        return self.since + self.lasted

    @property
    def unusual(self) -> bool:
        return self.usual is not None and self.lasted >= max(LEAST, self.usual * TIMES)


def longest(sources: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, Silence]:
    """By source, of those that received anything in the last five weeks; one statement for any number of them."""
    asked: dict[str, Any] = {"sources": list(sources), "first": at - timedelta(weeks=WEEKS), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, asked)
        rows = cursor.fetchall()
    return {
        source: Silence(since, lasted, usual if weeks >= WEEKS - 2 else None)
        for source, since, lasted, usual, weeks in rows
    }
