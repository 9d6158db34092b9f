"""The whole path through the API alone: a posted lead ends as revenue on the source report."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from capture import pipeline
from leadops.desk.tests.api_cast import House

pytestmark = pytest.mark.django_db


def test_a_posted_lead_becomes_revenue_through_the_api_alone(client, house: House):
    ops = house.revenue
    assert (
        ops.post("/campaigns", {"key": "spring-fair", "name": "Spring fair", "utm_campaign": "fair"}).status_code == 201
    )
    made = ops.post("/sources", {"name": "Partner form", "slug": "partner", "hand_raiser": True, "trigger": "now"})
    assert made.status_code == 201, made.json()
    body = {
        "email": "anna@acme.example",
        "name": "Anna Roux",
        "company": "Acme",
        "country": "FR",
        "utm_campaign": "fair",
    }
    taken = client.post(made.json()["address"], json.dumps(body), content_type="application/json")
    assert taken.status_code == 202
    pipeline.run_batch()

    submission = ops.get(f"/submissions/{taken.json()['submission']}").json()
    assert submission["state"] == "created" and submission["source"] == "partner"
    lead = ops.get(f"/leads/{submission['lead']}").json()
    assert lead["campaign"] == "spring-fair" and lead["owner"] is not None
    rep = house.as_lea if lead["owner"]["id"] == str(house.lea.pk) else house.as_karim
    path = f"/leads/{lead['id']}"

    for verb, said in [
        ("accept", {}),
        ("attempts", {"channel": "call", "outcome": "reached", "text": "Wants an offer"}),
        ("qualify", {"answers": {"budget": "possible", "need": "clear", "timing": "quarter"}, "evidence": "call"}),
    ]:
        answer = rep.post(f"{path}/{verb}", said)
        assert answer.status_code == 200, answer.json()
    assert answer.json()["stage"] == "sql" and answer.json()["status"] == "connected"

    deal = rep.post(f"{path}/opportunities", {"name": "Heat pump"})
    assert deal.status_code == 201, deal.json()
    won = rep.post(f"/opportunities/{deal.json()['id']}/win", {"amount": "12000.00", "currency": "EUR"})
    assert won.status_code == 200, won.json()
    assert (won.json()["state"], won.json()["amount_minor"]) == ("won", 1_200_000)
    assert rep.get(path).json()["stage"] == "won"

    trace = rep.get(f"{path}/trace").json()
    assert {d["kind"] for d in trace["decisions"]} >= {"routing"}
    assert any(c["kind"] == "first_attempt" and c["shown"] == "met" and c["arithmetic"] for c in trace["clocks"])
    assert sum(line["points"] for line in trace["score"]["lines"]) == trace["score"]["score"] == lead["score"]

    by_campaign = house.executive.get("/reports/sources?by=campaign").json()
    (row,) = [r for r in by_campaign["rows"] if r["key"] == "spring-fair"]
    assert (row["leads"], row["won"], row["revenue_minor"]) == (1, 1, 1_200_000)
    by_source = house.executive.get("/reports/sources").json()
    assert [r["revenue_minor"] for r in by_source["rows"] if r["key"] == "partner"] == [1_200_000]
    funnel = house.executive.get("/reports/funnel").json()
    assert funnel["steps"][0]["n"] == 1 and funnel["steps"][-1]["n"] == 1
    day = datetime.fromisoformat(submission["received_at"]).astimezone(ZoneInfo(settings.REPORTING_ZONE)).date()
    (ledger,) = ops.get(f"/ledger?from={day}&to={day}&source=partner").json()["rows"]
    assert ledger["balanced"] is True and (ledger["deliveries"], ledger["created"]) == (1, 1)
