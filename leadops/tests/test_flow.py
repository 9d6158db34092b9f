"""The whole flow through the real phases: a posted lead reaches its rep, with its reason, clock and queue row."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capture import pipeline
from capture.models import Source, Submission
from leadops import moment
from leadops.journal import JournalEntry
from leadops.models import Lead
from leadops.shipped import install_defaults
from leadops.testing import DAWN, LeadFactory, SourceFactory, rep
from leadops.work import Work
from routing.models import Assignment, Clock, Pool, PoolMember

pytestmark = pytest.mark.django_db
BUDGET = 25  # SQL statements of one batch, claim and unlock included: the bar of the bench


@pytest.fixture
def house():
    install_defaults()
    everyone = Pool.objects.get(key="everyone")
    reps = [rep(name) for name in ("Léa", "Karim", "Sofia")]
    for one in reps:
        PoolMember.objects.create(pool=everyone, rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
    return SourceFactory(hand_raiser=True)


def post(client, source: Source, **fields):
    body = {
        "email": "anna@acme.example",
        "first_name": "Anna",
        "last_name": "Roux",
        "company": "Acme",
        "country": "FR",
        **fields,
    }
    return client.post(f"/in/{source.key}", json.dumps(body), content_type="application/json")


def test_a_posted_lead_reaches_its_rep_with_reason_clock_and_queue_row(client, house):
    answer = post(client, house)
    assert answer.status_code == 202, answer.content
    result = pipeline.run_batch()
    assert result.claimed == 1
    lead = Lead.objects.get()
    assert lead.person.name == "Anna Roux" and lead.owner_id is not None
    kinds = list(JournalEntry.objects.filter(lead=lead).order_by("id").values_list("kind", flat=True))
    assert kinds[0] == "captured" and {"assigned", "clock_started", "stage_moved"} <= set(kinds)
    assert Clock.objects.filter(lead=lead, kind="first_attempt", rep=lead.owner).exists()
    assert Work.objects.get(lead=lead).owner_id == lead.owner_id
    assert Assignment.objects.get(lead=lead).decision.why
    assert Submission.objects.get().end == "created"


def test_the_same_delivery_twice_is_one_lead(client, house):
    first, second = post(client, house), post(client, house)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["submission"] == second.json()["submission"]
    pipeline.run_batch()
    pipeline.run_batch()
    assert Lead.objects.count() == 1 and Submission.objects.get().deliveries == 2


@pytest.mark.parametrize("n", [1, 10, 100])
def test_the_pipeline_costs_the_same_statements_whatever_the_batch(client, house, n):
    post(client, house, email="first@company.example")
    pipeline.run_batch()  # what a process learns once is not counted
    for i in range(n):
        post(client, house, email=f"p{i}@company{i}.example", company=f"Company {i}", last_name=f"Roux{i}")
    with CaptureQueriesContext(connection) as queries:
        result = pipeline.run_batch()
    assert result.claimed == n and Lead.objects.filter(owner__isnull=False).count() == n + 1
    statements = [str(q["sql"]) for q in queries if not str(q["sql"]).startswith(("SAVEPOINT", "RELEASE"))]
    print(n, len(statements))
    assert len(statements) <= BUDGET, "\n".join(s[:160] for s in statements)


def test_a_lead_that_nobody_answers_for_is_found(client, house):
    def said() -> str:
        told = StringIO()
        call_command("verify_leads", stdout=told)
        return told.getvalue()

    post(client, house)
    pipeline.run_batch()
    lead = Lead.objects.get()
    assert lead.owner_id or lead.held or lead.pool
    resting = LeadFactory(stage="new")  # nothing has wanted it routed
    held, pooled = (
        LeadFactory(stage="mql", held="no_capacity", held_at=moment.now()),
        LeadFactory(stage="mql", pool="everyone"),
    )
    assert "every open lead" in said()
    Lead.objects.filter(pk=lead.pk).update(owner=None, held="", pool="")
    Lead.objects.filter(pk=resting.pk).update(stage="mql")
    with pytest.raises(CommandError, match="2 open leads are astray") as found:
        said()
    assert str(lead.pk) in str(found.value) and str(resting.pk) in str(found.value)
    assert str(held.pk) not in str(found.value) and str(pooled.pk) not in str(found.value)
