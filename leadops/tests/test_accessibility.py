"""axe on the main pages, and what it cannot see: no word of the browser's console, no page wider than a small phone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page

from capture.imports import services as imports
from capture.models import Form, Import, Source
from leadops import moment
from leadops.access import actor_of
from leadops.desk.tests.desk_cast import Desk
from leadops.models import User
from leadops.testing import PASSWORD
from leadops.unit import in_unit
from nurture import defaults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text()
LOOKS = [("fr", "light"), ("en", "dark"), ("fr", "dark"), ("en", "light")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERIOUS = ("serious", "critical")


def look() -> tuple[str, str]:
    """One language and theme per day in rotation; AXE_LOOK=en-dark names one."""
    named = os.environ.get("AXE_LOOK", "")
    return tuple(named.split("-")) if named else LOOKS[moment.today("UTC").toordinal() % len(LOOKS)]  # type: ignore[return-value]


def pages(desk: Desk, lead: Any) -> list[tuple[User, list[str]]]:
    source = Source.objects.get(slug="website")
    Form.objects.create(
        slug="contact", source=source, title={"fr": "Contact", "en": "Contact"}, fields=[{"name": "email"}]
    )
    names = ("desk:log_attempt", "desk:note", "desk:snooze", "desk:hand_back", "desk:why", "qualification:disqualify")
    verbs = [reverse(name, args=[lead.pk]) for name in names]
    return [
        (
            desk.lea.user,
            ["/inbox", "/inbox?tab=snoozed", lead.get_absolute_url(), *verbs, "/pool", "/notices", "/settings"],
        ),
        (
            desk.manager,
            [
                "/leads",
                "/leads?stage=new&open=true",
                "/leads/new",
                "/routing",
                "/sla",
                "/qualification",
                "/team",
                "/team/reassign",
            ],
        ),
        (desk.marketing, ["/sources", f"/sources/{source.pk}", "/sources/new", "/sources/channels", "/submissions"]),
        (desk.marketing, ["/submissions/ledger", "/campaigns", "/campaigns/new", "/f/contact"]),
        (desk.marketing, ["/imports", "/imports/new", import_file(desk.marketing).get_absolute_url()]),
        (
            desk.executive,
            [
                "/reports/executive",
                "/reports/velocity",
                "/reports/deals",
                "/reports/live",
                "/reports/sources",
                "/reports/funnel",
                "/reports/response",
                lead.get_absolute_url(),
            ],
        ),
        (desk.marketing, ["/sequences", "/templates", *nurture_drafts(desk.marketing), "/sequences/new"]),
    ]


def nurture_drafts(user: User) -> list[str]:
    """The editors of a sequence and of a template, open on a draft."""
    in_unit(lambda unit: defaults.draft_starters(actor=unit.actor, unit=unit), actor=actor_of(user))
    return ["/sequences/resting", "/templates/follow-up"]


def import_file(user: User) -> Import:
    """A file whose columns are still to be matched."""
    raw = [b"E-mail,Name,When\na@x.example,A,01/02/2026\n"]
    file, _new = in_unit(lambda unit: imports.upload("leads", "fair.csv", raw, unit), actor=actor_of(user))
    return file


def faults_of(page: Page) -> list[str]:
    """Serious findings of axe, each with the first element it is about."""
    page.evaluate(f"{AXE};0")
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})", RULES
    )["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] in SERIOUS]


def worth(word: ConsoleMessage) -> bool:
    """Errors and warnings, but for the stream, which does not run in this test."""
    return word.type in ("error", "warning") and "/live?" not in word.location["url"]


def enter(browser: Browser, base: str, user: User, language: str, theme: str, said: list[str]) -> Page:
    User.objects.filter(pk=user.pk).update(language=language, theme=theme)
    page = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=theme).new_page()  # type: ignore[arg-type]
    page.on("console", lambda word: said.append(word.text) if worth(word) else None)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.goto(f"{base}/sign-in")
    page.fill("input[name=email]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action$='/sign-in'] button.primary")
    page.wait_for_load_state()
    return page


def test_the_main_pages_have_no_serious_fault(browser: Browser, live_server: Any) -> None:
    language, theme = look()
    desk = Desk()
    lead = desk.lead("Anna Roux", received_at=moment.now())
    bad: dict[str, list[str]] = {}
    for user, paths in pages(desk, lead):
        said: list[str] = []
        page = enter(browser, live_server.url, user, language, theme, said)
        for path in paths:
            said.clear()
            page.set_viewport_size({"width": 1280, "height": 900})
            answer = page.goto(live_server.url + path)
            assert answer and answer.status == 200, path
            found = faults_of(page)
            page.set_viewport_size({"width": 320, "height": 700})
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > 320:
                found.append(f"{wide} px wide on a phone of 320")
            found += said
            if found:
                bad[f"{user.name} {path}"] = found
        page.context.close()
    assert bad == {}, f"{language}, {theme}"


def test_a_page_without_a_label_is_found(browser: Browser) -> None:
    """The negative control: a harness that cannot fail proves nothing."""
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input></main>")
    assert any(fault.startswith("label") for fault in faults_of(page))
    page.close()
