"""Marketing ops, with that role only, changes the framework of questions in the admin, and what sales needs for an SQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from leadops.models import Role, User
from leadops.testing import PASSWORD, member, put_in_force
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification.defaults import FRAMEWORK
from qualification.framework_form import FrameworkForm
from qualification.tests.conftest import NOW

LIST = "/admin/qualification/frameworkversion/"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    assert client.login(username=user.email, password=PASSWORD)
    return client


@pytest.fixture
def bant() -> Version:
    return put_in_force("framework", "house", FRAMEWORK)


def typed(body: dict[str, Any], **changed: str) -> dict[str, str]:
    """What a browser posts for this framework, left as it is but for `changed`."""
    form = FrameworkForm(body=body)
    found: dict[str, str] = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if value is not None and value is not False and value != "":
            found[name] = "on" if value is True else str(value)
    return {name: value for name, value in {**found, **changed}.items() if value}


def in_force() -> Version | None:
    return versions.version_at("framework", "house", NOW)


def test_what_is_shown_and_posted_back_is_the_same_framework() -> None:
    form = FrameworkForm(typed(FRAMEWORK), body=FRAMEWORK)
    assert form.is_valid(), form.errors
    assert form.body(FRAMEWORK) == FRAMEWORK


def test_marketing_ops_makes_a_question_needed_adds_one_and_publishes(bant: Version, hugo: User) -> None:
    client = signed_in(hugo)
    page = client.get(f"{LIST}add/").content.decode()
    assert "Authority" in page and "A new question" in page
    new = {
        "q4_fr": "Concurrent en place", "q4_en": "Competitor in place", "q4_weight": "10",
        "q4_a0_fr": "Aucun", "q4_a0_en": "None", "q4_a0_worth": "100",
        "q4_a1_fr": "Sous contrat", "q4_a1_en": "Under contract", "q4_a1_worth": "20",
    }  # fmt: skip
    sent = typed(
        FRAMEWORK, q0_needed="on", q3_fr="", q3_en="", minimum="60", reason="Budget first", _publish="1", **new
    )
    answer = client.post(f"{LIST}add/", sent, follow=True)
    assert "Version 2 is in force." in answer.content.decode()
    held = in_force()
    assert held is not None and (held.number, held.reason, held.body["minimum"]) == (2, "Budget first", 60)
    questions = held.body["questions"]
    assert [q["key"] for q in questions] == ["budget", "authority", "need", "competitor_in_place"]
    assert [q["needed"] for q in questions] == [True, False, True, False]
    assert [a["key"] for a in questions[3]["answers"]] == ["none", "under_contract"]
    assert questions[0]["answers"] == FRAMEWORK["questions"][0]["answers"]


def test_a_draft_with_faults_is_kept_named_and_not_published(bant: Version, hugo: User) -> None:
    client = signed_in(hugo)
    sent = typed(FRAMEWORK, q0_a1_fr="", q0_a1_en="", q0_a2_fr="", q0_a2_en="", q1_en="")
    kept = client.post(f"{LIST}add/", {**sent, "_save": "1"}, follow=True).content.decode()
    assert "A question has from 2 to 6 answers" in kept
    draft = Version.objects.get(kind="framework", state="draft")
    answer = client.post(f"{LIST}{draft.pk}/change/", {**typed(draft.body), "_publish": "1", "reason": "Try"})
    assert answer.status_code == 422 and in_force() == bant
    refused = client.post(f"{LIST}{draft.pk}/change/", {**typed(draft.body, minimum="101"), "_save": "1"})
    assert refused.status_code == 422


def test_a_version_is_read_and_put_in_force_again(bant: Version, hugo: User) -> None:
    client = signed_in(hugo)
    client.post(f"{LIST}add/", typed(FRAMEWORK, minimum="70", reason="Stricter", _publish="1"))
    first = client.get(f"{LIST}{bant.pk}/change/").content.decode()
    assert "Decides — 100" in first
    client.post(f"{LIST}{bant.pk}/change/", {"_roll_back": "1", "reason": "Too strict"})
    assert in_force() == bant


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.EXECUTIVE])
def test_nobody_else_gets_in(bant: Version, role: str) -> None:
    client = signed_in(member("Someone", role, "paris" if role == Role.REP else None))
    assert client.get(f"{LIST}add/").status_code in (302, 403, 404)
    assert client.post(f"{LIST}add/", typed(FRAMEWORK, minimum="1", reason="x", _publish="1")).status_code in (
        302,
        403,
        404,
    )
    assert in_force() == bant


@pytest.mark.parametrize("role", [Role.MARKETING_OPS, Role.REP])
def test_the_qualification_page_leads_there_who_may(bant: Version, role: str) -> None:
    page = signed_in(member("Someone", role, "paris" if role == Role.REP else None)).get("/qualification")
    assert (LIST in page.content.decode()) is (role == Role.MARKETING_OPS)
