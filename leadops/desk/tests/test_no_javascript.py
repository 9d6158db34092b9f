"""Every verb of a lead without JavaScript: the forms and links as the pages hold them, filled, sent, followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from leadops import moment
from leadops.desk.tests.desk_cast import Desk, client_of, soon
from leadops.journal import EntryText, JournalEntry, Kind
from leadops.models import Lead, Opportunity, Reason, Task
from leadops.testing import LeadFactory
from leadops.versions import services as versions
from qualification.models import Handoff
from routing.models import Assignment, Pool

pytestmark = pytest.mark.django_db
VOID = ("submit", "button", "image", "reset")
TICKED = ("checkbox", "radio")


@dataclass
class Form:
    """A form as a browser without scripts sees it: where it goes, and what it would send untouched."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """Forms and links of a page; what only a script would do is not seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._open: Form | None = None
        self._select = self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in a:
            self.links.append(a["href"])
        elif tag == "form":
            self._open = Form(a.get("action", ""), a.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and "disabled" not in a:
            self._control(tag, a, self._open)

    def _control(self, tag: str, a: dict[str, str], form: Form) -> None:
        name = a.get("name", "")
        if name:
            form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area, form.values[name] = name, ""
        elif tag == "option" and self._select and ("selected" in a or self._select not in form.values):
            form.values[self._select] = a.get("value", "")
        elif tag == "input" and name and a.get("type") not in VOID:
            form.values |= {name: a.get("value", "")} if "checked" in a or a.get("type") not in TICKED else {}

    def handle_data(self, data: str) -> None:
        if self._area and self._open is not None:
            self._open.values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area


def read(client: Client, url: str) -> Page:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return Page(answer.content.decode())


def form_on(client: Client, page: Page, end: str) -> Form:
    """The form that posts to an address with this end: on the page itself, else where its link leads."""
    for form in page.forms:
        if form.action.endswith(end):
            return form
    link = next((href for href in page.links if href.partition("?")[0].endswith(end)), None)
    assert link, f"neither a form nor a link to {end}"
    return next(form for form in read(client, link).forms if form.action.partition("?")[0].endswith(end))


def send(client: Client, lead: Lead, end: str, **typed: Any) -> str:
    """Open the lead, fill the verb's form as it stands there, send it, and follow to the page that says so."""
    form = form_on(client, read(client, lead.get_absolute_url()), end)
    assert form.method == "post" and "csrfmiddlewaretoken" in form.names
    assert set(typed) <= form.names, (end, typed, form.names)
    answer = client.post(form.action, form.values | typed, follow=True)
    assert answer.status_code == 200 and answer.redirect_chain, (end, answer.content.decode()[-1500:])
    body: str = answer.content.decode()
    assert 'class="toast' in body, end
    lead.refresh_from_db()
    return body


def reason(use: str) -> str:
    return Reason.objects.filter(use=use, active=True).order_by("position")[0].key


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def lea(desk: Desk) -> Client:
    client = Client(enforce_csrf_checks=True)  # the token must stand in the form: no script adds it
    client.force_login(desk.lea.user)
    return client


def journalled(lead: Lead, kind: str) -> JournalEntry:
    return JournalEntry.objects.filter(lead=lead, kind=kind).latest("id")


def test_accept(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/accept")
    assert lead.accepted_at and Assignment.objects.get(lead=lead, ended_at=None).accepted_at


def test_accept_a_handoff(desk: Desk, lea: Client) -> None:
    lead = desk.lead(stage="mql")
    version = versions.version_at("mql", "house", moment.now())
    assert version
    row = Handoff.objects.create(lead=lead, cycle=1, definition=version, rep=desk.lea, offered_at=moment.now())
    send(lea, lead, "/accept")
    row.refresh_from_db()
    assert (lead.stage, row.state) == ("sal", "accepted")


def test_hand_back(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/hand-back", reason=reason("hand_back"), text="Not mine")
    assert lead.owner_id != desk.lea.pk
    assert journalled(lead, Kind.HANDED_BACK).data["reason"] == reason("hand_back")


def test_attempt(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/attempts", outcome="reached", channel="call", text="Spoke")
    assert lead.status == "connected" and journalled(lead, Kind.ATTEMPTED).data["outcome"] == "reached"


def test_attempt_with_a_call_back(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/attempts", outcome="callback", channel="call", callback_at=soon())
    assert Task.objects.filter(lead=lead, kind="callback", done_at=None).count() == 1


def test_note(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/notes", text="Asks for an offer")
    assert EntryText.objects.get(entry=journalled(lead, Kind.NOTED).pk).text == "Asks for an offer"


def test_snooze(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/snooze", until=soon())
    assert Task.objects.filter(lead=lead, kind="snooze", done_at=None).count() == 1


def test_status(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/status", status="waiting")
    assert lead.status == "waiting"


def test_edit(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/edit", city="Grenoble")
    assert (lead.city, lead.company) == ("Grenoble", "Acier SA")


def test_qualify(desk: Desk, lea: Client) -> None:
    lead = desk.lead(stage="sal")
    learnt = {"q_budget": "allocated", "q_authority": "decides", "q_need": "clear", "q_timing": "quarter"}
    send(lea, lead, "/answers", **learnt, then="qualify")
    assert lead.stage == "sql"


def test_disqualify(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    send(lea, lead, "/disqualify", reason=reason("disqualify"))
    assert (lead.stage, lead.stage_reason) == ("disqualified", reason("disqualify"))


def test_recycle_and_reopen(desk: Desk, lea: Client) -> None:
    lead = desk.lead()
    form = form_on(lea, read(lea, lead.get_absolute_url()), "/recycle")
    when = next(name for name in form.names if name not in ("csrfmiddlewaretoken", "reason", "version", "back", "text"))
    day = soon() if "at" in when else (moment.now().date().replace(year=moment.now().year + 1)).isoformat()
    send(lea, lead, "/recycle", **{"reason": reason("recycle"), when: day})
    assert lead.stage == "recycled"
    send(lea, lead, "/reopen")
    assert (lead.stage, lead.cycle) == ("engaged", 2)


OPEN: Callable[[Lead], Opportunity] = lambda lead: Opportunity.objects.get(lead=lead, state="open")  # noqa: E731


def test_opportunity_and_won(desk: Desk, lea: Client) -> None:
    lead = desk.lead(stage="sql")
    send(lea, lead, "/opportunities", name="Heat pump")
    deal = OPEN(lead)
    assert (deal.name, lead.stage) == ("Heat pump", "opportunity")
    send(lea, lead, f"{deal.pk}/win", amount="12 000,00")
    deal.refresh_from_db()
    assert (deal.state, deal.amount_minor, lead.stage) == ("won", 1_200_000, "won")


def test_lost(desk: Desk, lea: Client) -> None:
    lead = desk.lead(stage="sql")
    send(lea, lead, "/opportunities", name="Heat pump")
    deal = OPEN(lead)
    send(lea, lead, f"{deal.pk}/lose", reason=reason("lost"))
    deal.refresh_from_db()
    assert (deal.state, deal.reason, lead.stage) == ("lost", reason("lost"), "lost")


def test_claim(desk: Desk, lea: Client) -> None:
    Pool.objects.filter(key="everyone").update(claimable=True)
    lead = LeadFactory(pool="everyone")
    form = form_on(lea, read(lea, "/pool"), f"{lead.pk}/claim")
    answer = lea.post(form.action, form.values, follow=True)
    lead.refresh_from_db()
    assert answer.status_code == 200 and lead.owner_id == desk.lea.pk


def test_assign_and_route_again_by_who_leads(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.revenue)
    lead = desk.lead()
    client_of(desk.lea.user).post(f"/leads/{lead.pk}/hand-back", {"reason": "no_fit", "text": ""})
    lead.refresh_from_db()
    assert lead.held == "handed_back"
    send(client, lead, "/route-again")
    assert lead.owner_id is not None
    send(
        client, lead, "/assign", rep=str(desk.lea.pk if lead.owner_id != desk.lea.pk else desk.karim.pk), reason="Load"
    )
    assert journalled(lead, Kind.ASSIGNED).actor_id == desk.revenue.pk
