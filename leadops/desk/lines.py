"""What the lines of a queue say, read in one statement for rows the ORM chose; it chooses none and words nothing."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from leadops.work import Work

# An order no index has (plus no time at all) keeps the planner from looking for one lead's clock among everybody's.
LINES = """
SELECT q.lead_id, q.due_at, q.reason, q.heat, q.wakes_at, q.score_band, q.since,
       l.company, l.title, l.stage, l.score, l.band, l.source, l.campaign, l.country, l.accepted_at IS NOT NULL, l.version,
       p.name, p.email, p.phone, s.version_id, s.lines, t.kind, t.occurred_at, o.name, c.name,
       r.due_at, r.target_seconds, m.due_at, m.ended_at, m.breached_at
FROM ({cohort}) q
JOIN leadops_lead l ON l.id = q.lead_id JOIN leadops_person p ON p.id = l.person_id
LEFT JOIN qualification_scoresheet s ON s.lead_id = q.lead_id
LEFT JOIN capture_source o ON o.slug = l.source LEFT JOIN capture_campaign c ON c.key = l.campaign
LEFT JOIN LATERAL (SELECT t.kind, t.occurred_at FROM leadops_touch t WHERE t.lead_id = q.lead_id
                   ORDER BY t.occurred_at DESC, t.id DESC LIMIT 1) t ON true
LEFT JOIN LATERAL (SELECT k.due_at, k.target_seconds FROM routing_clock k WHERE k.lead_id = q.lead_id AND k.state = 'running'
                   ORDER BY k.due_at + interval '0' LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT k.due_at, k.ended_at, k.breached_at FROM routing_clock k
                   WHERE k.lead_id = q.lead_id AND k.kind = 'first_attempt' AND k.state = 'met'
                   ORDER BY k.ended_at + interval '0' DESC LIMIT 1) m ON true
ORDER BY {order}
"""
BY_DUE = "q.due_at NULLS LAST, q.score_band DESC, q.heat DESC, q.lead_id"
BY_WAKING = "q.wakes_at, q.lead_id"


class Line(NamedTuple):
    """A row of the queue with its lead, person, score, newest touch, the names of its origins and two clocks:
    the running one that is due first, and the first attempt met last."""

    lead_id: uuid.UUID
    due_at: datetime | None
    reason: str
    heat: int
    wakes_at: datetime | None
    score_band: int
    since: datetime
    company: str
    title: str
    stage: str
    score: int
    band: str
    source: str
    campaign: str
    country: str
    accepted: bool
    version: int
    name: str
    email: str
    phone: str
    scorecard: uuid.UUID | None
    lines: str | None  # JSON: [key, points] each
    touch: str | None
    touched_at: datetime | None
    source_name: str | None
    campaign_name: str | None
    running_due: datetime | None
    running_target: int | None  # seconds
    met_due: datetime | None
    met_at: datetime | None
    met_breached: datetime | None

    @property
    def who(self) -> str:
        """As `Person` calls itself."""
        return self.name or self.email or self.phone or "—"

    @property
    def points(self) -> list[tuple[int, str]]:
        """The lines of its score, as (points, key)."""
        return [(points, key) for key, points in json.loads(self.lines)] if self.lines else []


def read(rows: QuerySet[Work], order: str) -> list[Line]:
    """Their lines; `order` is that of the rows."""
    cohort = rows.values("lead_id", "due_at", "reason", "heat", "wakes_at", "score_band", "since")
    try:
        sql, params = cohort.query.sql_with_params()
    except EmptyResultSet:  # nobody's queue
        return []
    with connection.cursor() as cursor:
        cursor.execute(LINES.format(cohort=sql, order=order), params)
        found: list[Any] = cursor.fetchall()
    return [Line._make(row) for row in found]
