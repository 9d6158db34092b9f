"""Real payloads and a real lead file, through the intake and the pipeline: nothing lost, nothing counted twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture import pipeline
from capture.models import Submission
from capture.tests.posting import send, source
from leadops.models import Lead, TouchDetail
from leadops.unit import phases, set_phases

pytestmark = [pytest.mark.real, pytest.mark.django_db, pytest.mark.urls("capture.tests.public_urls")]
GOOGLE = ("test_lead_custom_question_no_column_name.json", "test_lead_work_fields.json")


@pytest.fixture
def resolve_alone() -> Iterator[None]:
    before = phases()
    set_phases(())
    yield
    set_phases(before)


def drain() -> Counter[str]:
    ends: Counter[str] = Counter()
    while (result := pipeline.run_batch(1000)).claimed:
        ends += result.ends
    return ends


def test_a_typeform_answer_delivered_twice_is_one_lead_with_its_fields(real_data: Path, resolve_alone: None) -> None:
    source(adapter="typeform")
    raw = (real_data / "payloads/form_typeform/form_response.json").read_bytes()
    assert [send(raw).status_code, send(raw).status_code] == [202, 200]
    assert drain() == {"created": 1}
    lead = Lead.objects.select_related("person").get()
    assert (lead.person.email, lead.source) == ("laura@example.com", "website")
    assert TouchDetail.objects.get().message.startswith("It's cold right now")
    assert Submission.objects.get().deliveries == 2


def test_google_as_captured_is_a_test_and_a_conflict_and_made_real_two_leads(
    real_data: Path, resolve_alone: None
) -> None:
    where = real_data / "payloads/ads_google_lead_form"
    bodies = [json.loads((where / name).read_bytes()) for name in GOOGLE]
    secret = bodies[0]["google_key"]
    source(adapter="google_ads", secret=secret)
    for body in bodies:
        send({**body, "google_key": secret})
    drain()
    ends = Submission.objects.order_by("id").values_list("end", "reason")
    assert list(ends) == [("test", ""), ("quarantined", "conflict")]
    for number, body in enumerate(bodies):
        send({**body, "google_key": secret, "is_test": False, "lead_id": f"own-{number}"})
    drain()
    assert list(Submission.objects.order_by("id").values_list("end", flat=True)[2:]) == ["created", "created"]
    assert Lead.objects.count() == 2
    assert all(secret.encode() not in bytes(row.body) for row in Submission.objects.all())
