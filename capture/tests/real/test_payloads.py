"""Payloads as vendors captured and published them, posted to the intake and read."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from capture import limits
from capture.adapters import ADAPTERS, Draft, Unreadable
from capture.models import Submission
from capture.tests.posting import fresh_process, send, source  # noqa: F401

pytestmark = [pytest.mark.real, pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]
GOOGLE = ("test_lead_custom_question_no_column_name.json", "test_lead_work_fields.json")


def read(submission: Submission) -> Draft:
    like = SimpleNamespace(phone_region="FR", mapping=submission.source.mapping)
    (draft,) = ADAPTERS[submission.source.adapter].read(submission, like)
    return draft


def test_typeform_twice_is_one_submission_with_the_right_fields(real_data):
    source(adapter="typeform")
    raw = (real_data / "payloads/form_typeform/form_response.json").read_bytes()
    assert [send(raw).status_code, send(raw).status_code] == [202, 200]
    kept = Submission.objects.get()
    assert (kept.deliveries, kept.delivery_key) == (2, "v:a3a12ec67a1365927098a606107fac15")
    draft = read(kept)
    assert (draft.email, draft.message[:19]) == ("laura@example.com", "It's cold right now")
    assert draft.occurred_at is not None and draft.occurred_at.isoformat() == "2018-01-18T18:17:02+00:00"
    assert draft.extra["k6TP9oLGgHjl"] == "London" and draft.extra["hidden.user_id"] == "abc123456"
    assert draft.extra["calculated.score"] == 9 and draft.warnings == []


def test_google_as_captured_is_a_test_lead_and_a_conflict_without_its_secret(real_data):
    source(adapter="google_ads", secret="123456")
    where = real_data / "payloads/ads_google_lead_form"
    first, second = (send((where / name).read_bytes()) for name in reversed(GOOGLE))
    assert (first.status_code, second.status_code, second.json()["status"]) == (202, 200, "conflict")
    kept = Submission.objects.get(pk=first.json()["submission"])
    assert kept.verified and read(kept).is_test
    for one in Submission.objects.all():
        assert b"123456" not in bytes(one.body).replace(b"0123456789", b"")
        assert b"REDACTED-advertiser-key" not in bytes(one.body)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (GOOGLE[0], {"email": "test@example.com", "phone": "+16505550123", "postcode": "94043", "company": ""}),
        (GOOGLE[1], {"email": "work-test@example.com", "title": "JobTitle", "company": "CompanyName"}),
    ],
)
def test_google_made_real_is_one_submission_with_its_fields(real_data, name, expected):
    source(adapter="google_ads")
    body = json.loads((real_data / "payloads/ads_google_lead_form" / name).read_text())
    body |= {"lead_id": f"real-{name}", "is_test": False}
    assert send(body).status_code == 202
    draft = read(Submission.objects.get())
    assert {field: getattr(draft, field) for field in expected} == expected
    assert (draft.name, draft.is_test, draft.warnings) == ("FirstName LastName", False, [])
    assert draft.extra["form_id"] == body["form_id"] and draft.extra.get("SERVICE") == (
        "Roofing" if name == GOOGLE[0] else None
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("generic_standard_webhooks_and_zapier/zapier_flat.json",
         {"email": "jane@example.com", "phone": "+12025550143", "name": "Jane Doe", "company": "Acme"}),
        ("form_hubspot_v3/submission_docs_2018.json", {"email": "example@example.com", "family_name": "Example Lastname"}),
        ("form_hubspot_v3/submission_docs_consent.json", {"email": "example@example.com", "given_name": "Jeff"}),
        ("form_tally/form_response_minified.body", {"email": "", "phone": "+32491223344", "utm_campaign": "newsletter"}),
    ],
)  # fmt: skip
def test_other_tools_are_read_by_the_json_adapter(real_data, path, expected):
    source()
    assert send((real_data / "payloads" / path).read_bytes()).status_code == 202
    draft = read(Submission.objects.get())
    assert {field: getattr(draft, field) for field in expected} == expected
    assert ("email-invalid" in draft.warnings) == ("tally" in path)


def test_a_template_that_was_never_filled_in_is_unreadable(real_data):
    source()
    where = real_data / "payloads/generic_standard_webhooks_and_zapier/zapier_nested_lead.json"
    assert send(where.read_bytes()).status_code == 202
    with pytest.raises(Unreadable) as fault:
        read(Submission.objects.get())
    assert fault.value.code == "placeholders"


def test_every_payload_of_the_set_is_stored_and_then_read_or_set_aside_by_every_adapter(real_data, monkeypatch):
    """How many a second are let in is another test's."""
    monkeypatch.setattr(limits, "PER_SOURCE", limits.Limit(1e6, 1))
    files: list[Any] = [
        f for f in sorted((real_data / "payloads").rglob("*")) if f.is_file() and f.stat().st_size < 1e6
    ]
    assert len(files) > 100
    source()
    for file in files:
        assert send(file.read_bytes(), content_type="").status_code in (202, 200), file.name
    like = SimpleNamespace(phone_region="FR", mapping={})
    for kept in Submission.objects.all():
        for adapter in ADAPTERS.values():
            try:
                adapter.read(kept, like)
            except Unreadable as fault:
                assert fault.code
