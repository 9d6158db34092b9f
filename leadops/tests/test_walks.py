"""One walk per role through a small house in a real browser, in both languages: acts, what they left, and the figures shown."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from capture import tasks as capture_tasks
from capture.imports import tasks as import_tasks
from capture.models import Import, Source, Submission
from leadops import moment
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.models import IS_OPEN, Lead, Task, User
from leadops.models.person import Suppression
from leadops.testing import LeadFactory, PersonFactory, SourceFactory
from leadops.versions import services as versions
from routing.models import Clock, Pool, Reassignment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
PATIENCE = 20_000  # milliseconds
expect.set_options(timeout=PATIENCE)
MET = {"fr": "Tenu", "en": "Met"}


def worth(word: ConsoleMessage) -> bool:
    """Errors, but for the stream, which is a process of its own and does not run here."""
    return word.type == "error" and "/live?" not in word.location["url"]


class Walk:
    """A small house, people who enter it, and every word of trouble their browsers said."""

    def __init__(self, browser: Browser, base: str, language: str) -> None:
        self.desk, self.base, self.language = Desk(), base, language
        self.browser = browser
        self.said: list[str] = []
        self.open: list[BrowserContext] = []

    def enter(self, user: User) -> Page:
        client = client_of(user, self.language)
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.base}
        context.add_cookies([session])  # type: ignore[list-item]
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda word: self.said.append(word.text) if worth(word) else None)
        page.on("pageerror", lambda fault: self.said.append(str(fault)))
        self.open.append(context)
        return page

    def go(self, page: Page, path: str) -> None:
        answer = page.goto(self.base + path)
        assert answer and answer.status == 200, path
        assert page.locator("html").get_attribute("lang") == self.language


@pytest.fixture
def walk(browser: Browser, live_server: Any, language: str) -> Any:
    made = Walk(browser, live_server.url, language)
    yield made
    for context in made.open:
        context.close()
    assert [text for text in made.said if "409" not in text] == [], "a lost race is told by its status, nothing else"


@LANGUAGES
def test_who_came_while_the_page_was_on_its_way_is_told_of_without_a_stream(walk: Walk, language: str) -> None:
    page = walk.enter(walk.desk.lea.user)
    page.clock.install()
    page.route(re.compile(r"/live\?"), lambda route: route.abort())
    walk.go(page, "/inbox")
    walk.desk.lead("Anna Roux", company="Acier du Rhône")  # before the page asked for the first time
    page.clock.fast_forward(6000)
    expect(page.locator("#arrivals")).to_contain_text("Anna Roux")
    walk.said.clear()  # the stream that was refused


@pytest.mark.parametrize("language", ["en"])
def test_on_a_phone_the_number_stands_once_as_a_button_to_call_or_as_a_link(walk: Walk, language: str) -> None:
    lead = walk.desk.lead()
    for reader, button, link in ((walk.desk.lea.user, True, False), (walk.desk.marketing, False, True)):
        page = walk.enter(reader)
        page.set_viewport_size({"width": 390, "height": 844})
        walk.go(page, lead.get_absolute_url())
        assert page.locator(".verb-call").is_visible() is button
        assert page.locator(".lead-contact [href^='tel:']").is_visible() is link


@LANGUAGES
def test_a_form_that_came_back_is_read_from_its_faults(walk: Walk, language: str) -> None:
    """Sent without htmx, the page is a new one: its title says so, and the summary of faults has the focus and is in sight."""
    error, desk = {"fr": "Erreur\xa0: ", "en": "Error: "}[language], walk.desk
    forms = ((desk.marketing, "/sources/new"), (desk.revenue, "/users"), (desk.lea.user, "/account/security"))
    for reader, path in forms:
        page = walk.enter(reader)
        page.set_viewport_size({"width": 390, "height": 844})
        walk.go(page, path)
        assert not page.title().startswith(error)
        page.locator("main form.form").last.evaluate("form => form.submit()")
        summary = page.locator("main .banner.bad[data-focus]")
        expect(summary).to_be_focused()
        expect(summary).to_be_in_viewport()
        assert page.title().startswith(error)
    walk.said.clear()  # three answers of 422


# -- Léa, rep ------------------------------------------------------------------------------------------------


@LANGUAGES
def test_a_rep_answers_a_newcomer_by_keyboard(walk: Walk, language: str) -> None:
    """`.` shows it above what is late, W says why and Esc gives the row back, 1 accepts, C logs, H puts off, Z takes that back."""
    late = walk.desk.lead("Late Person")
    Clock.objects.filter(lead=late).update(due_at=moment.now() - timedelta(days=20))
    page = walk.enter(walk.desk.lea.user)
    walk.go(page, "/inbox")
    lead = walk.desk.lead("Anna Roux", company="Acier du Rhône")
    page.evaluate("""() => { const place = document.querySelector('[data-arrivals-url]');
      return htmx.ajax('GET', place.dataset.arrivalsUrl, {target: place, swap: 'outerHTML'}); }""")
    expect(page.locator("#arrivals")).to_contain_text("Anna Roux")
    page.keyboard.press(".")
    first = page.locator("[data-row]").first
    expect(first).to_contain_text("Anna Roux")
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(first.locator("details.why")).to_contain_text("Léa Martin")
    page.keyboard.press("Escape")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector("#lead")
    page.keyboard.press("1")
    expect(page.locator("form[action$='/accept']")).to_have_count(0)
    page.keyboard.press("c")
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=outcome][value=reached]").check(force=True)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".lead-head .sla.met")).to_contain_text(MET[language])
    page.keyboard.press("h")
    with page.expect_response(f"**/leads/{lead.pk}/snooze"):
        dialog.locator("button.primary").first.click()
    expect(dialog).to_have_count(0)
    with page.expect_response(f"**/leads/{lead.pk}/undo/*"):
        page.keyboard.press("z")
    lead.refresh_from_db()
    assert lead.accepted_at is not None
    assert Clock.objects.get(lead=lead, kind="first_attempt").state == "met"
    assert not Task.objects.filter(lead=lead, kind=Task.Kind.SNOOZE, done_at__isnull=True).exists()


@LANGUAGES
def test_two_reps_take_one_lead_and_one_of_them_is_told(walk: Walk, language: str) -> None:
    pool = Pool.objects.get(key="everyone")
    lead = LeadFactory(person=PersonFactory(name="Anna Roux"), company="Acier du Rhône", pool=pool.key, held="")
    lea, karim = walk.enter(walk.desk.lea.user), walk.enter(walk.desk.karim.user)
    for page in (lea, karim):
        walk.go(page, "/pool")
        assert "Roux" not in page.locator("main").inner_text(), "nobody sees whom before it is taken"
    take = f"form[action$='/pool/{lead.pk}/claim'] button"
    lea.locator(take).click()
    lea.wait_for_url(f"**/leads/{lead.pk}*")
    karim.locator(take).click()
    expect(karim.locator("[role=alert][data-code='already-claimed']")).to_be_visible()
    lead.refresh_from_db()
    assert lead.owner_id == walk.desk.lea.pk


# -- Nadia, manager ------------------------------------------------------------------------------------------


@LANGUAGES
def test_a_manager_moves_late_leads_after_a_preview_and_takes_it_back(walk: Walk, language: str) -> None:
    leads = [walk.desk.lead(f"Late {n}") for n in range(2)]
    Clock.objects.filter(lead__in=leads, state="running").update(due_at=moment.now() - timedelta(days=2))
    page = walk.enter(walk.desk.manager)
    walk.go(page, "/team")
    expect(page.locator(".alerts li.bad strong").first).to_have_text("2")
    page.locator(".alerts li.bad a").first.click()
    expect(page.locator("tbody tr")).to_have_count(2)
    walk.go(page, f"/team/{walk.desk.lea.pk}/absence")
    page.locator("[name=kind]").select_option("leave")
    page.locator("button[name=step][value=set]").click()
    walk.go(page, f"/team/reassign?owner={walk.desk.lea.pk}&open=true")
    page.locator("[name=everything]").check()
    page.locator("[name=reason]").fill("On leave")
    page.locator("form:has([name=reason]) button.primary").click()
    page.wait_for_url("**/team/reassignments/*")
    preview = page.locator("tr", has_text="Karim Benali")
    expect(preview.first).to_contain_text("+2")
    assert set(Lead.objects.values_list("owner", flat=True)) == {walk.desk.lea.pk}, "a preview moves nothing"
    page.locator("form[action$='/carry-out'] button").click()
    expect(page.locator("form[action$='/take-back'] button")).to_be_visible()
    assert set(Lead.objects.values_list("owner", flat=True)) == {walk.desk.karim.pk}
    page.locator("form[action$='/take-back'] button").click()
    expect(page.locator("form[action$='/take-back']")).to_have_count(0)
    assert set(Lead.objects.values_list("owner", flat=True)) == {walk.desk.lea.pk}
    assert Reassignment.objects.get().reason == "On leave"


# -- Ines, revenue ops ---------------------------------------------------------------------------------------


@LANGUAGES
def test_revenue_ops_publishes_hours_and_puts_the_old_ones_in_force_again(walk: Walk, language: str) -> None:
    page = walk.enter(walk.desk.revenue)
    walk.go(page, "/calendars")
    page.locator(".cal-cards h2 a").first.click()
    key = page.url.rstrip("/").rpartition("/")[2]
    before = versions.version_at("calendar", key, moment.now())
    assert before is not None
    page.locator("form[action$='/draft'] button").click()
    page.locator("[name='mon-0-from']").fill("06:15")
    page.locator("button.primary[name=do][value=save]").click()
    expect(page.locator("#publish")).to_contain_text("06:15")
    page.locator("#publish [name=reason]").fill("Early Mondays")
    page.locator("#publish button[value=publish]").click()
    expect(page.locator("#publish")).to_have_count(0)
    now = versions.version_at("calendar", key, moment.now())
    assert now is not None and (now.number, now.reason) == (before.number + 1, "Early Mondays")
    page.locator("#versions summary").click()
    back = page.locator("form[action$='/roll-back']")
    back.locator("[name=number]").fill(str(before.number))
    back.locator("[name=reason]").fill("Nobody came")
    back.locator("button").click()
    expect(page.locator("#versions")).to_contain_text("Nobody came")
    held = versions.version_at("calendar", key, moment.now())
    assert held is not None and held.body == before.body


@LANGUAGES
def test_revenue_ops_imports_a_file_with_a_bad_row_and_takes_it_back(walk: Walk, language: str) -> None:
    SourceFactory(slug="import", channel="", trigger="now")
    page = walk.enter(walk.desk.revenue)
    walk.go(page, "/imports/new")
    rows = "E-mail,Name,Company\nanna@acier.example,Anna Roux,Acier\nnobody,,\nzoe@fonte.example,Zoé Faure,Fonte\n"
    page.locator("[name=file]").set_input_files({"name": "fair.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.locator("main form button.primary").click()
    page.wait_for_url("**/imports/*-*")
    page.locator("main form button.primary").last.click()
    page.wait_for_load_state()
    import_tasks.run_imports()
    file = Import.objects.get()
    walk.go(page, f"/imports/{file.pk}")
    assert not Lead.objects.exists(), "a dry run makes nothing"
    expect(page.locator("a[href$='/bad-rows']")).to_be_visible()
    page.locator("form[action$='/commit'] button").click()
    page.wait_for_load_state()
    import_tasks.run_imports(), capture_tasks.run_pipeline(), import_tasks.run_imports()
    assert set(Lead.objects.values_list("person__name", flat=True)) == {"Anna Roux", "Zoé Faure"}
    walk.go(page, f"/imports/{file.pk}")
    expect(page.locator(".stats")).to_contain_text("2")
    page.locator("a[href$='/undo']").click()
    page.locator("main form button").last.click()
    page.wait_for_load_state()
    import_tasks.run_imports()
    file.refresh_from_db()
    assert file.state == "undone" and not Lead.objects.filter(IS_OPEN).exists()


# -- Hugo, marketing ops -------------------------------------------------------------------------------------


@LANGUAGES
def test_marketing_ops_adds_a_source_posts_to_it_and_reads_the_receipt(walk: Walk, language: str) -> None:
    page = walk.enter(walk.desk.marketing)
    walk.go(page, "/sources/new")
    page.locator("[name=name]").fill("Spring fair")
    page.locator("[name=adapter]").select_option("json")
    page.locator("main form button.primary").click()
    expect(page.locator("#curl")).to_contain_text("/in/")
    source = Source.objects.get(name="Spring fair")
    address = page.locator("#address").inner_text().strip()
    body = json.dumps({"email": "anna@acier.example", "first_name": "Anna", "last_name": "Roux"}).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"})) as answer:
        assert answer.status == 202
    capture_tasks.run_pipeline()
    page.reload()
    page.locator("a[href*='/submissions/']").first.click()
    page.wait_for_url("**/submissions/*-*")
    expect(page.locator("main")).to_contain_text("anna@acier.example")
    assert Submission.objects.get().source_id == source.pk
    assert Lead.objects.get().person.name == "Anna Roux"
    walk.go(page, "/suppressions")
    page.locator("form[action$='/suppressions/add'] [name=address]").fill("Anna@Acier.example")
    page.locator("form[action$='/suppressions/add'] [name=why]").fill("Said so by phone")
    page.locator("form[action$='/suppressions/add'] button").click()
    expect(page.locator("main table")).to_contain_text("Said so by phone")
    assert Suppression.objects.count() == 1 and "acier" not in page.locator("main table").inner_text().lower()


# -- Paul, executive -----------------------------------------------------------------------------------------


@LANGUAGES
def test_an_executive_opens_the_leads_behind_a_figure_without_their_names(walk: Walk, language: str) -> None:
    for n in range(3):
        walk.desk.lead(f"Anna Roux{n}", received_at=moment.now() - timedelta(hours=2))
    page = walk.enter(walk.desk.executive)
    walk.go(page, "/")
    assert page.url.endswith("/reports/executive")
    leads = page.locator(".stats .stat").first
    expect(leads).to_contain_text("3")
    walk.go(page, "/reports/funnel")
    page.locator("table tbody a", has_text="3").first.click()
    page.wait_for_url("**/leads?*")
    expect(page.locator("tbody tr")).to_have_count(3)
    assert "Roux" not in page.locator("main").inner_text() and "Acier SA" in page.locator("main").inner_text()
    for path in ("sources?by=source&touch=last", "response", "live"):
        walk.go(page, f"/reports/{path}")
        assert "Roux" not in page.locator("main").inner_text(), path
