"""The pages of nurture work from their forms alone, for whom the policy lets; what is refused keeps what was typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.core import mail
from django.test import Client, override_settings

from leadops import moment
from leadops.effects.models import Effect
from leadops.models import Role
from leadops.testing import LeadFactory, member, rep
from leadops.versions import drafting
from leadops.versions import services as versions
from nurture import defaults, pages
from nurture.models import Enrolment
from nurture.tests.running import MONDAY, enrolled, house, live, prospect

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def hugo(db) -> Client:
    house()
    return signed_in(member("Hugo", Role.MARKETING_OPS))


def test_a_sequence_is_made_edited_and_published_from_its_forms(hugo):
    made = hugo.post("/sequences/new", {"name_fr": "Relance", "name_en": "Chase"})
    assert made.status_code == 302 and made.url == "/sequences/chase"
    hugo.post("/sequences/chase/steps", {"do": "add:call"})
    hugo.post("/sequences/chase/steps", {"do": "add:mail", "text-fr-0": "Appeler", "text-en-0": "Call"})
    hugo.post("/sequences/chase/steps", {"template-1": "follow-up", "place-1": "0"})
    body = drafting.draft_of("sequence", "chase").body
    assert body["steps"] == [
        {"kind": "mail", "template": "follow-up"},
        {"kind": "call", "text": {"fr": "Appeler", "en": "Call"}},
    ]
    refused = hugo.post("/sequences/chase/publish", {"reason": ""})
    assert refused.status_code == 422 and "bad" in refused.content.decode()
    assert hugo.post("/sequences/chase/publish", {"reason": "first"}).status_code == 302
    assert versions.version_at("sequence", "chase", moment.now())
    assert "Relance" in hugo.get("/sequences").content.decode()


def test_steps_are_moved_and_removed_by_buttons(hugo):
    hugo.post("/sequences/unreached/draft")
    kinds = [step["kind"] for step in defaults.SEQUENCES["unreached"]["steps"]]
    hugo.post("/sequences/unreached/steps", {"do": "down:0"})
    hugo.post("/sequences/unreached/steps", {"do": "remove:4"})
    hugo.post("/sequences/unreached/steps", {"do": "remove:99"})
    found = [step["kind"] for step in drafting.draft_of("sequence", "unreached").body["steps"]]
    assert found == [kinds[1], kinds[0], *kinds[2:4]]


def settings(**change):
    return {
        "name_fr": "Au repos", "name_en": "Resting", "exits": ["stage"], "by": "condition", "calendar": "house",
        "opens": "08:30", "closes": "12:00", "entry-mode": "all", "entry-0-field": "stage", "entry-0-op": "eq",
        "entry-0-value": "recycled", **change,
    }  # fmt: skip


def test_settings_are_saved_with_the_condition_and_a_builder_button_saves_nothing(hugo):
    hugo.post("/sequences/unreached/draft")
    shown = hugo.post("/sequences/unreached/settings", settings(**{"entry-do": "add"}))
    assert shown.status_code == 200 and drafting.draft_of("sequence", "unreached").body["by"] == "hand"
    assert hugo.post("/sequences/unreached/settings", settings(_save="1")).status_code == 302
    body = drafting.draft_of("sequence", "unreached").body
    assert body["entry"] == {"all": [{"field": "stage", "op": "eq", "value": "recycled"}]}
    assert (body["by"], body["exits"], body["window"]["opens"]) == ("condition", ["stage"], "08:30")


def test_a_sequence_for_everybody_is_refused(hugo):
    hugo.post("/sequences/unreached/draft")
    empty = {name: value for name, value in settings(_save="1").items() if not name.startswith("entry-0")}
    hugo.post("/sequences/unreached/settings", empty)
    assert "entry" in [path for path, _m in versions.check(drafting.draft_of("sequence", "unreached"))]


def test_a_template_names_an_unknown_field_and_is_told_so_with_the_known_ones(hugo):
    hugo.post("/templates/follow-up/draft")
    typed = {
        "name_fr": "A", "name_en": "A", "subject_fr": "x", "subject_en": "x", "body_fr": "{{ settings.SECRET_KEY }}",
        "body_en": "Hi", "_save": "1",
    }  # fmt: skip
    hugo.post("/templates/follow-up/save", typed)
    answer = hugo.post("/templates/follow-up/publish", {"reason": "why"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "settings.SECRET_KEY" in text and "given_name" in text


def test_a_template_is_previewed_for_a_real_lead_in_both_languages_without_saving(hugo):
    lead = prospect("Anna Roux", company="Acme")
    hugo.post("/templates/follow-up/draft")
    typed = {
        "name_fr": "A", "name_en": "A", "subject_fr": "Pour {{ company }}", "subject_en": "For {{ company }}",
        "body_fr": "Bonjour {{ given_name }}", "body_en": "Hello {{ given_name }}", "lead": str(lead.pk),
    }  # fmt: skip
    text = hugo.post("/templates/follow-up/save", typed).content.decode()
    assert "Pour Acme" in text and "For Acme" in text and "Hello Anna" in text
    assert drafting.draft_of("template", "follow-up").body["subject"]["fr"] != "Pour {{ company }}"


def test_an_owner_starts_pauses_and_ends_a_sequence_from_the_lead_page():
    house()
    owner = rep("Léa")
    lead = prospect(owner=owner)
    lea = signed_in(owner.user)
    assert "panel-nurture" in lea.get(lead.get_absolute_url()).content.decode()
    seen = lea.get(f"/leads/{lead.pk}/sequence", {"sequence": "unreached"}).context["preview"]
    assert [step.kind for step in seen.steps] == ["mail", "mail", "call"] and not seen.why_not
    assert seen.steps[0].letter.subject and seen.steps[0].at < seen.steps[1].at < seen.steps[2].at
    assert not Enrolment.objects.filter(lead=lead).exists()
    assert lea.post(f"/leads/{lead.pk}/sequence", {"sequence": "unreached"}).status_code == 302
    row = Enrolment.objects.get()
    again = lea.post(f"/leads/{lead.pk}/sequence", {"sequence": "unreached"})
    assert again.status_code == 422
    for verb, state in (("pause", "paused"), ("resume", "active"), ("leave", "exited")):
        assert lea.post(f"/enrolments/{row.pk}/{verb}").status_code == 302
        row.refresh_from_db()
        assert row.state == state
    assert lea.post(f"/enrolments/{row.pk}/pause").status_code == 409


def test_another_rep_neither_sees_nor_touches_it_and_no_rep_edits_a_sequence():
    house()
    lead = prospect(owner=rep("Léa"))
    row = enrolled(lead)
    karim = signed_in(rep("Karim").user)
    assert karim.post(f"/enrolments/{row.pk}/leave").status_code == 404
    assert karim.post(f"/leads/{lead.pk}/sequence", {"sequence": "unreached"}).status_code == 404
    assert karim.post("/sequences/new", {"name_fr": "x", "name_en": "x"}).status_code == 403
    assert karim.get("/sequences/unreached").status_code == 200
    assert "Anna" not in karim.get("/sequences/unreached").content.decode()


def test_an_executive_sees_initials_only():
    house()
    enrolled(prospect("Anna Roux"))
    paul = signed_in(member("Paul", Role.EXECUTIVE, language="en"))
    text = paul.get("/sequences/unreached").content.decode()
    assert "Anna" not in text and ">AR<" in text


@override_settings(MODE="demo", EMAIL_BACKEND="leadops.effects.mailbox.Mailbox")
def test_the_demos_mailbox_shows_what_would_have_left_and_nothing_leaves(hugo):
    enrolled(prospect("Anna Roux", email="anna@roux.example"))
    live(MONDAY)
    assert mail.outbox == []
    text = hugo.get("/mailbox").content.decode()
    assert "anna@roux.example" in text
    assert "anna@roux.example" in hugo.get("/mailbox?to=prospects").content.decode()
    assert "anna@roux.example" not in hugo.get("/mailbox?to=colleagues").content.decode()
    Effect.objects.update(state=Effect.State.PLANNED, due_at=datetime(2026, 3, 5, 8, tzinfo=UTC))
    text = hugo.get("/mailbox").content.decode()
    assert "la prochaine le" in text and "5\xa0mars\xa02026 à\xa009:00</time>" in text
    link = text.partition('href="/mailbox/')[2].partition('"')[0]
    assert "Bonjour Anna" in hugo.get(f"/mailbox/{link}").content.decode()


def test_outside_the_demo_there_is_no_mailbox(hugo):
    assert hugo.get("/mailbox").status_code == 404


def test_pages_need_few_statements_however_many_are_in_a_sequence(hugo, django_assert_max_num_queries):
    for n in range(12):
        enrolled(prospect(f"Anna Nr{n}"))
    LeadFactory.create_batch(5)
    for path, most in (("/sequences", 14), ("/sequences/unreached", 24), ("/templates/follow-up", 22)):
        hugo.get(path)
        with django_assert_max_num_queries(most):
            assert hugo.get(path).status_code == 200


def test_everybody_in_a_sequence_is_reached_page_by_page_and_why_they_left_is_counted(hugo, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 5)
    made = [enrolled(prospect(f"Anna Nr{n}")) for n in range(12)]
    Enrolment.objects.filter(pk__in=[row.pk for row in made[:3]]).update(state="exited", reason="stage", next_at=None)
    Enrolment.objects.filter(pk=made[3].pk).update(state="exited", reason="replied", next_at=None)
    seen, path = [], "/sequences/unreached"
    while path:
        page = hugo.get(path).content.decode()
        seen += re.findall(r">(Anna Nr\d+)</a>", page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/sequences/unreached{unescape(more[1])}" if more else ""
    assert seen == [f"Anna Nr{n}" for n in reversed(range(12))]
    left = hugo.get("/sequences/unreached?state=exited").content.decode()
    assert re.findall(r"· (\d)</span>", left) == ["3", "1"] and "· 3</span>" not in page
    assert hugo.get("/sequences/unreached?after=nonsense").content.decode().count("Anna Nr") == 5


@pytest.mark.parametrize("path", ["/sequences", "/templates", "/sequences/unreached"])
def test_who_is_not_signed_in_is_asked_to(path):
    answer = Client().get(path)
    assert answer.status_code == 302 and "sign-in" in answer.url
