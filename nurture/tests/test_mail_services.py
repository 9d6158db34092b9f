"""Letters through a mail service, and what the service tells of them: one sent once, a bounce stops the next."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import pytest
import requests
from anymail.exceptions import AnymailRecipientsRefused
from django.core import mail
from django.test import Client, override_settings

from capture import pipeline
from capture.models import Submission
from capture.tests.posting import fresh_process, source  # noqa: F401  a fixture for all tests here
from leadops import moment
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.effects.providers import PROVIDERS, anymail_settings
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead
from nurture.models import Enrolment
from nurture.tests.running import MONDAY, days, enrolled, house, live, prospect

TEST_BACKEND = "anymail.backends.test.EmailBackend"
URLS = {
    "mailgun": "mailgun://key%2F1@mail.example.com?region=eu",
    "postmark": "postmark://token-1",
    "brevo": "brevo://key-1",
    "mailjet": "mailjet://key:secret",
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_address_of_a_mail_service_becomes_its_settings(name):
    found = anymail_settings(URLS[name], 10)
    assert found["EMAIL_BACKEND"] == f"anymail.backends.{name}.EmailBackend"
    assert found["ANYMAIL"]["REQUESTS_TIMEOUT"] == 10 and not found["ANYMAIL"]["SEND_DEFAULTS"]["track_clicks"]
    assert anymail_settings(PROVIDERS[name], 10)


def test_the_parts_of_an_address_are_read_as_written():
    mailgun = anymail_settings(URLS["mailgun"], 10)["ANYMAIL"]
    assert mailgun["MAILGUN_API_KEY"] == "key/1" and mailgun["MAILGUN_SENDER_DOMAIN"] == "mail.example.com"
    assert mailgun["MAILGUN_API_URL"].startswith("https://api.eu.")
    assert anymail_settings("postmark://AbC", 1)["ANYMAIL"]["POSTMARK_SERVER_TOKEN"] == "AbC"


@pytest.mark.parametrize(
    "wrong", ["mailgun://mail.example.com", "mailgun://k@d?region=mars", "postmark://", "mailjet://key", "brevo:///x"]
)
def test_an_address_with_a_part_missing_is_refused(wrong):
    with pytest.raises(ValueError, match=r"^\w+$"):
        anymail_settings(wrong, 10)


pytest_db = pytest.mark.django_db


@pytest.fixture
def lead(db) -> Lead:
    house()
    found = prospect("Anna Roux", email="anna@roux.example")
    enrolled(found)
    return found


@pytest_db
def test_a_letter_leaves_through_a_service_with_our_id_and_no_tracking(lead):
    with override_settings(EMAIL_BACKEND=TEST_BACKEND, ANYMAIL=anymail_settings("brevo://k", 10)["ANYMAIL"]):
        live(MONDAY)
        live(MONDAY)
    (letter,) = mail.outbox
    effect = Effect.objects.get()
    told = letter.anymail_test_params
    assert effect.state == "sent" and told["metadata"] == {"letter": effect.pk.hex}
    assert told["extra_headers"]["Message-ID"] == f"<{effect.pk}@leadops>"
    assert told["extra_headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told["track_opens"] is False and told["track_clicks"] is False


class Answer:
    """What the service's HTTP door says, in turn; every request is kept."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, _session: Any, **request: Any) -> requests.Response:
        self.asked.append(request)
        said = self.answers.pop(0)
        if isinstance(said, Exception):
            raise said
        response = requests.Response()
        response.status_code, body = said
        response._content = json.dumps(body).encode()
        return response


@pytest.fixture
def postmark(monkeypatch):
    def door(*answers: Any) -> Answer:
        answer = Answer(*answers)
        monkeypatch.setattr(requests.Session, "request", lambda session, **request: answer(session, **request))
        return answer

    with override_settings(**anymail_settings("postmark://token-1", 10)):
        yield door


TAKEN = (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "m-1", "To": "anna@roux.example"})


@pytest_db
def test_a_real_service_gets_one_request_with_the_letter_and_its_headers(lead, postmark):
    door = postmark(TAKEN)
    live(MONDAY)
    live(MONDAY)
    (asked,) = door.asked
    body = json.loads(asked["data"])
    effect = Effect.objects.get()
    assert asked["headers"]["X-Postmark-Server-Token"] == "token-1" and asked["timeout"] == 10
    assert body["Metadata"] == {"letter": effect.pk.hex} and "anna@roux.example" in body["To"]
    assert {each["Name"] for each in body["Headers"]} >= {"Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"}
    assert effect.state == "sent"


@pytest_db
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((500, {}), "planned"),
        ((401, {"ErrorCode": 10, "Message": "bad token"}), "planned"),
        ((429, {}), "planned"),
        (requests.ConnectTimeout("slow"), "planned"),
        (requests.ConnectionError("refused"), "planned"),
        (requests.ReadTimeout("silent"), "unknown"),
        ((422, {"ErrorCode": 300, "Message": "Invalid email request"}), "failed"),
    ],
)
def test_what_was_surely_not_sent_is_tried_again_and_what_may_have_been_is_not(lead, postmark, answer, state):
    door = postmark(answer, TAKEN)
    live(MONDAY)
    effect = Effect.objects.get()
    assert (effect.state, len(door.asked)) == (state, 1) and effect.error and "token-1" not in effect.error
    live(MONDAY + days(0.01))
    effect.refresh_from_db()
    assert (effect.state, len(door.asked)) == (("sent", 2) if state == "planned" else (state, 1))


@pytest_db
def test_a_recipient_the_service_refuses_ends_the_letter_at_once(lead, monkeypatch):
    def refuses(_self: Any) -> None:
        raise AnymailRecipientsRefused("no")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuses)
    live(MONDAY)
    assert Effect.objects.get().state == "failed"


# -- what the service tells ------------------------------------------------------------------------------


def mailgun(letter: Effect, secret: str = "", **data: Any) -> dict[str, Any]:
    token, stamp = uuid.uuid4().hex, str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    told = {"event": "failed", "severity": "permanent", "recipient": "anna@roux.example", "timestamp": 1781514000.1,
            "user-variables": {"letter": letter.pk.hex}, "delivery-status": {"message": "550 no such user"}}  # fmt: skip
    return {"signature": {"token": token, "timestamp": stamp, "signature": signature}, "event-data": {**told, **data}}


def postmark_event(letter: Effect, **data: Any) -> dict[str, Any]:
    return {"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": "anna@roux.example",
            "BouncedAt": "2026-06-15T09:10:00Z", "Metadata": {"letter": letter.pk.hex}, "Details": "550", **data}  # fmt: skip


def brevo(letter: Effect, **data: Any) -> dict[str, Any]:
    return {"event": "hard_bounce", "email": "anna@roux.example", "id": 7, "ts_event": 1781514000,
            "X-Mailin-custom": json.dumps({"letter": letter.pk.hex}), "reason": "550", **data}  # fmt: skip


def mailjet(letter: Effect, **data: Any) -> dict[str, Any]:
    return {"event": "bounce", "hard_bounce": True, "email": "anna@roux.example", "MessageID": 9, "time": 1781514000,
            "Payload": json.dumps({"letter": letter.pk.hex}), "error": "user unknown", **data}  # fmt: skip


HARD = {"events_mailgun": mailgun, "events_postmark": postmark_event, "events_brevo": brevo, "events_mailjet": mailjet}
SOFT = {
    "events_mailgun": {"severity": "temporary"},
    "events_postmark": {"Type": "SoftBounce"},
    "events_brevo": {"event": "soft_bounce"},
    "events_mailjet": {"hard_bounce": False},
}
COMPLAINTS = {
    "events_mailgun": {"event": "complained"},
    "events_postmark": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
    "events_brevo": {"event": "spam"},
    "events_mailjet": {"event": "spam", "source": "JMRPP"},
}
DELIVERED = {
    "events_mailgun": {"event": "delivered", "severity": ""},
    "events_postmark": {"RecordType": "Delivery", "Type": ""},
    "events_brevo": {"event": "delivered"},
    "events_mailjet": {"event": "sent"},
}
UNSUBSCRIBED = {
    "events_mailgun": {"event": "unsubscribed", "severity": ""},
    "events_postmark": {
        "RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression",
    },
    "events_brevo": {"event": "unsubscribe"},
    "events_mailjet": {"event": "unsub"},
}  # fmt: skip


@pytest.fixture
def letter(lead) -> Effect:
    live(MONDAY)
    return Effect.objects.get()


def told(adapter: str, body: Any, secret: str = "") -> Submission | None:
    with moment.at(MONDAY + days(0.1)):
        door = source(
            f"{adapter}-{uuid.uuid4().hex[:6]}".replace("_", "-"), secret=secret, signed=bool(secret), adapter=adapter
        )
        answer = Client().post(f"/in/{door.key}", json.dumps(body), "application/json")
        if answer.status_code != 202:
            assert answer.status_code == 401
            return None
        pipeline.run_batch()
    return Submission.objects.get(pk=answer.json()["submission"])


def kinds() -> list[str]:
    wanted = (Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED)
    return list(JournalEntry.objects.filter(kind__in=wanted).order_by("id").values_list("kind", flat=True))


def reasons() -> list[str]:
    return list(suppression.in_force().values_list("reason", flat=True))


@pytest_db
@pytest.mark.parametrize("adapter", HARD)
def test_a_bounce_a_service_tells_of_stops_the_address_and_the_sequence(letter, adapter):
    row = told(adapter, HARD[adapter](letter))
    assert (row.end, row.lead_id) == ("touched", letter.lead_id), (row.reason, row.error)
    assert kinds() == [Kind.BOUNCED] and reasons() == ["bounced"]
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == ("exited", "bounce")
    assert Lead.objects.count() == 1


@pytest_db
@pytest.mark.parametrize("adapter", HARD)
def test_a_passing_failure_and_a_delivery_stop_nothing(letter, adapter):
    told(adapter, HARD[adapter](letter, **SOFT[adapter]))
    row = told(adapter, HARD[adapter](letter, **DELIVERED[adapter]))
    assert (row.end, row.reason) == ("spam", "mail-event")
    assert reasons() == [] and Enrolment.objects.get().state == "active"


@pytest_db
@pytest.mark.parametrize("adapter", HARD)
def test_a_complaint_and_an_unsubscribe_a_service_tells_of_are_the_persons_own_word(letter, adapter):
    told(adapter, HARD[adapter](letter, **COMPLAINTS[adapter]))
    assert kinds() == [Kind.COMPLAINED] and reasons() == ["complained"]
    told(adapter, HARD[adapter](letter, **UNSUBSCRIBED[adapter]))
    assert kinds() == [Kind.COMPLAINED, Kind.UNSUBSCRIBED] and Enrolment.objects.get().reason == "complaint"


@pytest_db
def test_mailguns_own_signature_is_asked_for_and_the_same_event_twice_counts_once(letter):
    body = mailgun(letter, secret="s" * 20)
    assert told("events_mailgun", body, secret="t" * 20) is None and kinds() == []
    forged = {**body, "signature": {**body["signature"], "token": "x"}}
    assert told("events_mailgun", forged, secret="s" * 20) is None
    assert told("events_mailgun", {"event-data": body["event-data"]}, secret="s" * 20) is None
    assert told("events_mailgun", body, secret="s" * 20) is not None and kinds() == [Kind.BOUNCED]


@pytest_db
def test_many_events_in_one_post_are_each_noted(lead, letter):
    other = prospect("Bob Two", email="bob@two.example")
    enrolled(other)
    live(MONDAY)
    second = Effect.objects.exclude(pk=letter.pk).get()
    row = told(
        "events_mailjet", [mailjet(letter), mailjet(second, email="bob@two.example"), mailjet(letter, event="open")]
    )
    assert row is not None and kinds() == [Kind.BOUNCED] * 2 and len(reasons()) == 2


@pytest_db
@pytest.mark.parametrize("adapter", HARD)
@pytest.mark.parametrize(
    "body", [[], {}, {"event": 5}, [1], {"event-data": {"event": {}}}, {"RecordType": []}, "x", None]
)
def test_what_is_no_event_is_set_aside_and_breaks_nothing(letter, adapter, body):
    row = told(adapter, body)
    assert row is None or row.end in ("quarantined", "spam")
    assert kinds() == [] and Enrolment.objects.get().state == "active"


@pytest_db
def test_an_event_of_a_letter_that_is_not_ours_makes_no_lead(letter):
    stranger = Effect(pk=uuid.uuid4())
    row = told("events_postmark", postmark_event(stranger, Email="x@y.example"))
    assert (row.end, row.reason) == ("spam", "bounce-of-nobody") and Lead.objects.count() == 1
