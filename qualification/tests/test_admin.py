"""Marketing ops, with that role only, edits and publishes the criteria in the admin; nobody else does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from leadops.journal import JournalEntry, Kind
from leadops.models import Role, User
from leadops.testing import PASSWORD, member
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import defaults
from qualification.tests.conftest import NOW, SMALL_CARD, captured, hot_lead, one

LIST = "/admin/qualification/mqldefinition/"
ADD = f"{LIST}add/"
CARDS = "/admin/qualification/scorecard/"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    assert client.login(username=user.email, password=PASSWORD)
    return client


@pytest.fixture
def client(hugo: User) -> Client:
    return signed_in(hugo)


def typed(value: str = "50", field: str = "score", op: str = "gte", **more: str) -> dict[str, str]:
    """The builder's inputs for one comparison, as a browser without JavaScript posts them."""
    row = {"when-mode": "all", "when-0-field": field, "when-0-op": op, "when-0-value": value}
    return {**row, "scorecard": "house@1", "cooldown_days": "30", "note": "", "reason": "", **more}


def in_force(kind: str = "mql") -> Version | None:
    return versions.version_at(kind, "house", NOW)


def test_the_form_opens_with_the_definition_in_force_its_sentence_and_the_count(
    client: Client, definition: Any
) -> None:
    hot_lead()
    page = client.get(ADD).content.decode()
    assert "The score is 40 or more" in page
    assert "<strong>1</strong> of 1 open leads matches." in page


def test_preview_without_javascript_counts_and_saves_nothing(client: Client, definition: Any) -> None:
    hot_lead(), hot_lead(hand_raiser=False)
    answer = client.post(ADD, typed("20", _preview="1"))
    assert answer.status_code == 200
    counts = answer.context["preview"].counts
    assert (counts.now, counts.enter, counts.leave) == (2, 1, 0)
    assert Version.objects.filter(kind="mql").count() == 1


def test_the_live_count_comes_with_the_builder(client: Client, definition: Any) -> None:
    hot_lead()
    answer = client.post(f"{LIST}preview/", typed("99", **{"when-do": "refresh"})).content.decode()
    assert "The score is 99 or more" in answer
    assert 'hx-swap-oob="true"' in answer
    assert "<strong>1</strong> leaves, against the version in force." in answer


def test_a_draft_is_saved_and_changes_nothing(client: Client, definition: Version) -> None:
    answer = client.post(ADD, typed("70", _save="1"))
    made = Version.objects.get(kind="mql", number=2)
    assert answer["Location"] == f"{LIST}{made.pk}/change/"
    assert (made.state, made.body["when"]["all"][0]["value"]) == ("draft", 70)
    assert in_force() == definition


def test_publishing_needs_a_reason_in_place(client: Client, definition: Version) -> None:
    answer = client.post(ADD, typed("70", _publish="1"))
    assert answer.status_code == 422
    assert "reason is needed" in answer.content.decode()
    assert 'value="70"' in answer.content.decode()
    assert Version.objects.filter(kind="mql").count() == 1


def test_marketing_ops_publishes_what_then_decides(client: Client, definition: Version, hugo: User) -> None:
    answer = client.post(ADD, typed("99", _publish="1", reason="Too many weak leads"), follow=True)
    assert "Version 2 is in force." in answer.content.decode()
    held = in_force()
    assert held is not None
    assert (held.number, held.author_id, held.reason) == (2, hugo.pk, "Too many weak leads")
    entry = JournalEntry.objects.get(kind=Kind.VERSION_PUBLISHED, actor=hugo)
    assert entry.data == {"kind": "mql", "key": "house", "number": 2}
    (lead,) = captured([hot_lead()])
    lead.refresh_from_db()
    assert lead.stage == "new"


def test_a_draft_is_edited_then_published_from_its_own_page(client: Client, definition: Version) -> None:
    client.post(ADD, typed("70", _save="1"))
    made = Version.objects.get(kind="mql", number=2)
    url = f"{LIST}{made.pk}/change/"
    assert 'value="70"' in client.get(url).content.decode()
    client.post(url, typed("80", _publish="1", reason="why not"))
    held = in_force()
    assert held is not None and held.pk == made.pk
    assert held.body["when"]["all"][0]["value"] == 80


@pytest.mark.parametrize(
    "bad",
    [typed("", _publish="1", reason="x"), typed("50", _publish="1", reason="x", scorecard="")],
    ids=["no value", "score without its scorecard"],
)
def test_a_faulty_definition_is_shown_where_it_is_wrong(
    client: Client, definition: Version, bad: dict[str, str]
) -> None:
    answer = client.post(ADD, bad)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert in_force() == definition


def test_a_builder_button_never_saves(client: Client, definition: Version) -> None:
    answer = client.post(ADD, typed("70", **{"when-do": "add-row:"}, _save="1", reason="x"))
    assert answer.status_code == 422
    assert Version.objects.filter(kind="mql").count() == 1


def test_an_older_version_is_put_in_force_again_with_a_reason(client: Client, definition: Version) -> None:
    client.post(ADD, typed("99", _publish="1", reason="stricter"))
    url = f"{LIST}{definition.pk}/change/"
    assert client.post(url, {"_roll_back": "1", "reason": ""}).status_code == 422
    client.post(url, {"_roll_back": "1", "reason": "back"})
    assert in_force() == definition


def test_the_history_names_author_and_reason(client: Client, definition: Version) -> None:
    client.post(ADD, typed("99", _publish="1", reason="stricter rule"))
    for url in (LIST, ADD):
        page = client.get(url).content.decode()
        assert "stricter rule" in page and "Hugo" in page


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.EXECUTIVE])
def test_other_roles_do_not_enter(definition: Version, role: str) -> None:
    other = signed_in(member("Other", role, "paris"))
    for answer in (
        other.get(LIST),
        other.get(ADD),
        other.post(ADD, typed("1", _publish="1", reason="mine")),
        other.post(f"{LIST}preview/", typed("1")),
        other.post(f"{LIST}{definition.pk}/change/", {"_roll_back": "1", "reason": "x"}),
    ):
        assert answer.status_code in (302, 403, 404)
    assert in_force() == definition


@pytest.mark.parametrize("base", [LIST, CARDS])
def test_nothing_is_deleted(client: Client, definition: Version, base: str) -> None:
    version = in_force("mql" if base == LIST else "scorecard")
    assert version is not None
    assert client.post(f"{base}{version.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Version.objects.filter(pk=version.pk).exists()


def test_a_form_from_another_site_is_refused(hugo: User, definition: Version) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(hugo)
    assert strict.post(ADD, typed("1", _publish="1", reason="x")).status_code == 403


def test_the_pages_carry_no_inline_script_or_style(client: Client, definition: Version) -> None:
    made = versions_draft(client)
    for url in (ADD, f"{CARDS}{made.pk}/change/", f"{CARDS}{made.pk}/change/?line=big"):
        page = client.get(url).content.decode()
        assert " style=" not in page and " onclick=" not in page
        assert "<script>" not in page


# -- the scorecard ------------------------------------------------------------------------------------


def versions_draft(client: Client) -> Version:
    client.post(f"{CARDS}add/")
    return Version.objects.filter(kind="scorecard", state="draft").latest("number")


def line_typed(**more: str) -> dict[str, str]:
    row = {"when-mode": "all", "when-0-field": "country", "when-0-op": "eq", "when-0-value": "BE"}
    return {"place": "fit", "label_fr": "Belgique", "label_en": "Belgium", "points": "7", **row, **more}


def test_a_scorecard_draft_starts_from_the_one_in_force(client: Client, definition: Version) -> None:
    assert versions_draft(client).body == SMALL_CARD


def test_a_line_is_added_changed_moved_and_removed(client: Client, definition: Version) -> None:
    made = versions_draft(client)
    url = f"{CARDS}{made.pk}/change/"

    def lines(group: int) -> list[tuple[str, int]]:
        made.refresh_from_db()
        return [(line["key"], line["points"]) for line in made.body["groups"][group]["lines"]]

    assert client.post(f"{url}?line=new", line_typed(_line="1")).status_code == 302
    assert lines(0) == [("big", 20), ("near", 15), ("belgium", 7)]
    client.post(f"{url}?line=belgium", line_typed(_line="1", points="9"))
    assert lines(0)[-1] == ("belgium", 9)
    client.post(f"{url}?line=belgium", line_typed(_line="1", place="engagement"))
    assert (lines(0), lines(1)[-1]) == ([("big", 20), ("near", 15)], ("belgium", 7))
    client.post(f"{url}?line=belgium", {"_remove": "1"})
    assert lines(1) == [("asks", 25)]


def test_points_on_the_wrong_side_of_zero_are_refused_in_place(client: Client, definition: Version) -> None:
    made = versions_draft(client)
    answer = client.post(f"{CARDS}{made.pk}/change/?line=new", line_typed(_line="1", points="-7"))
    assert answer.status_code == 422
    assert "points" in answer.context["form"].errors


def test_caps_are_changed_and_the_scorecard_published(client: Client, definition: Version) -> None:
    hot_lead()
    made = versions_draft(client)
    url = f"{CARDS}{made.pk}/change/"
    page = client.get(url)
    assert [row["after"] for row in page.context["preview"]] == [1, 0, 0]
    values = {
        name: str(field.initial if field.initial is not None else "")
        for name, field in page.context["form"].fields.items()
    }
    assert client.post(url, values | {"_publish": "1", "reason": ""}).status_code == 422
    client.post(url, values | {"_publish": "1", "reason": "narrower", "cap_fit": "10"})
    held = in_force("scorecard")
    assert held is not None
    assert (held.pk, held.body["groups"][0]["cap"], held.body["bands"]) == (made.pk, 10, SMALL_CARD["bands"])
    assert in_force() == definition


def acts_typed(**more: str) -> dict[str, Any]:
    row = {"place": "engagement", "label_fr": "Livres blancs", "label_en": "White papers", "points": "20"}
    return {
        **row,
        "kinds": ["download"],
        "most": "2",
        "days": "60",
        "decay": "halves",
        "half_life_days": "14",
        "campaign": "spring, autumn",
        **more,
    }


def test_a_behaviour_line_is_added_changed_and_read_back_in_words(client: Client, definition: Version) -> None:
    made = versions_draft(client)
    url = f"{CARDS}{made.pk}/change/"
    assert client.get(f"{url}?line=new-behaviour").status_code == 200
    assert client.post(f"{url}?line=new-behaviour", acts_typed(_line="1")).status_code == 302
    made.refresh_from_db()
    line = made.body["groups"][1]["lines"][-1]
    assert line["touch"] == {
        "kinds": ["download"], "days": 60, "most": 2, "decay": "halves", "half_life_days": 14,
        "campaign": ["spring", "autumn"],
    }  # fmt: skip
    page = client.get(f"{url}?line=white_papers").content.decode()
    assert 'value="spring, autumn"' in page and 'value="60"' in page
    client.post(f"{url}?line=white_papers", acts_typed(_line="1", decay="linear", points="7", campaign=""))
    made.refresh_from_db()
    assert made.body["groups"][1]["lines"][-1]["touch"] == {
        "kinds": ["download"],
        "days": 60,
        "most": 2,
        "decay": "linear",
    }
    assert "Download, at most 2 within 60 days · falling evenly to zero" in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"points": "-5"}, "points"),
        ({"half_life_days": ""}, "half_life_days"),
        ({"days": "400"}, "days"),
        ({"kinds": "x"}, "kinds"),
    ],
)
def test_a_behaviour_line_is_refused_in_place(
    client: Client, definition: Version, wrong: dict[str, str], field: str
) -> None:
    made = versions_draft(client)
    answer = client.post(f"{CARDS}{made.pk}/change/?line=new-behaviour", acts_typed(_line="1", **wrong))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_a_draft_card_says_who_would_become_mql_and_who_would_not(client: Client, definition: Version) -> None:
    hot_lead(), hot_lead(hand_raiser=False)
    made = versions_draft(client)
    url = f"{CARDS}{made.pk}/change/"
    page = client.get(url)
    values = {name: str(f.initial if f.initial is not None else "") for name, f in page.context["form"].fields.items()}
    assert (page.context["gate"].enter, page.context["gate"].leave) == (0, 0)
    seen = client.post(
        url, values | {"_preview": "1", "cap_engagement": "5", "levels_1": "4", "levels_2": "2", "levels_3": "0"}
    )
    assert (seen.status_code, seen.context["gate"].enter, seen.context["gate"].leave) == (200, 0, 1)
    made.refresh_from_db()
    assert made.body == SMALL_CARD  # a preview keeps nothing


def test_bands_must_descend(client: Client, definition: Version) -> None:
    made = versions_draft(client)
    url = f"{CARDS}{made.pk}/change/"
    fields = client.get(url).context["form"].fields
    values = {name: str(field.initial if field.initial is not None else "") for name, field in fields.items()}
    answer = client.post(url, values | {"_publish": "1", "reason": "x", "bands_warm": "90"})
    assert answer.status_code == 422
    assert "lower than the one above" in answer.content.decode()


def test_the_shipped_definition_opens_in_the_builder(client: Client, shipped: Any) -> None:
    page = client.get(ADD)
    assert page.status_code == 200
    assert page.context["preview"] is not None


def test_a_house_without_any_version_can_start(client: Client) -> None:
    assert client.get(ADD).status_code == 200
    made = versions_draft(client)
    assert client.get(f"{CARDS}{made.pk}/change/").status_code == 200


# -- reference data ------------------------------------------------------------------------------------


@pytest.fixture
def ines() -> Client:
    return signed_in(member("Ines", Role.REVENUE_OPS, language="en"))


@pytest.mark.parametrize("table", ["team", "reason", "status", "attributedef", "rep", "repterms", "user", "membership"])
def test_reference_data_is_for_revenue_ops(ines: Client, client: Client, table: str) -> None:
    assert ines.get(f"/admin/leadops/{table}/").status_code == 200
    assert client.get(f"/admin/leadops/{table}/").status_code == 403


def test_a_reason_is_renamed_in_both_languages_and_its_key_stays(ines: Client) -> None:
    from leadops.models import Reason

    row = Reason.objects.get(use="lost", key="price")
    url = f"/admin/leadops/reason/{row.pk}/change/"
    answer = ines.post(
        url, {"key": "other", "label_fr": "Trop cher", "label_en": "Too dear", "position": 0, "active": "on"}
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.key, row.labels) == ("price", {"fr": "Trop cher", "en": "Too dear"})
    assert JournalEntry.objects.get(kind=Kind.SETTING_CHANGED).data["table"] == "reason"


def test_an_attribute_of_choices_needs_them(ines: Client) -> None:
    from leadops.models import AttributeDef

    values = {"owner": "lead", "key": "size", "kind": "choice", "label_fr": "Taille", "label_en": "Size"}
    assert ines.post("/admin/leadops/attributedef/add/", values).status_code == 200
    ines.post("/admin/leadops/attributedef/add/", values | {"choice_lines": "s | Petite | Small\nl | Grande | Large"})
    row = AttributeDef.objects.get(key="size")
    assert row.choices[1] == {"code": "l", "labels": {"fr": "Grande", "en": "Large"}}


def test_no_queue_table_is_in_the_admin() -> None:
    names = {model._meta.label for model in admin.site._registry}
    assert not any(name.startswith(("django_q.", "sessions.", "auth.")) for name in names)


def test_the_shipped_bodies_are_not_changed_by_editing(client: Client, shipped: Any) -> None:
    before = copy.deepcopy(defaults.SCORECARD)
    made = versions_draft(client)
    client.post(f"{CARDS}{made.pk}/change/?line=new", line_typed(_line="1"))
    assert before == defaults.SCORECARD
    assert one("score", "gte", 1)
