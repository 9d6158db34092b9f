"""SLA policies are changed on screen: a draft of one's own, its order, its clocks and steps; tried, published, proposed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadops import moment
from leadops.access import actor_of
from leadops.models import Role, User
from leadops.testing import ALWAYS_OPEN, LeadFactory, member, put_in_force
from leadops.versions.models import Version
from leadops.versions.services import version_at
from routing.sla import editing
from routing.sla.forms import PolicyForm
from routing.sla.policy import DEFAULT, check
from routing.sla.trying import taken

pytestmark = pytest.mark.django_db


def signed_in(role: str, team: str | None = None, name: str = "Rita") -> Client:
    client = Client()
    client.force_login(member(name, role, team, language="en"))
    return client


@pytest.fixture
def live(db: None) -> Version:
    put_in_force("calendar", "house", ALWAYS_OPEN)
    put_in_force("sla", "house", DEFAULT)
    found = version_at("sla", "house", moment.now())
    assert found is not None
    return found


def sent(policy: dict[str, Any], **changed: str) -> dict[str, str]:
    """What a browser posts for this policy, left as it is but for `changed`."""
    form = PolicyForm(policy=policy)
    found: dict[str, str] = {}
    for name, field in form.fields.items():
        if name != "when" and (value := form.get_initial_for_field(field, name)) not in (None, False, ""):
            found[name] = "on" if value is True else str(value)
    found |= {"when-mode": "all", "when-0-field": "hand_raiser", "when-0-op": "is_true"}
    return {name: value for name, value in {**found, **changed}.items() if value}


def policy(key: str) -> dict[str, Any]:
    return deepcopy(next(p for p in DEFAULT["policies"] if p["key"] == key))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["hand-raiser", "mql", "other"])
def test_a_policy_shown_and_posted_back_is_the_same_policy(live: Version, key: str) -> None:
    before = policy(key)
    form = PolicyForm(sent(before), policy=before)
    assert form.is_valid(), form.errors
    after = form.changed()
    assert after["label"] == before["label"]
    for was, now in zip(before["clocks"], after["clocks"], strict=True):
        assert {k: v for k, v in now.items() if k != "most"} == was


def test_a_long_ladder_keeps_all_its_steps_and_has_room_for_more(live: Version) -> None:
    before = policy("hand-raiser")
    before["clocks"][0]["ladder"] = [{"at": n * 10, "do": "remind"} for n in range(1, 10)]
    more = sent(before, first_attempt_10_at="300", first_attempt_10_do="escalate", first_attempt_10_on="on")
    form = PolicyForm(more, policy=before)
    assert form.is_valid(), form.errors
    wanted = [*before["clocks"][0]["ladder"], {"at": 300, "do": "escalate"}]
    assert form.changed()["clocks"][0]["ladder"] == wanted
    elsewhere = PolicyForm(more, policy=policy("hand-raiser"))  # shortened in another window meanwhile
    assert elsewhere.is_valid() and elsewhere.changed()["clocks"][0]["ladder"] == wanted


def test_revenue_ops_change_a_target_and_a_step_and_publish_with_a_reason(live: Version) -> None:
    client = signed_in(Role.REVENUE_OPS)
    assert client.post("/sla/draft/start")["Location"] == "/sla/draft"
    typed = sent(
        policy("hand-raiser"), first_attempt_target="10", first_attempt_calendar="always", first_attempt_3_on="on",
        acceptance_on="", _save="1",
    )  # fmt: skip
    assert client.post("/sla/draft/policies/hand-raiser", typed).status_code == 302
    draft = Version.objects.get(kind="sla", state="draft")
    first, follow = editing.policy_of(draft.body, "hand-raiser")["clocks"]  # type: ignore[index]
    assert (first["target"], first["calendar"], follow["kind"]) == (600, "always", "follow_up")
    assert {"at": 600, "do": "take_away"} in first["ladder"]
    assert version_at("sla", "house", moment.now()) == live
    page = client.get("/sla/draft").content.decode()
    assert "<ins>Asked to be contacted · First attempt: 10" in page and "Round the clock" in page
    assert client.post("/sla/draft/publish", {"answer": "publish", "reason": ""}).status_code == 422
    client.post("/sla/draft/publish", {"answer": "publish", "reason": "Ten minutes are honest"})
    held = version_at("sla", "house", moment.now())
    assert held is not None and held.pk == draft.pk and check(held.body) == []


def test_policies_are_added_last_moved_up_and_taken_out(live: Version) -> None:
    client = signed_in(Role.REVENUE_OPS)
    client.post("/sla/draft/start")
    added = client.post("/sla/draft/policies", {"name_fr": "Grands comptes", "name_en": "Large accounts"})
    assert added["Location"] == "/sla/draft/policies/large-accounts"
    client.post("/sla/draft/policies/large-accounts/arrange", {"do": "up"})
    client.post("/sla/draft/policies/mql/arrange", {"do": "remove"})
    draft = Version.objects.get(kind="sla", state="draft")
    assert [p["key"] for p in draft.body["policies"]] == ["hand-raiser", "large-accounts", "other"]
    take_away = [step for step in draft.body["policies"][1]["clocks"][0]["ladder"] if step["do"] == "take_away"]
    assert [step.get("on") for step in take_away] == [False]


def test_who_falls_under_a_policy_is_counted_after_those_before_it(live: Version) -> None:
    raised, other = LeadFactory(hand_raiser=True, company="Acme"), LeadFactory(hand_raiser=False, company="Borel")
    LeadFactory(hand_raiser=True, stage="won")
    member("Ines", Role.REVENUE_OPS)
    actor = actor_of(User.objects.get(name="Ines"))
    found = {row.key: row for row in taken(actor, live.body, moment.now())}
    assert (found["hand-raiser"].count, found["hand-raiser"].leads) == (1, [raised])
    assert (found["other"].count, found["other"].leads) == (1, [other])
    client = signed_in(Role.REVENUE_OPS)
    client.post("/sla/draft/start")
    page = client.get("/sla/draft/policies/hand-raiser").content.decode()
    assert "<strong>1</strong> lead, after the policies before it" in page and "Acme" in page and "Borel" not in page
    tried = client.post("/sla/draft/policies/hand-raiser/try", sent(policy("hand-raiser")) | {"when-0-op": "is_false"})
    assert "Borel" in tried.content.decode() and 'hx-swap-oob="true"' in tried.content.decode()
    answer = client.get(f"/api/v1/sla-policies/{live.pk}/preview").json()
    assert [(row["policy"], row["count"]) for row in answer] == [("hand-raiser", 1), ("mql", 0), ("other", 1)]


def test_a_button_of_the_condition_saves_nothing_and_keeps_what_was_typed(live: Version) -> None:
    client = signed_in(Role.REVENUE_OPS)
    client.post("/sla/draft/start")
    typed = sent(policy("hand-raiser"), name_en="Hot ones") | {"when-do": "add:"}
    page = client.post("/sla/draft/policies/hand-raiser", typed)
    assert page.status_code == 200 and "Hot ones" in page.content.decode()
    assert "when-1-field" in page.content.decode()
    assert Version.objects.get(kind="sla", state="draft").body == live.body


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"first_attempt_target": ""}, "Say within how long"), ({"first_attempt_0_do": ""}, "A step names what to do"),
     ({"first_attempt_target": "0"}, "greater than or equal to 1"), ({"name_fr": ""}, "required")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(live: Version, changed: dict[str, str], says: str) -> None:
    client = signed_in(Role.REVENUE_OPS)
    client.post("/sla/draft/start")
    page = client.post("/sla/draft/policies/hand-raiser", sent(policy("hand-raiser"), _save="1", **changed))
    assert page.status_code == 422 and says in page.content.decode()
    assert Version.objects.get(kind="sla", state="draft").body == live.body


def test_a_teams_manager_proposes_and_the_house_answers(live: Version) -> None:
    nadia, ines = signed_in(Role.MANAGER, "paris", "Nadia"), signed_in(Role.REVENUE_OPS, name="Ines")
    nadia.post("/sla/draft/start")
    nadia.post("/sla/draft/policies/mql/arrange", {"do": "remove"})
    assert nadia.post("/sla/draft/publish", {"answer": "publish", "reason": "Mine"}).status_code == 403
    assert nadia.post("/sla/draft/publish", {"answer": "propose", "reason": " "}).status_code == 422
    nadia.post("/sla/draft/publish", {"answer": "propose", "reason": "One policy less"})
    assert nadia.get("/sla/draft").status_code == 404  # proposed: no longer at it
    assert "Nadia proposes SLA version 2: One policy less" in ines.get("/notices").content.decode()
    draft = Version.objects.get(kind="sla", state="draft")
    ines.post(f"/sla/proposals/{draft.pk}", {"answer": "publish", "reason": "agreed"})
    held = version_at("sla", "house", moment.now())
    assert held is not None and [p["key"] for p in held.body["policies"]] == ["hand-raiser", "other"]


def test_an_unfinished_draft_is_its_makers_own(live: Version) -> None:
    nadia, ines = signed_in(Role.MANAGER, "paris", "Nadia"), signed_in(Role.REVENUE_OPS, name="Ines")
    nadia.post("/sla/draft/start")
    draft = Version.objects.get(kind="sla", state="draft")
    assert f"/sla/proposals/{draft.pk}" not in ines.get("/sla").content.decode()
    assert ines.post(f"/sla/proposals/{draft.pk}", {"answer": "publish", "reason": "x"}).status_code == 404
    assert ines.post("/sla/draft/start").status_code == 302  # a draft of her own, though she could change the other
    assert Version.objects.filter(kind="sla", state="draft").count() == 2
    nadia.post("/sla/draft/publish", {"answer": "propose", "reason": "Done"})
    assert f"/sla/proposals/{draft.pk}" in ines.get("/sla").content.decode()


def test_a_draft_is_thrown_away_and_the_number_stays_taken(live: Version) -> None:
    client = signed_in(Role.REVENUE_OPS)
    client.post("/sla/draft/start")
    client.post("/sla/draft/publish", {"answer": "discard"})
    assert Version.objects.get(kind="sla", number=2).state == "declined"
    client.post("/sla/draft/start")
    assert Version.objects.get(kind="sla", state="draft").number == 3


@pytest.mark.parametrize("role", [Role.REP, Role.MARKETING_OPS, Role.EXECUTIVE])
@pytest.mark.parametrize(
    "act", ["start", "publish", "policies", "policies/mql", "policies/mql/arrange", "policies/mql/try"]
)
def test_who_only_reads_changes_nothing(live: Version, role: str, act: str) -> None:
    client = signed_in(role, "paris" if role == Role.REP else None)
    assert client.post(f"/sla/draft/{act}", {}).status_code == 403
    assert "/sla/draft/start" not in client.get("/sla").content.decode()
    assert not Version.objects.filter(kind="sla", state="draft").exists()


def test_the_draft_costs_the_same_for_three_policies_as_for_ten(live: Version) -> None:
    client, asked = signed_in(Role.REVENUE_OPS), []
    client.post("/sla/draft/start")
    LeadFactory(hand_raiser=True)
    for n in range(7):
        client.get("/sla/draft")
        with CaptureQueriesContext(connection) as queries:
            client.get("/sla/draft")
        asked.append(len(queries))
        client.post("/sla/draft/policies", {"name_fr": f"N{n}", "name_en": f"N{n}"})
        client.post(f"/sla/draft/policies/n{n}/arrange", {"do": "up"})
    assert len(Version.objects.get(kind="sla", state="draft").body["policies"]) == 10
    client.get("/sla/draft")
    with CaptureQueriesContext(connection) as queries:
        client.get("/sla/draft")
    assert {*asked, len(queries)} == {asked[0]} and asked[0] <= 26


def test_what_is_unknown_is_taken_by_a_later_policy(live: Version) -> None:
    actor = actor_of(member("Ines", Role.REVENUE_OPS))
    large, unknown = LeadFactory(employees=500), LeadFactory(employees=None)
    when = [
        {"field": "employees", "op": "gte", "value": 100},
        {"not": {"field": "country", "op": "eq", "value": "XX"}},
        {},
    ]
    body = {"policies": [{"key": f"p{n}", "when": each, "clocks": []} for n, each in enumerate(when)]}
    found = {row.key: row.leads for row in taken(actor, body, moment.now())}
    assert found == {"p0": [large], "p1": [unknown], "p2": []}
    assert [(row.key, row.count) for row in taken(actor, body, moment.now(), "p1")] == [("p1", 1)]
