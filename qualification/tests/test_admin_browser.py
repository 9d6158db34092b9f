"""Marketing ops in a real browser: the sentence and the count follow what is typed, and the definition is published."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from leadops.models import User
from leadops.versions import services as versions
from qualification.tests.conftest import NOW, hot_lead

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
