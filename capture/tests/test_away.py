"""The day somebody is back, read from an automatic answer in both languages, and told to whoever writes to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.adapters.away import FARTHEST, back_on
from capture.tests.test_replies import letter, mail, received  # noqa: F401  the letter is a fixture
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, PersonEmail, Touch

WEDNESDAY = date(2026, 6, 10)
SAID = {
    "Bonjour, je suis absent du 8 au 19 juin inclus.": "06-20",
    "Je suis absente du bureau jusqu’au 22/06/2026.": "06-23",
    "Je suis en congés du lundi 8 juin au mercredi 17 juin 2026": "06-18",
    "Absent jusqu'au vendredi 12 juin, pour toute urgence écrire à compta@x.fr": "06-13",
    "De retour le lundi 15 juin.": "06-15",
    "Je serai de retour au bureau le 1er juillet 2026": "07-01",
    "Mon retour est prévu le 3 août.": "08-03",
    "À nouveau joignable à partir du 16 juin": "06-16",
    "Je reviens lundi": "06-15",
    "I am out of office until Monday, June 15th.": "06-16",
    "On leave from June 8 to June 26, 2026": "06-27",
    "Away through 2026-06-30": "07-01",
    "I'm away and will be back on 12 June 2026": "06-12",
    "Back in the office on June 22": "06-22",
    "I will be returning on Monday 15th of June": "06-15",
    "I am out of the office returning Thursday, 18 June.": "06-18",
    "I will return to the office on 7/1": "07-01",
    "OOO: back July 6": "07-06",
    "Back tomorrow": "06-11",
}
NOTHING = [
    "Thanks for your mail. Our offices are open until 6 pm.",
    "Nous avons bien reçu votre message et vous répondrons au plus vite.",
    "I was back on June 1",
    "We are back in stock!",
    "Je serai de retour le 31 février",
    "back on 99/99",
    "jusqu'au bout",
    "",
]


@pytest.mark.parametrize("text", SAID)
def test_the_day_of_return_is_read_in_both_languages(text):
    assert back_on("Automatic reply: hello", text, WEDNESDAY) == date.fromisoformat(f"2026-{SAID[text]}")


@pytest.mark.parametrize("text", NOTHING)
def test_words_that_name_no_day_of_return_name_none(text):
    assert back_on("Réponse automatique", text, WEDNESDAY) is None


def test_the_subject_counts_too_and_of_two_readings_the_later_holds():
    assert back_on("Absence : de retour le 15 juin", "Merci.", WEDNESDAY) == date(2026, 6, 15)
    assert back_on("", "I will be back on 11/12", date(2026, 11, 1)) == date(2026, 12, 11)
    assert back_on("", "back on January 4", date(2026, 12, 20)) == date(2027, 1, 4)


WORDS = ["back", "de retour", "until", "jusqu'au", "du", "au", "on", "le", "june", "juin", "lundi", "5", "31", "13/06", "2026-02-30",
         "99.99.99", "1er", "\u0661", "İ", "\n"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_whatever_is_written_the_day_lies_ahead_and_within_a_year(text, sent):
    found = back_on("", text, sent)
    assert found is None or sent < found <= sent + FARTHEST + timedelta(days=1)


def away(**headers: str) -> bytes:
    told = {"Auto_Submitted": "auto-replied", "Date": "Wed, 10 Jun 2026 09:00:00 +0200", **headers}
    return mail("Je suis absente, de retour le 22 juin 2026.", **told)


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["letter", "address"])
def test_it_is_told_with_the_lead_and_stays_a_mail_nobody_wrote(letter, by):  # noqa: F811
    headers = {"In_Reply_To": f"<{letter.pk}@leadops>"} if by == "letter" else {}
    sender = "other@roux.example" if by == "letter" else "anna@roux.example"
    if by == "address":
        PersonEmail.objects.get_or_create(
            folded=sender, defaults={"person": letter.person, "email": sender, "created_at": letter.created_at}
        )
    row = received(away(sender=sender, **headers))
    assert (row.end, row.reason, row.lead_id) == ("spam", "automatic", None)
    entry = JournalEntry.objects.get(kind=Kind.AWAY)
    assert (entry.lead_id, entry.person_id) == (letter.lead_id, letter.person_id)
    assert entry.data == {"until": "2026-06-22", "submission": str(row.pk)}
    assert not Touch.objects.exists() and Lead.objects.count() == 1


@pytest.mark.django_db
def test_a_stranger_or_a_human_who_names_a_day_is_away_from_nothing(letter):  # noqa: F811
    received(away(sender="stranger@elsewhere.example"))
    received(mail("Je suis absente, de retour le 22 juin 2026.", In_Reply_To=f"<{letter.pk}@leadops>"))
    assert not JournalEntry.objects.filter(kind=Kind.AWAY).exists()


@pytest.mark.real
def test_no_real_mail_that_is_no_absence_names_a_day(real_data):
    """None of the stored messages is an out-of-office answer: whatever they say, nothing is read as one."""
    texts = [p for p in (real_data / "payloads" / "inbound_raw_eml").rglob("*") if p.is_file()]
    found = {}
    for path in texts:
        day = back_on("", path.read_text(errors="replace"), datetime(2026, 6, 10).date())
        if day:
            found[path.name] = day
    assert len(texts) > 120 and found == {}
