"""Hosted forms are edited in the admin by who may edit sources; sources and campaigns are looked at."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from capture.models import Form
from leadops.journal import JournalEntry, Kind
from leadops.models import User
from leadops.testing import PASSWORD, CampaignFactory, SourceFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.urls("capture.tests.desk_urls")]


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    assert client.login(username=user.email, password=PASSWORD)
    return client


@pytest.fixture
def ops() -> Client:
    return signed_in(member("Mona", "marketing_ops", language="en"))


@pytest.fixture
def contact() -> Form:
    size = {"name": "size", "kind": "long", "choices": [{"value": "s", "label": {"fr": "Petite", "en": "Small"}}, "l"]}
    return Form.objects.create(
        slug="contact",
        source=SourceFactory(slug="site", adapter="hosted"),
        title={"fr": "Nous écrire", "en": "Write to us"},
        fields=[{"name": "email", "required": True}, size],
    )


def typed(**more: Any) -> dict[str, Any]:
    return {
        "active": "on",
        "title_fr": "Parlez-nous",
        "title_en": "Talk to us",
        "consent_fr": "J’accepte",
        "consent_en": "",
        "field_lines": "email | required\nname | optional | Votre nom | Your name\nsize | optional | | | s; l; xl",
        **more,
    }


def test_marketing_ops_edits_the_words_and_questions_of_a_form(ops: Client, contact: Form) -> None:
    page = f"/admin/capture/form/{contact.pk}/change/"
    shown = ops.get(page).content.decode()
    assert "email | required" in shown and "size | optional |  |  | s; l" in shown and "Nous écrire" in shown
    answer = ops.post(page, typed())
    assert answer.status_code == 302, answer.context["errors"]
    contact.refresh_from_db()
    assert contact.title == {"fr": "Parlez-nous", "en": "Talk to us"}
    assert contact.consent == {"fr": "J’accepte"}
    assert contact.fields[1] == {"name": "name", "required": False, "label": {"fr": "Votre nom", "en": "Your name"}}
    kept = {"value": "s", "label": {"fr": "Petite", "en": "Small"}}
    assert contact.fields[2] == {"name": "size", "kind": "long", "required": False, "choices": [kept, "l", "xl"]}
    entry = JournalEntry.objects.get(kind=Kind.SETTING_CHANGED)
    assert (entry.data["what"], entry.data["key"]) == ("form", "contact")


@pytest.mark.parametrize("lines", ["name | required", "email\nemail", "email | perhaps", "not a name!", ""])
def test_questions_nobody_could_answer_are_refused_where_they_stand(ops: Client, contact: Form, lines: str) -> None:
    answer = ops.post(f"/admin/capture/form/{contact.pk}/change/", typed(field_lines=lines))
    assert answer.status_code == 200 and answer.context["errors"]
    contact.refresh_from_db()
    assert contact.fields[0] == {"name": "email", "required": True}


def test_each_text_of_a_form_has_a_box_per_language_with_its_name(ops: Client, contact: Form) -> None:
    page = ops.get(f"/admin/capture/form/{contact.pk}/change/").content.decode()
    for name in ("title", "intro", "thanks", "consent"):
        labels = re.findall(rf'<label for="id_{name}_\d">(\w+)</label>', page)
        assert labels == ["French", "English"], name


def test_a_new_form_takes_a_hosted_source_that_has_none(ops: Client, contact: Form) -> None:
    free = SourceFactory(slug="fair", adapter="hosted")
    assert ops.post("/admin/capture/form/add/", typed(slug="fair", source=str(contact.source_id))).status_code == 200
    assert ops.post("/admin/capture/form/add/", typed(slug="fair", source=str(free.pk))).status_code == 302
    assert Form.objects.get(slug="fair").source == free


def test_sources_and_campaigns_are_shown_and_not_changed_and_the_key_is_not_shown(ops: Client) -> None:
    source, campaign = SourceFactory(slug="site"), CampaignFactory()
    for path in (f"source/{source.pk}", f"campaign/{campaign.pk}"):
        page = ops.get(f"/admin/capture/{path}/change/")
        assert page.status_code == 200 and source.key not in page.content.decode()
        assert ops.post(f"/admin/capture/{path}/change/", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("role", ["executive", "rep"])
def test_nobody_else_sees_them(contact: Form, role: str) -> None:
    other = signed_in(member("Omar", role))
    assert other.get(f"/admin/capture/form/{contact.pk}/change/").status_code == 403
