"""Each verb of a lead: plain and with htmx, refused, on a lead that changed, and what stays of what was typed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from leadops import moment, work
from leadops.access import SYSTEM, actor_of
from leadops.desk import services
from leadops.desk.tasks import TICKER
from leadops.desk.tests.desk_cast import HX, Desk, client_of, soon
from leadops.errors import Refused
from leadops.journal import EntryText, JournalEntry, Kind
from leadops.models import Lead, Reason, Role, Task
from leadops.testing import member
from leadops.unit import in_unit
from leadops.work import Work
from qualification import services as qualification
from routing import services as routing
from routing.models import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def reason() -> str:
    return Reason.objects.filter(use=Reason.Use.HAND_BACK, active=True).order_by("position").first().key  # type: ignore[union-attr]


# verb, what is sent, what the journal then holds
VERBS: list[tuple[str, dict[str, Any], str]] = [
    ("accept", {}, Kind.ACCEPTED),
    ("log_attempt", {"channel": "call", "outcome": "voicemail", "text": ""}, Kind.ATTEMPTED),
    ("log_attempt", {"channel": "call", "outcome": "reached", "text": ""}, Kind.CONVERSED),
    ("note", {"text": "Asks for an offer."}, Kind.NOTED),
    ("snooze", {"until": "soon"}, Kind.SNOOZED),
    ("hand_back", {"reason": "a reason"}, Kind.HANDED_BACK),
    ("set_status", {"status": "waiting"}, Kind.STATUS_SET),
]


def filled(data: dict[str, Any]) -> dict[str, Any]:
    made = {"soon": soon, "a reason": reason}
    return {key: made[value]() if value in made else value for key, value in data.items()}


@pytest.mark.parametrize(("verb", "data", "kind"), VERBS)
def test_a_verb_works_without_javascript_and_comes_back_with_a_message(
    desk: Desk, verb: str, data: dict[str, Any], kind: str
) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    answer = client.post(reverse(f"desk:{verb}", args=[lead.pk]), filled(data) | {"back": "inbox"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("desk:inbox"))
    assert JournalEntry.objects.filter(lead=lead, kind=kind, actor=desk.lea.user).count() == 1
    assert 'class="toast good"' in client.get(reverse("desk:inbox")).content.decode()


@pytest.mark.parametrize(("verb", "data", "kind"), VERBS)
def test_a_verb_with_htmx_says_the_result_and_refreshes_what_shows_the_lead(
    desk: Desk, verb: str, data: dict[str, Any], kind: str
) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    answer = client.post(reverse(f"desk:{verb}", args=[lead.pk]), filled(data) | {"version": lead.version}, headers=HX)
    assert answer.status_code == 200
    assert JournalEntry.objects.filter(lead=lead, kind=kind).exists()
    if verb == "hand_back":  # no longer theirs to see: its page would answer 404
        assert answer["HX-Redirect"] == reverse("desk:inbox")
        return
    assert "leadops:lead-changed" in answer["HX-Trigger"]
    assert 'id="status"' in answer.content.decode()


@pytest.mark.parametrize("verb", ["log_attempt", "note", "snooze", "hand_back"])
def test_a_verb_asks_in_a_dialog_and_on_a_page_of_its_own(desk: Desk, verb: str) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    url = reverse(f"desk:{verb}", args=[lead.pk])
    page, fragment = client.get(url).content.decode(), client.get(url, headers=HX).content.decode()
    for text in (page, fragment):
        assert f'action="{url}"' in text and f'name="version" value="{lead.version}"' in text
    assert page.startswith("<!doctype html>") and fragment.lstrip().startswith("<form")
    assert not JournalEntry.objects.filter(lead=lead, actor=desk.lea.user).exists()


@pytest.mark.parametrize(
    ("verb", "data", "kept"),
    [
        ("note", {"text": ""}, 'name="text"'),
        ("snooze", {"until": "2020-01-01T09:00"}, "2020-01-01T09:00"),
        ("log_attempt", {"channel": "call", "outcome": "callback", "text": "In a meeting"}, "In a meeting"),
        ("log_attempt", {"channel": "pigeon", "outcome": "reached", "text": "By air"}, "By air"),
        ("hand_back", {"reason": "because", "text": "Not mine"}, "Not mine"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HX])
def test_what_is_refused_comes_back_with_what_was_typed(
    desk: Desk, verb: str, data: dict[str, str], kept: str, headers: dict[str, str]
) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    answer = client.post(reverse(f"desk:{verb}", args=[lead.pk]), data, headers=headers)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'role="alert"' in text and kept in text
    assert not JournalEntry.objects.filter(lead=lead, actor=desk.lea.user).exists()


def test_on_a_lead_that_changed_nothing_is_done_and_sending_again_goes_on(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    url, seen = reverse("desk:note", args=[lead.pk]), lead.version
    client.post(reverse("desk:set_status", args=[lead.pk]), {"status": "waiting"})
    lead.refresh_from_db()
    assert lead.version != seen
    answer = client.post(url, {"text": "Call her on Monday", "version": seen}, headers=HX)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Call her on Monday" in text and "changed while you were looking" in text
    assert not JournalEntry.objects.filter(lead=lead, kind=Kind.NOTED).exists()
    assert f'name="version" value="{lead.version}"' in text
    again = client.post(url, {"text": "Call her on Monday", "version": lead.version}, headers=HX)
    assert again.status_code == 200
    assert EntryText.objects.get(lead=lead).text == "Call her on Monday"


@pytest.mark.parametrize(
    "act",
    [
        lambda lead, unit: services.note(lead, "mine still", unit),
        lambda lead, unit: services.snooze(lead, unit.at + timedelta(hours=1), unit),
        lambda lead, unit: services.set_status(lead, "connected", unit),
        lambda lead, unit: services.log_attempt(lead, unit, channel="call", outcome="reached"),
        lambda lead, unit: services.hand_back(lead, "not_my_field", unit),
    ],
    ids=["note", "snooze", "status", "attempt", "hand back"],
)
def test_who_waited_for_a_lead_that_went_to_another_does_nothing_to_it(desk: Desk, act: Any) -> None:
    """The right is asked of the lead as it is once it is locked, not as it was when the request came."""
    as_it_was = desk.lead()
    in_unit(
        lambda unit: routing.assign(Lead.objects.get(pk=as_it_was.pk), desk.karim, unit, "she is away"), actor=SYSTEM
    )
    before = JournalEntry.objects.filter(lead=as_it_was).count()
    assert as_it_was.owner_id == desk.lea.pk
    with pytest.raises(Refused) as refused:
        in_unit(lambda unit: act(as_it_was, unit), actor=actor_of(desk.lea.user))
    assert refused.value.code == "not-allowed"
    assert JournalEntry.objects.filter(lead=as_it_was).count() == before


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", "x"])
def test_a_version_that_is_no_number_is_none(desk: Desk, version: str) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    assert client.post(reverse("desk:note", args=[lead.pk]), {"text": "Seen", "version": version}).status_code == 302


def test_accepting_what_changed_or_was_accepted_is_a_409_fragment(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user, "en")
    url = reverse("desk:accept", args=[lead.pk])
    stale = client.post(url, {"version": lead.version + 7}, headers=HX)
    assert (stale.status_code, 'data-code="changed"' in stale.content.decode()) == (409, True)
    assert client.post(url, headers=HX).status_code == 200
    twice = client.post(url, headers=HX)
    assert (twice.status_code, 'data-code="already-accepted"' in twice.content.decode()) == (409, True)


@pytest.mark.parametrize("verb", ["accept", "log_attempt", "note", "snooze", "hand_back", "set_status"])
def test_another_reps_lead_does_not_exist_and_a_reader_is_told_his_role_forbids(desk: Desk, verb: str) -> None:
    lead, url = desk.lead(), ""
    url = reverse(f"desk:{verb}", args=[lead.pk])
    assert client_of(desk.karim.user).post(url, {"text": "x"}).status_code == 404
    answer = client_of(desk.executive, "en").post(url, {"text": "x"}, headers=HX)
    assert answer.status_code == 403
    assert "Your role does not allow this." in answer.content.decode()
    assert not JournalEntry.objects.filter(lead=lead).exclude(actor=None).exists()


def test_a_visitor_is_sent_to_sign_in(desk: Desk, client: Any) -> None:
    answer = client.post(reverse("desk:note", args=[desk.lead().pk]), {"text": "x"})
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in?next=")


def test_a_call_back_is_planned_and_due_then(desk: Desk) -> None:
    lead, when = desk.lead(), soon()
    client_of(desk.lea.user).post(
        reverse("desk:log_attempt", args=[lead.pk]),
        {"channel": "call", "outcome": "callback", "callback_at": when, "text": ""},
    )
    task = Task.objects.get(lead=lead, kind=Task.Kind.CALLBACK)
    assert (task.done_at, task.owner_id) == (None, desk.lea.pk)
    assert Work.objects.get(lead=lead).due_at is not None


def woken(lead: Lead, at: datetime) -> int:
    return in_unit(lambda unit: services.wake([lead.pk], unit), actor=TICKER, at=at)


def test_a_snoozed_lead_leaves_the_queue_and_wakes_by_itself(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    client.post(reverse("desk:snooze", args=[lead.pk]), {"until": soon()})
    assert f"row-{lead.pk}" not in client.get("/inbox").content.decode()
    assert f"row-{lead.pk}" in client.get("/inbox?tab=snoozed").content.decode()
    assert woken(lead, moment.now() + timedelta(hours=2)) == 0
    assert woken(lead, moment.now() + timedelta(hours=4)) == 1
    assert f"row-{lead.pk}" in client.get("/inbox").content.decode()


@pytest.mark.parametrize("what", ["nothing", "a new owner", "the prospect speaks"])
def test_a_snooze_ends_with_a_new_owner_or_when_the_prospect_speaks(desk: Desk, what: str) -> None:
    lead = desk.lead()
    client_of(desk.lea.user).post(reverse("desk:snooze", args=[lead.pk]), {"until": soon()})
    assert Work.objects.get(lead=lead).wakes_at is not None
    later = moment.now() + timedelta(minutes=5)
    if what == "a new owner":
        rita = actor_of(member("Rita", Role.REVENUE_OPS))
        in_unit(lambda unit: routing.assign(lead, desk.karim, unit, "moved"), actor=rita, at=later)
    elif what == "the prospect speaks":
        Lead.objects.filter(pk=lead.pk).update(last_inbound_at=later)
        in_unit(lambda unit: work.refresh(unit.leads([lead.pk]), unit), actor=TICKER, at=later)
    row = Work.objects.get(lead=lead)
    assert (row.wakes_at is not None) is (what == "nothing")
    assert row.owner_id == (desk.karim.pk if what == "a new owner" else desk.lea.pk)


def test_disqualifying_from_the_inbox_answers_the_dialog_and_returns_to_the_inbox(desk: Desk) -> None:
    lead, client = desk.lead(), client_of(desk.lea.user)
    url = reverse("qualification:disqualify", args=[lead.pk])
    assert "data-closes-on-success" in client.get(f"{url}?back=inbox", headers=HX).content.decode()
    in_dialog = HX | {"HX-Target": "verb-form"}
    wrong = client.post(url, {}, headers=in_dialog)
    assert wrong.status_code == 422 and wrong.content.decode().lstrip().startswith("<form")
    key = Reason.objects.filter(use=Reason.Use.DISQUALIFY, active=True).order_by("position").first().key  # type: ignore[union-attr]
    names = list(client.get(url).context["form"].fields)
    prefix = client.get(url).context["form"].prefix
    data = {(f"{prefix}-{name}" if prefix else name): (key if name == "reason" else "") for name in names}
    answer = client.post(url, data | {"back": "inbox"})
    assert (answer.status_code, answer["Location"]) == (302, "/inbox")
    lead.refresh_from_db()
    assert lead.stage == "disqualified" and not Work.objects.filter(lead=lead).exists()


def acts(desk: Desk, lead: Lead, chance: random.Random) -> Any:
    """One verb drawn by chance."""
    later = moment.now() + timedelta(minutes=chance.randint(5, 6000))
    return chance.choice(
        [
            lambda unit: services.accept(lead, unit),
            lambda unit: services.log_attempt(
                lead, unit, channel="call", outcome=chance.choice(["reached", "voicemail"])
            ),
            lambda unit: services.log_attempt(lead, unit, channel="call", outcome="callback", callback_at=later),
            lambda unit: services.snooze(lead, later, unit),
            lambda unit: services.note(lead, "Seen.", unit),
            lambda unit: services.set_status(lead, chance.choice(["waiting", "attempting", "connected"]), unit),
            lambda unit: services.hand_back(lead, reason(), unit),
            lambda unit: qualification.qualify(unit.leads([lead.pk])[0], unit),
        ]
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_stored_queue_equals_its_recount_whatever_is_done(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    leads, done = [desk.lead(f"Person {n}") for n in range(3)], 0
    for _ in range(14):
        lead = chance.choice(leads)
        try:
            in_unit(acts(desk, lead, chance), actor=actor_of(desk.revenue))
            done += 1
        except Refused:
            continue  # a verb that is not possible now changes nothing, and the recount says so too
        fresh = list(Lead.objects.filter(pk__in=[each.pk for each in leads]))
        stored = {row.pk: values(row) for row in Work.objects.filter(lead__in=fresh)}
        assert stored == {row.lead_id: values(row) for row in recounted(fresh)}
    assert done >= 5


def values(row: Work) -> tuple[Any, ...]:
    return (row.owner_id, row.due_at, row.reason, row.heat, row.wakes_at, row.waiting_on, row.score_band, row.since)


def recounted(leads: list[Lead]) -> list[Work]:
    return in_unit(lambda unit: work.rows_for(leads, unit), actor=TICKER)


def test_accepting_a_lead_that_was_never_handed_off_meets_its_acceptance_clock(desk: Desk) -> None:
    lead = desk.lead()
    client_of(desk.lea.user).post(reverse("desk:accept", args=[lead.pk]))
    states = dict(Clock.objects.filter(lead=lead).values_list("kind", "state"))
    assert states["acceptance"] == "met"
