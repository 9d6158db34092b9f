"""Marketing ops in a real browser: the sentence and the count follow what is typed, and the definition is published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from leadops.models import User
from leadops.testing import TouchFactory
from leadops.versions import services as versions
from qualification import tasks
from qualification.tests.conftest import NOW, captured, hot_lead

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_marketing_ops_publishes_the_definition_by_hand(
    page: Page, live_server: Any, client: Client, hugo: User, definition: Any
) -> None:
    hot_lead(), hot_lead(hand_raiser=False)
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda fault: broken.append(str(fault)))
    client.force_login(hugo)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])  # type: ignore[list-item]
    page.goto(f"{live_server.url}/admin/qualification/mqldefinition/add/")

    preview = page.locator("#preview")
    sentence = page.locator(".cond-sentence")
    expect(sentence).to_have_text("The score is 40 or more")
    expect(preview).to_contain_text("1 of 2 open leads matches")
    value = page.locator("[name='when-0-value']")
    value.fill("20")
    value.press("Tab")
    expect(sentence).to_contain_text("The score is 20 or more")
    expect(preview).to_contain_text("1 lead enters, 0 leave")

    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".errorlist")).to_contain_text("reason is needed")
    page.locator("#id_reason").fill("More leads for the spring")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".messagelist")).to_contain_text("Version 2 is in force.")
    held = versions.version_at("mql", "house", NOW)
    assert held is not None
    assert (held.number, held.reason, held.body["when"]["all"][0]["value"]) == (2, "More leads for the spring", 20)
    refused = [text for text in broken if "422" not in text]
    assert refused == []


def test_marketing_ops_changes_the_scorecard_by_hand_and_a_score_follows(
    page: Page, live_server: Any, client: Client, hugo: User, definition: Any
) -> None:
    lead = hot_lead(employees=20, country="DE", industry="retail")
    TouchFactory(lead=lead, kind="download", occurred_at=NOW - timedelta(days=10), recorded_at=NOW)
    captured([lead])
    lead.refresh_from_db()
    assert (lead.score, lead.grade) == (25, "C")
    client.force_login(hugo)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])  # type: ignore[list-item]
    page.goto(f"{live_server.url}/admin/qualification/scorecard/add/")
    page.get_by_role("button", name="Start a draft from this").click()

    page.get_by_role("link", name="Add a line", exact=True).click()
    page.locator("#id_place").select_option("fit")
    page.locator("#id_label_fr").fill("Commerce")
    page.locator("#id_label_en").fill("Retailers")
    page.locator("[name='when-do'][value^='add']").first.click()
    page.locator("[name='when-0-field']").select_option("industry")
    page.wait_for_load_state("networkidle")  # the menus follow the field
    expect(page.locator("[name='when-0-op']")).to_have_value("eq", timeout=30_000)
    value = page.locator("[name='when-0-value']")
    value.fill("retail")
    value.press("Tab")
    expect(page.locator(".cond-sentence")).to_have_text("The industry is retail", timeout=30_000)
    page.locator("#id_points").fill("12")
    page.get_by_role("button", name="Save the line").click()

    page.get_by_role("link", name="Add a behaviour line").click()
    page.locator("#id_place").select_option("engagement")
    page.locator("#id_label_fr").fill("Téléchargements")
    page.locator("#id_label_en").fill("Downloads")
    page.locator("input[name='kinds'][value='download']").check()
    page.locator("#id_points").fill("8")
    page.locator("#id_decay").select_option("halves")
    page.locator("#id_half_life_days").fill("10")
    page.get_by_role("button", name="Save the line").click()

    page.locator("#id_grades_A").fill("12")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".errorlist")).to_contain_text("reason is needed")
    page.locator("#id_reason").fill("Retail buys, downloads cool down")
    page.locator("#id_grades_A").fill("12")
    page.locator("#id_grades_B").fill("5")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".messagelist")).to_contain_text("is in force.")
    held = versions.version_at("scorecard", "house", NOW)
    assert held is not None and held.number == 2
    tasks.reassess()
    lead.refresh_from_db()
    # fit 12 for retail; 25 for asking and 4 for a download ten days old that halves in ten
    assert (lead.fit, lead.engagement, lead.score, lead.grade) == (12, 29, 41, "A")
