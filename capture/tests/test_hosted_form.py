"""The hosted form: a page in the visitor's language that needs no script and stores each honest post once."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from capture import limits
from capture.adapters import ADAPTERS
from capture.hosted_fields import TRAP
from capture.models import Form, Source, Submission
from capture.tests.posting import NOON, fresh_process, noon, source  # noqa: F401
from leadops import moment

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]
LATER = NOON + timedelta(seconds=30)
ANNA = {"email": "anna@tour.example", "name": "Anna Tour", "size": "big"}


@pytest.fixture
def contact(noon) -> Form:  # noqa: F811
    return Form.objects.create(
        slug="contact",
        source=source("form", adapter="hosted"),
        title={"fr": "Parlons-en", "en": "Let us talk"},
        thanks={"fr": "À bientôt", "en": "See you"},
        consent={"fr": "J’accepte", "en": "I agree"},
        fields=[
            {"name": "email", "required": True},
            {"name": "name"},
            {"name": "size", "label": {"fr": "Taille", "en": "Size"}, "choices": ["small", {"value": "big", "label": {"fr": "Grande"}}]},
        ],
    )  # fmt: skip


def page(query: str = "", at=NOON, **headers) -> tuple[str, dict[str, str]]:
    """The page's HTML and what its hidden inputs would post."""
    with moment.at(at):
        answer = Client().get(f"/f/contact{query}", **headers)
    assert answer.status_code == 200
    html = answer.content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    return html, {name: text.replace("&amp;", "&") for name, text in hidden.items()}


def post(body, at=LATER, **extra):
    with moment.at(at):
        return Client(enforce_csrf_checks=True).post("/f/contact", body, **extra)


def draft_of(kept: Submission):
    (draft,) = ADAPTERS["hosted"].read(kept, kept.source)
    return draft


def test_a_visitor_sends_the_form_and_is_thanked(contact):
    _html, hidden = page("?utm_source=news&utm_campaign=spring&gclid=G1&lang=en", HTTP_REFERER="https://blog.example/")
    answer = post({**hidden, **ANNA, "consent": "on"})
    assert (answer.status_code, answer["Location"]) == (303, "/f/contact/thanks?lang=en")
    kept = Submission.objects.get()
    assert (kept.end, kept.source.slug) == ("pending", "form")
    draft = draft_of(kept)
    assert (draft.email, draft.name, draft.language, draft.extra) == (
        "anna@tour.example",
        "Anna Tour",
        "en",
        {"size": "big"},
    )
    assert (draft.utm_source, draft.utm_campaign, draft.click_ids) == ("news", "spring", {"gclid": "G1"})
    assert draft.referrer == "https://blog.example/" and draft.landing_url.startswith("http://testserver/f/contact?")
    assert draft.consent == {"given": True, "text": "I agree", "language": "en"}


def test_a_double_click_is_one_submission_and_two_pages_are_two(contact):
    """C2, with a page's nonce."""
    _html, hidden = page()
    _html, other = page()
    assert [post({**hidden, **ANNA}).status_code for _ in range(3)] == [303] * 3
    assert Submission.objects.get().deliveries == 3
    assert post({**other, **ANNA}).status_code == 303
    assert Submission.objects.count() == 2


def test_what_is_missing_or_wrong_is_shown_with_what_was_typed(contact):
    _html, hidden = page("?lang=fr&utm_source=news")
    for email in ("", "not an address"):
        answer = post({**hidden, **ANNA, "email": email, "name": "<b>Anna"})
        html = answer.content.decode()
        assert answer.status_code == 422 and "&lt;b&gt;Anna" in html and 'role="alert"' in html
        assert hidden["nonce"] in html and 'value="news"' in html and "selected" in html
    assert not Submission.objects.exists()
    assert post({**hidden, **ANNA}).status_code == 303


def test_a_choice_that_is_not_offered_is_shown_again(contact):
    _html, hidden = page()
    assert post({**hidden, **ANNA, "size": "enormous"}).status_code == 422


@pytest.mark.parametrize(
    ("query", "accept", "language", "title", "thanks"),
    [
        ("", "fr-FR,fr;q=0.9", "fr", "Parlons-en", "À bientôt"),
        ("", "en-GB", "en", "Let us talk", "See you"),
        ("?lang=en", "fr", "en", "Let us talk", "See you"),
        ("?lang=xx", "fr", "fr", "Parlons-en", "À bientôt"),
    ],
)
def test_the_page_speaks_the_visitors_language(contact, query, accept, language, title, thanks):
    html, hidden = page(query, HTTP_ACCEPT_LANGUAGE=accept)
    assert f'<html lang="{language}"' in html and title in html and hidden["lang"] == language
    answer = post({**hidden, **ANNA}, HTTP_ACCEPT_LANGUAGE="en")
    assert thanks in Client().get(answer["Location"]).content.decode()


def test_the_page_works_without_script_and_carries_none(contact):
    html, _hidden = page()
    assert "<script" not in html and "style=" not in html and 'method="post"' in html
    assert re.search(r'<input type="email"[^>]* required', html)


@pytest.mark.parametrize(
    ("after", "change", "end", "reason"),
    [
        (timedelta(seconds=1), {}, "spam", "too-fast"),
        (timedelta(seconds=2), {}, "pending", ""),
        (timedelta(hours=24), {}, "pending", ""),
        (timedelta(hours=24, seconds=1), {}, "quarantined", "stale-form"),
        (timedelta(minutes=1), {TRAP: "buy"}, "spam", "honeypot"),
        (timedelta(minutes=1), {"nonce": "made up"}, "quarantined", "stale-form"),
        (timedelta(minutes=1), {"nonce": ""}, "quarantined", "stale-form"),
    ],
)
def test_what_looks_like_a_bot_is_kept_for_review_and_thanked_all_the_same(contact, after, change, end, reason):
    _html, hidden = page()
    assert post({**hidden, **ANNA, **change}, at=NOON + after).status_code == 303
    kept = Submission.objects.get()
    assert (kept.end, kept.reason, kept.ended_at is not None) == (end, reason, end != "pending")
    assert json.loads(bytes(kept.body))["fields"]["email"] == ANNA["email"]


def test_a_nonce_of_another_form_is_not_one_of_this(contact):
    _html, hidden = page()
    Form.objects.filter(pk=contact.pk).update(slug="other")
    with moment.at(LATER):
        Client().post("/f/other", {**hidden, **ANNA})
    assert Submission.objects.get().reason == "stale-form"


def test_beyond_its_share_an_address_is_set_aside_then_asked_to_wait(contact, monkeypatch):
    monkeypatch.setattr(limits, "FORM_PER_ADDRESS", limits.Limit(2, 60, share=False))
    monkeypatch.setattr(limits, "FLOOD_PER_ADDRESS", limits.Limit(3, 60, share=False))
    answers = [post({**page()[1], **ANNA}) for _ in range(6)]
    assert [a.status_code for a in answers] == [303] * 5 + [429] and int(answers[-1]["Retry-After"]) >= 1
    assert (
        list(Submission.objects.order_by("id").values_list("end", flat=True)) == ["pending"] * 2 + ["quarantined"] * 3
    )
    assert post({**page()[1], **ANNA}, REMOTE_ADDR="10.1.1.1").status_code == 303


def test_who_is_known_already_sees_the_same_as_everybody(contact):
    first, second = (post({**page()[1], **ANNA}) for _ in range(2))
    again = post({**page()[1], **ANNA, "email": "new@tour.example"})
    assert {(a.status_code, a["Location"], a.content) for a in (first, second, again)} == {
        (303, "/f/contact/thanks?lang=en", b"")
    }


@pytest.mark.parametrize("change", [{"active": False}, {"source__state": "ended"}])
def test_a_closed_form_is_gone(contact, change):
    if "active" in change:
        Form.objects.update(active=False)
    else:
        Source.objects.update(state="ended")
    assert Client().get("/f/contact").status_code == Client().post("/f/contact", ANNA).status_code == 404
    assert Client().get("/f/contact/thanks").status_code == 404


def test_the_page_is_not_kept_by_caches(contact):
    assert "no-store" in Client().get("/f/contact")["Cache-Control"]


def test_a_visitor_who_changes_the_language_keeps_the_campaign(contact):
    html, _hidden = page("?utm_source=news&lang=fr")
    link = re.search(r'href="([^"]*)" lang="en"', html).group(1).replace("&amp;", "&")
    _html, hidden = page(link, HTTP_REFERER="http://testserver/f/contact?lang=fr")
    assert (hidden["lang"], hidden["utm_source"]) == ("en", "news") and "referrer" not in hidden
