"""The spine, walked once in each language by a visitor, a rep and an executive, through real processes and a real browser."""

from __future__ import annotations

import json
import time
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from capture.models import Campaign, Form, Source
from leadops.models import Lead, Role, User
from leadops.shipped import install_defaults
from leadops.testing import DAWN, PASSWORD, CampaignFactory, SourceFactory, member, rep
from leadops.tests.running import house
from routing.models import Clock, Pool, PoolMember

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]
# the page itself notes when the name appeared, so that the test's own steps are not counted
WATCH = """() => { const look = () => { if (!window.seenAt && document.body.innerText.includes("Anna Roux")) window.seenAt = Date.now(); };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true}); }"""
WORDS = {"fr": {"won": "Gagné", "met": "Tenu"}, "en": {"won": "Won", "met": "Met"}}


@pytest.fixture
def furnished() -> None:
    """A house with one rep round the clock, an executive, a campaign and a hosted form."""
    install_defaults()
    lea = rep("Léa Martin")
    PoolMember.objects.create(
        pool=Pool.objects.get(key="everyone"), rep=lea, weight=Decimal(1), valid_from=DAWN, known_from=DAWN
    )
    SourceFactory(slug="partner", hand_raiser=True)
    member("Paul Bernard", Role.EXECUTIVE)
    CampaignFactory(key="spring", name="Spring offer", utm_campaign="spring-offer")
    Form.objects.create(
        slug="contact",
        source=SourceFactory(slug="website", adapter="hosted", hand_raiser=True),
        title={"fr": "Demande de démonstration", "en": "Request a demo"},
        fields=[{"name": name, "required": True} for name in ("given_name", "family_name", "email", "company")],
    )


def sign_in(browser: Browser, base: str, name: str, language: str, trouble: list[str]) -> tuple[BrowserContext, Page]:
    """A context of its own for one person, who reads in one language."""
    user = User.objects.get(name=name)
    User.objects.filter(pk=user.pk).update(language=language)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: trouble.append(str(fault)))
    page.goto(f"{base}/sign-in")
    page.fill("input[name=email]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action$='/sign-in'] button.primary")
    page.wait_for_load_state()
    return context, page


def send_form(browser: Browser, base: str, language: str) -> float:
    """The visitor fills the form as people do; returns the moment the button was pressed."""
    context = browser.new_context(java_script_enabled=False, locale=language)
    page = context.new_page()
    page.goto(f"{base}/f/contact?lang={language}&utm_source=google&utm_medium=cpc&utm_campaign=spring-offer")
    for name, value in {
        "given_name": "Anna",
        "family_name": "Roux",
        "email": "anna.roux@acier.example",
        "company": "Acier du Rhône",
    }.items():
        page.fill(f"[name={name}]", value)
    page.wait_for_timeout(2500)  # a form sent faster than a person can is spam
    pressed = time.time()
    page.click("form.hosted button[type=submit]")
    assert "/thanks" in page.url
    context.close()
    return pressed


def first_of_the_day(base: str, inbox: Page) -> None:
    """One earlier lead through the webhook: a house that has just been started has read its rules by now."""
    body = json.dumps({"email": "bruno.faure@lumen.example", "first_name": "Bruno", "last_name": "Faure"}).encode()
    request = urllib.request.Request(
        f"{base}/in/{Source.objects.get(slug='partner').key}", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 202
    inbox.locator("#arrivals", has_text="Bruno Faure").wait_for(timeout=15_000)


def dialog(page: Page) -> Any:
    return page.locator("dialog[open]")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_posted_lead_reaches_its_rep_within_a_second_and_ends_as_revenue(
    browser: Browser, furnished: None, language: str
) -> None:
    trouble: list[str] = []
    with house() as base:
        rep_context, inbox = sign_in(browser, base, "Léa Martin", language, trouble)
        assert inbox.url.endswith("/inbox")
        first_of_the_day(base, inbox)
        inbox.evaluate(WATCH)
        pressed = send_form(browser, base, language)
        arrival = inbox.locator("#arrivals", has_text="Anna Roux")
        arrival.wait_for(timeout=10_000)
        seconds = inbox.evaluate("window.seenAt") / 1000 - pressed
        print(f"{language}: from the visitor's click to the owner's inbox {seconds:.2f} s")
        assert seconds < 1.0
        assert "Acier du Rhône" in arrival.inner_text(), "who it is and why it is here stand beside the number"
        work_the_lead(inbox, language)
        read_the_report(browser, base, language, trouble)
        rep_context.close()
    assert not trouble


def work_the_lead(page: Page, language: str) -> None:
    """Accept, log a call, qualify, open an opportunity, win it with 12,000 €: with the keyboard where there is a key."""
    page.keyboard.press(".")
    row = page.locator("[data-row]", has_text="Anna Roux")
    row.wait_for()
    row.locator("a[data-open]").click()
    page.wait_for_selector("#lead")
    page.keyboard.press("1")
    expect(page.locator("form[action$='/accept']")).to_have_count(0)
    page.keyboard.press("c")
    dialog(page).locator("[name=outcome]").first.wait_for()
    choose(dialog(page), "outcome", "reached")
    dialog(page).locator("button.primary").click()
    expect(page.locator(".lead-head .sla.met, #lead header .sla.met").first).to_contain_text(WORDS[language]["met"])
    lead = Lead.objects.get(company="Acier du Rhône")
    clock = Clock.objects.get(lead=lead, kind="first_attempt")
    assert clock.state == "met" and clock.breached_at is None
    learnt = page.locator("#panel-answers")
    learnt.locator("summary").click()
    for question, answer in (("budget", "allocated"), ("authority", "decides"), ("need", "clear")):
        learnt.locator(f"[name=q_{question}]").select_option(answer)
    learnt.locator("button[value=qualify]").click()
    expect(page.locator("form[action$='/qualify']")).to_have_count(0)
    deals = page.locator("#panel-opportunities")
    deals.locator("details:has(form[action$='/opportunities']) > summary").click()
    deals.locator("form[action$='/opportunities'] [name=amount]").fill("12000")
    deals.locator("form[action$='/opportunities'] button").click()
    deals.locator("details:has(form[action$='/win']) > summary").click()
    deals.locator("form[action$='/win'] [name=amount]").fill("12 000" if language == "fr" else "12,000")
    deals.locator("form[action$='/win'] button").click()
    expect(deals.locator("form[action$='/win']")).to_have_count(0)
    expect(deals.get_by_text(WORDS[language]["won"]).first).to_be_visible()
    lead.refresh_from_db()
    assert lead.stage == "won"


def choose(form: Any, name: str, value: str) -> None:
    """A choice, whether it is drawn as a list or as buttons."""
    field = form.locator(f"[name={name}]").first
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option(value)
    else:
        form.locator(f"[name={name}][value={value}]").check(force=True)


def read_the_report(browser: Browser, base: str, language: str, trouble: list[str]) -> None:
    """The executive finds the revenue under its campaign, and the number opens that very lead."""
    context, page = sign_in(browser, base, "Paul Bernard", language, trouble)
    page.goto(f"{base}/reports/sources?by=campaign&period=30")
    row = page.locator("tr", has_text=Campaign.objects.get().name).first
    text = row.inner_text().replace("\u202f", " ").replace("\u00a0", " ")
    assert ("12 000" if language == "fr" else "12,000") in text
    row.locator("a").last.click()
    page.wait_for_load_state()
    lead = Lead.objects.get(company="Acier du Rhône")
    found = page.locator(f"a[href*='{lead.pk}']").first
    expect(found).to_be_visible()
    assert "Roux" not in found.inner_text(), "an executive opens the lead without the person's name"
    found.click()
    page.wait_for_selector("#lead")
    context.close()
