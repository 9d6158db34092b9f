"""The bell: what is new is said once, in the reader's language, and only to whom it is addressed."""

from __future__ import annotations

import uuid

import pytest
from django.utils import translation

from leadops.desk import notices, selectors
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.effects.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_opening_the_page_marks_what_was_unseen_and_says_it_is_new(desk: Desk) -> None:
    desk.lead("Anna Roux")
    client, actor = client_of(desk.lea.user, "en"), desk.lea.user
    assert Notice.objects.filter(user=actor, seen_at=None).exists()
    first = client.get("/notices").content.decode()
    assert "New lead for you: Anna Roux" in first and 'class="badge info"' in first
    assert not Notice.objects.filter(user=actor, seen_at=None).exists()
    assert 'class="badge info"' not in client.get("/notices").content.decode()


def test_the_bell_of_another_stays_untouched(desk: Desk) -> None:
    desk.lead("Anna Roux")
    text = client_of(desk.karim.user, "en").get("/notices").content.decode()
    assert "Anna Roux" not in text and "No news" in text
    assert Notice.objects.filter(user=desk.lea.user, seen_at=None).exists()


def test_a_prefetched_page_marks_nothing(desk: Desk) -> None:
    desk.lead()
    client_of(desk.lea.user).head("/notices")
    assert Notice.objects.filter(user=desk.lea.user, seen_at=None).exists()


@pytest.mark.parametrize(
    ("kind", "french"),
    [
        ("lead_assigned", "Nouveau lead pour vous\u00a0: Anna"),
        ("lead_taken_away", "Un lead vous a été retiré\u00a0: Anna"),
        ("sla_breach", "Première tentative\u00a0: délai dépassé pour Anna (…)"),
        ("leads_held", "Des leads attendent un responsable\u00a0: tout le monde est au complet"),
        ("never heard of", "Du nouveau sur Anna"),
    ],
)
def test_every_kind_of_news_has_its_french_sentence(kind: str, french: str) -> None:
    with translation.override("fr"):
        said = notices.sentence(kind, {"kind": "first_attempt", "reason": "no_capacity"}, "Anna")
    assert said == french.replace("(…)", "()")


def test_a_group_that_entered_leads_to_its_page(desk: Desk) -> None:
    group = uuid.uuid4()
    data = {"count": 3, "bad": 1, "group": str(group)}
    line = notices.line_of(Notice(kind="group_enrolled", data=data))
    assert (line.url, line.icon) == (f"/enrolments/groups/{group}", "workflow")


def test_one_and_several_clocks_agree_in_number() -> None:
    with translation.override("fr"):
        one, two = (notices.sentence("sla_digest", {"count": n}, "") for n in (1, 2))
    assert one.startswith("1 délai dépassé ") and two.startswith("2 délais dépassés ")


def test_the_badge_counts_what_is_unseen(desk: Desk) -> None:
    desk.lead("A"), desk.lead("B")
    client = client_of(desk.lea.user)
    assert client.get("/leads").context["notices_count"] == 2
    client.get("/notices")
    assert client.get("/leads").context["notices_count"] == 0
    assert selectors.MOST == 100
