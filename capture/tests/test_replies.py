"""Received mail: a human's answer, an automatic one, a bounce; each means what it is and nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from capture import pipeline
from capture.adapters import ADAPTERS
from capture.adapters.quoting import words_alone
from capture.models import Submission
from leadops import moment
from leadops.access import SYSTEM
from leadops.desk import services as desk
from leadops.effects import plan, suppression
from leadops.effects.models import Effect, Notice
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Task, Touch, TouchDetail
from leadops.testing import LeadFactory, PersonFactory, SourceFactory, rep
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
ANSWER = "Oui, rappelez-moi demain.\n\nLe lun. 15 juin 2026 à 11:00, Léa <lea@leadops.example> a écrit :\n> Bonjour\n"


@pytest.fixture
def letter(db) -> Effect:
    """A letter of ours to Anna, whose lead Léa owns."""
    person = PersonFactory(name="Anna Roux", email="anna@roux.example")
    lead = LeadFactory(person=person, owner=rep("Léa"))
    in_unit(
        lambda u: plan.letter(
            u, person_id=person.pk, key="k", purpose="sequence", lead=lead, body={}, due_at=u.at + timedelta(days=1)
        ),
        actor=SYSTEM,
    )  # fmt: skip
    return Effect.objects.get()


def mail(body: str = ANSWER, sender: str = "Anna Roux <anna@roux.example>", **headers: str) -> bytes:
    given = {"From": sender, "To": "reply@leadops.example", "Subject": "Re: Bonjour", "Message-ID": "<m1@x>", **headers}
    told = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in given.items())
    if "Content_Type" not in headers:
        told += "Content-Type: text/plain; charset=utf-8\n"
    return f"{told}\n{body}".encode()


def received(raw: bytes, adapter: str = "inbound_raw") -> Submission:
    source = SourceFactory(slug="mail-in", adapter=adapter)
    row = Submission.objects.create(
        source=source, delivery_key=f"k{Submission.objects.count()}", received_at=moment.now(), body=raw,
        content_type="message/rfc822", digest=b"",
    )  # fmt: skip
    pipeline.run_batch()
    row.refresh_from_db()
    return row


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("id").values_list("kind", flat=True))


def test_an_answer_is_noted_with_its_words_tells_the_owner_and_stands_on_top(letter):
    row = received(mail(In_Reply_To=f"<{letter.pk}@leadops>"))
    assert (row.end, row.lead_id) == ("touched", letter.lead_id)
    touch = Touch.objects.get()
    assert touch.kind == "reply" and TouchDetail.objects.get().message == "Oui, rappelez-moi demain."
    entry = JournalEntry.objects.get(kind=Kind.REPLIED)
    assert entry.lead_id == letter.lead_id and entry.data["effect"] == str(letter.pk)
    notice = Notice.objects.get(kind="prospect_replied")
    assert notice.user_id == letter.lead.owner_id
    work = letter.lead.work
    work.refresh_from_db()
    assert work.reason == "reply" and Lead.objects.count() == 1


def test_an_answer_from_another_address_is_the_answer_of_whom_we_wrote_to(letter):
    row = received(mail(sender="anna.private@home.example", To=f"reply+{letter.pk.hex}@leadops.example"))
    assert row.lead_id == letter.lead_id and Lead.objects.count() == 1
    assert row.person.email == "anna@roux.example"


def test_answering_is_done_when_the_rep_logs_an_attempt(letter):
    received(mail())
    lead = letter.lead
    in_unit(lambda u: desk.log_attempt(lead, u, channel="mail", outcome="sent"), actor=SYSTEM)
    assert not Task.objects.filter(kind="reply", done_at__isnull=True).exists()


def test_a_second_answer_asks_once_only(letter):
    received(mail())
    received(mail("Alors ?", Message_ID="<m2@x>"))
    assert Task.objects.filter(kind="reply").count() == 1 and kinds().count(Kind.REPLIED) == 2


AUTOMATIC = {
    "auto-submitted": {"Auto_Submitted": "auto-replied"},
    "precedence": {"Precedence": "bulk"},
    "x-autoreply": {"X_Autoreply": "yes"},
    "suppress": {"X_Auto_Response_Suppress": "All"},
    "null return path": {"Return_Path": "<>"},
    "subject": {"Subject": "Réponse automatique : absente jusqu'au 12 juin"},
}


@pytest.mark.parametrize("name", AUTOMATIC)
def test_an_automatic_mail_is_no_answer_and_makes_no_lead(letter, name):
    for sender in ("anna@roux.example", "stranger@elsewhere.example"):
        headers = {**AUTOMATIC[name], "In_Reply_To": f"<{letter.pk}@leadops>"}
        row = received(mail(sender=sender, **headers))
        assert (row.end, row.reason) == ("spam", "automatic")
    assert Lead.objects.count() == 1 and not Touch.objects.exists() and Kind.REPLIED not in kinds()


def bounce(letter: Effect | None, status: str = "5.1.1", about: str = "anna@roux.example", action="failed") -> bytes:
    original = f"<{letter.pk}@leadops>" if letter else "<other@elsewhere>"
    body = f"""--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {about}
Action: {action}
Status: {status}
--b
Content-Type: text/rfc822-headers

Message-ID: {original}
--b--
"""
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    return mail(body, sender="MAILER-DAEMON@mx.example", Content_Type=kind)


def test_a_hard_bounce_stops_all_mail_to_the_address(letter):
    row = received(bounce(letter))
    assert row.end == "touched" and Touch.objects.get().kind == "bounce"
    assert JournalEntry.objects.get(kind=Kind.BOUNCED).data["hard"] is True
    assert suppression.suppressed([letter.person]) == {letter.person_id: "bounced"}
    assert Kind.REPLIED not in kinds() and Kind.CAME_BACK not in kinds()


def test_a_bounce_that_names_no_letter_is_noted_and_stops_nothing(letter):
    """Anybody can write one to the address that stands in every letter."""
    row = received(bounce(None))
    assert row.end == "touched" and JournalEntry.objects.get(kind=Kind.BOUNCED).data["hard"] is False
    assert not suppression.in_force().exists()


def test_a_bounce_of_a_letter_stops_mail_to_whom_it_went_and_to_nobody_it_names(letter):
    other = PersonFactory(name="Victor", email="victor@victim.example")
    LeadFactory(person=other)
    received(bounce(letter, about="victor@victim.example"))
    assert suppression.suppressed([letter.person, other]) == {letter.person_id: "bounced"}


def test_a_complaint_that_names_no_letter_is_set_aside(letter):
    report = """--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Rcpt-To: anna@roux.example
--b--
"""
    kind = 'multipart/report; report-type=feedback-report; boundary="b"'
    row = received(mail(report, sender="evil@attacker.example", Content_Type=kind))
    assert (row.end, row.reason) == ("spam", "bounce-of-nobody") and Kind.COMPLAINED not in kinds()
    assert not suppression.in_force().exists()


def test_somebody_known_who_answers_anothers_letter_speaks_for_themselves(letter):
    bob = PersonFactory(name="Bob Known", email="bob@roux.example")
    lead = LeadFactory(person=bob, owner=rep("Max"))
    row = received(mail(sender="Bob Known <bob@roux.example>", In_Reply_To=f"<{letter.pk}@leadops>"))
    assert (row.person_id, row.lead_id) == (bob.pk, lead.pk)
    assert JournalEntry.objects.get(kind=Kind.REPLIED).data["effect"] == ""


@pytest.mark.parametrize(("status", "action"), [("4.2.2", "failed"), ("5.0.0", "delayed")])
def test_a_soft_bounce_is_noted_and_stops_nothing(letter, status, action):
    received(bounce(letter, status, action=action))
    assert JournalEntry.objects.get(kind=Kind.BOUNCED).data["hard"] is False
    assert not suppression.in_force().exists()


def test_a_bounce_of_nobody_makes_nobody(letter):
    row = received(bounce(None, about="somebody@else.example"))
    assert (row.end, row.reason) == ("spam", "bounce-of-nobody") and Lead.objects.count() == 1


def test_a_strangers_mail_becomes_a_lead(db):
    row = received(mail("Bonjour, je voudrais un devis.", sender="Bob Ray <bob@ray.example>"))
    assert row.end == "created" and row.lead.person.name == "Bob Ray"
    assert Touch.objects.get().kind == "inquiry" and Kind.REPLIED not in kinds()


def test_a_mailgun_post_is_proven_by_its_own_signature():
    import hashlib
    import hmac
    import json

    secret, fields = "s3cret", {"timestamp": "1", "token": "t", "sender": "a@b.example", "body-plain": "x"}
    fields["signature"] = hmac.new(secret.encode(), b"1t", hashlib.sha256).hexdigest()
    peek = ADAPTERS["inbound_mailgun"].peek
    kind = {"content-type": "application/json"}
    assert peek(kind, json.dumps(fields).encode(), [secret], {}).verified is True
    assert peek(kind, json.dumps({**fields, "token": "u"}).encode(), [secret], {}).verified is False
    assert peek(kind, b"{", [secret], {}).verified is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ANSWER, "Oui, rappelez-moi demain."),
        ("Yes.\n\nOn Mon, Jun 15, 2026 at 11:00 AM Léa\n<lea@x.example> wrote:\n> Hello\n", "Yes."),
        ("Yes.\n\nSent from my iPhone\n\n-----Original Message-----\nFrom: Léa", "Yes."),
        ("Merci !\n-- \nAnna Roux\nDirectrice", "Merci !"),
        ("D'accord\n\nDe : Léa\nEnvoyé : lundi\nÀ : Anna\n", "D'accord"),
        ("On your side, what is missing?", "On your side, what is missing?"),
        ("> all quoted", "> all quoted"),
    ],
)
def test_only_the_new_words_of_an_answer_are_kept(text, words):
    assert words_alone(text) == words
