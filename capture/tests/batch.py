"""How these tests put submissions before the pipeline and run it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from capture import pipeline
from capture.models import Source, Submission
from leadops import ids
from leadops.journal import JournalEntry
from leadops.models import Lead
from leadops.testing import SourceFactory

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def submit(body: Any, source: Source | None = None, **values: Any) -> Submission:
    """One stored submission, as the intake leaves it."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    made: Submission = Submission.objects.create(
        source=source or SourceFactory(),
        delivery_key=values.pop("key", ids.token(9)),
        received_at=values.pop("at", NOON),
        content_type="application/json",
        body=raw,
        digest=hashlib.sha256(raw).digest(),
        **values,
    )
    return made


def run(at: datetime = NOON, limit: int = 1000) -> pipeline.Result:
    return pipeline.run_batch(limit, at)


def journal_of(lead: Lead) -> list[str]:
    return list(JournalEntry.objects.filter(lead=lead).order_by("id").values_list("kind", flat=True))
