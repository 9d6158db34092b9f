"""The verbs' addresses: plain forms and htmx, what is refused, who may; the page everyone reads."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from leadops.models import Lead, Opportunity, Rep, Role
from leadops.testing import member, rep
from qualification import panels
from qualification.models import Handoff
from qualification.tests.conftest import act, captured, hot_lead
from qualification.tests.test_admin import signed_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def lead(definition: Any, lea: Rep) -> Lead:
    (lead,) = captured([hot_lead(owner=lea)])
    return lead


@pytest.fixture
def client(lea: Rep) -> Client:
    return signed_in(lea.user)  # Léa reads French


def test_a_plain_form_qualifies_and_returns_to_the_lead(client: Client, lead: Lead) -> None:
    answer = client.post(f"/leads/{lead.pk}/qualify")
    assert (answer.status_code, answer["Location"]) == (302, f"/leads/{lead.pk}")
    lead.refresh_from_db()
    assert lead.stage == "sql"


def test_htmx_gets_the_panel_and_tells_the_page(client: Client, lead: Lead) -> None:
    answer = client.post(f"/leads/{lead.pk}/qualify", headers=HTMX)
    assert answer["HX-Trigger"] == "leadops:lead-changed"
    text = answer.content.decode()
    assert 'id="panel-handoff"' in text and 'id="status"' in text and "<html" not in text


def test_a_deal_is_opened_and_won_with_an_amount_typed_in_french(client: Client, lead: Lead) -> None:
    client.post(f"/leads/{lead.pk}/opportunities", {"name": "Pilote", "amount": "10 000,50 €", "currency": "EUR"})
    deal = Opportunity.objects.get(lead=lead)
    assert (deal.amount_minor, deal.currency, deal.state) == (10_000_50, "EUR", "open")
    client.post(f"/opportunities/{deal.pk}/win", {"amount": "12 000", "currency": "EUR", "closed_on": ""})
    deal.refresh_from_db()
    lead.refresh_from_db()
    assert (deal.amount_minor, deal.state, lead.stage) == (12_000_00, "won", "won")


@pytest.mark.parametrize("amount", ["", "beaucoup", "-5", "1,234"])
def test_an_unreadable_amount_comes_back_with_what_was_typed(client: Client, lead: Lead, amount: str) -> None:
    client.post(f"/leads/{lead.pk}/opportunities", {"name": "x"})
    deal = Opportunity.objects.get(lead=lead)
    plain = client.post(f"/opportunities/{deal.pk}/win", {"amount": amount, "currency": "EUR"})
    live = client.post(f"/opportunities/{deal.pk}/win", {"amount": amount, "currency": "EUR"}, headers=HTMX)
    for answer in (plain, live):
        assert answer.status_code == 422
        assert f'value="{amount}"' in answer.content.decode() or not amount
    deal.refresh_from_db()
    assert deal.state == "open"


def test_a_deal_is_lost_with_a_reason_only(client: Client, lead: Lead) -> None:
    client.post(f"/leads/{lead.pk}/opportunities", {"name": "x"})
    deal = Opportunity.objects.get(lead=lead)
    assert client.post(f"/opportunities/{deal.pk}/lose", {"reason": ""}).status_code == 422
    client.post(f"/opportunities/{deal.pk}/lose", {"reason": "price"})
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_reason) == ("lost", "price")


def test_disqualify_and_recycle_ask_then_act(client: Client, lead: Lead) -> None:
    assert "Concurrent" in client.get(f"/leads/{lead.pk}/disqualify").content.decode()
    past = client.post(f"/leads/{lead.pk}/recycle", {"reason": "no_timing", "wake_on": "2020-01-01"})
    assert past.status_code == 422
    client.post(f"/leads/{lead.pk}/recycle", {"reason": "no_timing", "wake_on": "2026-06-01"})
    lead.refresh_from_db()
    assert (lead.stage, lead.recycle_at.isoformat()) == ("recycled", "2026-06-01T07:00:00+00:00")


@pytest.mark.parametrize("verb", ["qualify", "disqualify", "recycle", "opportunities"])
def test_a_lead_one_may_not_see_is_not_there(lead: Lead, verb: str) -> None:
    other = signed_in(rep("Karim").user)
    assert other.post(f"/leads/{lead.pk}/{verb}", {"reason": "no_budget"}).status_code == 404
    assert other.post(f"/opportunities/{uuid.uuid4()}/win").status_code == 404


def test_one_who_sees_but_may_not_act_is_refused(lead: Lead) -> None:
    hugo = signed_in(member("Hugo", Role.MARKETING_OPS))
    assert hugo.post(f"/leads/{lead.pk}/qualify").status_code == 403


def test_a_visitor_is_asked_to_sign_in(lead: Lead) -> None:
    assert Client().get("/qualification").status_code == 302


@pytest.mark.parametrize("role", Role.values)
def test_everyone_reads_the_definition_and_only_editors_get_the_link(shipped: Any, role: str) -> None:
    page = signed_in(member("Someone", role, "paris" if role == "rep" else None, language="en")).get("/qualification")
    text = page.content.decode()
    assert page.status_code == 200
    assert "either the prospect asked to be contacted" in text and "or the score is 50 or more" in text
    assert ("/admin/qualification/mqldefinition/add/" in text) is (role in ("marketing_ops", "revenue_ops"))


def test_the_page_lists_handoffs_by_state(client: Client, lead: Lead, as_lea: Any) -> None:
    from qualification import handoff

    act(lambda lead, unit: handoff.hand_back(lead, unit, "no_fit"), lead, as_lea)
    assert "Hors cible" in client.get("/qualification?state=handed_back").content.decode()
    assert not client.get("/qualification?state=accepted").context["handoffs"]


def test_the_score_panel_shows_lines_that_sum_to_the_score(client: Client, lead: Lead, as_lea: Any) -> None:
    shown = panels.score(lead, as_lea).context
    assert sum(line["points"] for line in shown["lines"]) == lead.score == shown["sheet"].score
    assert all(line["label"] for line in shown["lines"])


@pytest.mark.parametrize("panel", [0, 1, 2])
def test_each_panel_renders_for_each_role(lead: Lead, panel: int) -> None:
    from django.template.loader import render_to_string

    from leadops.access import actor_of

    Handoff.objects.filter(lead=lead).exists()
    for role in Role.values:
        actor = actor_of(member(f"Reader {role}", role, "paris" if role == "rep" else None))
        shown = panels.panels(lead, actor)[panel]
        assert "<form" not in render_to_string(shown.template, {"panel": shown.context}) or role in (
            "manager",
            "revenue_ops",
        )
