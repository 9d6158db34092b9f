"""What is asked of the whole house reads the index made for it, not the rows seven to a lead: so with a million leads, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from capture.models import Submission
from capture.selectors import journal_of_submission
from leadops import cohorts, ids, moment
from leadops.audited import ANSWERED_FOR
from leadops.desk.audit_filter import SUBJECTS, AuditFilter, every
from leadops.journal import HOUSEWIDE, JournalEntry, Kind

pytestmark = pytest.mark.django_db
OFTEN, SELDOM = 40_000, 5
FILL = """
INSERT INTO leadops_journalentry (kind, lead_id, actor_id, at, recorded_at, cycle, data, system)
SELECT kind, gen_random_uuid(), %s, now() - n * interval '1 minute', now() - n * interval '1 minute', 1, '{}', ''
FROM unnest(%s::text[]) kind, generate_series(1, %s) n
"""


@pytest.fixture
def _many() -> None:
    """A house whose leads wrote much, and whose people claimed much; what is asked of all together is little of it."""
    often = [Kind.SCORED.value, Kind.CLOCK_STARTED.value, Kind.CLAIMED.value]
    with connection.cursor() as cursor:
        for kinds, rows in ((often, OFTEN // 6), (list(HOUSEWIDE), SELDOM), (often, OFTEN // 6)):
            cursor.execute(FILL, [ids.uuid7(), kinds, rows])
        cursor.execute("ANALYZE leadops_journalentry")


def _audit(subject: str) -> QuerySet[JournalEntry]:
    rows = JournalEntry.objects.filter(every()).order_by("-pk")
    return AuditFilter({"what": subject}, queryset=rows).qs[:51]


def _questions() -> dict[str, Any]:
    now = moment.now()
    hour = {"at__gte": now - timedelta(hours=1), "at__lt": now}
    return {
        "came back": lambda: JournalEntry.objects.filter(kind=Kind.CAME_BACK, data__new_cycle=True, **hour),
        "moved": lambda: JournalEntry.objects.filter(kind=Kind.STAGE_MOVED, **hour),
        "refusals": lambda: cohorts.refusals(hour["at__gte"], now),
        "one submission": lambda: journal_of_submission(
            Submission(pk=ids.uuid7(), lead_id=ids.uuid7(), received_at=now)
        ),
    }


SELDOM_ASKED = [subject for subject, kinds in SUBJECTS.items() if set(kinds) <= set(ANSWERED_FOR)]


@pytest.mark.parametrize("question", [*_questions(), *SELDOM_ASKED])
def test_a_question_to_the_whole_house_reads_its_index(_many: None, question: str) -> None:
    rows = _questions().get(question, lambda: _audit(question))()
    plan = rows.explain()
    assert "journal_housewide" in plan, plan
    assert "Seq Scan on leadops_journalentry" not in plan and "journalentry_pkey" not in plan, plan


def test_the_audit_reads_an_index_of_its_own_however_many_leads_change_owner(_many: None) -> None:
    plan = AuditFilter({}, queryset=JournalEntry.objects.filter(every()).order_by("-pk")).qs[:51].explain()
    assert "Index Scan using journal_audited" in plan, plan


def test_the_seldom_subjects_of_the_audit_are_all_but_owners() -> None:
    assert {*SUBJECTS} - {*SELDOM_ASKED} == {"owners"}
