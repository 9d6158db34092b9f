"""Undo: one's own snooze and status are taken back by a compensating act; whatever came after wins."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from leadops import moment
from leadops.access import actor_of
from leadops.desk import undo
from leadops.desk.tests.desk_cast import HX, Desk, client_of, soon
from leadops.errors import Conflict
from leadops.journal import JournalEntry, Kind
from leadops.models import Task
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
UNDO = re.compile(r'action="(/leads/[^"]+/undo/\d+)"')


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("headers", [{}, HX], ids=["plain", "htmx"])
def test_a_snoozed_lead_comes_back_and_both_acts_stay_in_the_journal(desk: Desk, headers: dict[str, str]) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    answer = client.post(reverse("desk:snooze", args=[lead.pk]), {"until": soon(), "back": "inbox"}, headers=headers)
    page = answer if headers else client.get(answer["Location"])
    url = UNDO.search(page.content.decode())
    assert url, "the result carries its undo"
    assert f"row-{lead.pk}" not in client.get("/inbox").content.decode()
    assert client.post(url[1], headers=headers).status_code == (200 if headers else 302)
    assert f"row-{lead.pk}" in client.get("/inbox").content.decode()
    kinds = list(JournalEntry.objects.filter(lead=lead, actor=desk.lea.user).values_list("kind", flat=True))
    assert kinds.count(Kind.SNOOZED) == kinds.count(Kind.TASK_DONE) == 1
    history = client.get(lead.get_absolute_url()).content.decode()
    assert "Snooze taken back" in history and "Task done" not in history


def test_a_status_goes_back_to_what_it_was(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    before = lead.status
    said = client.post(reverse("desk:set_status", args=[lead.pk]), {"status": "waiting"}, headers=HX)
    url = UNDO.search(said.content.decode())
    assert url
    client.post(url[1], headers=HX)
    lead.refresh_from_db()
    assert lead.status == before


def test_a_note_offers_no_undo(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    said = client.post(reverse("desk:note", args=[lead.pk]), {"text": "Call back"}, headers=HX).content.decode()
    assert "toast good" in said and not UNDO.search(said)


def test_only_ones_own_act_and_only_the_last_and_only_soon(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    client.post(reverse("desk:snooze", args=[lead.pk]), {"until": soon()})
    first = JournalEntry.objects.get(lead=lead, kind=Kind.SNOOZED)
    assert client_of(desk.manager).post(reverse("desk:undo", args=[lead.pk, first.pk])).status_code == 404
    late = moment.now() + undo.UNDO_WITHIN + timedelta(seconds=1)
    with pytest.raises(Conflict):
        in_unit(lambda unit: undo.undo(lead, first.pk, unit), actor=actor_of(desk.lea.user), at=late)
    client.post(reverse("desk:snooze", args=[lead.pk]), {"until": soon()})
    assert client.post(reverse("desk:undo", args=[lead.pk, first.pk])).status_code == 409
    assert Task.objects.filter(lead=lead, kind=Task.Kind.SNOOZE, done_at__isnull=True).count() == 1


def test_a_verb_opened_as_a_page_of_its_own_leads_back_to_the_lead(desk: Desk) -> None:
    """Nothing on that page would show the result: with htmx too it goes where the plain form goes."""
    lead, client = desk.lead(), client_of(desk.lea.user)
    url = reverse("desk:snooze", args=[lead.pk])
    here = HX | {"HX-Current-URL": f"http://testserver{url}"}
    assert client.post(url, {"until": soon()}, headers=here)["HX-Redirect"] == lead.get_absolute_url()
    assert UNDO.search(client.get(lead.get_absolute_url()).content.decode())
