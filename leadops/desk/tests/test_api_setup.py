"""Sources, campaigns, costs, rules and people through the API: set up by API alone, by those who may."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from capture import live_sources, pipeline, signatures
from capture.models import Cost, Source, Submission
from leadops import moment
from leadops.decisions import Decision
from leadops.desk.tests.api_cast import House
from leadops.models import Absence, Lead, Opportunity
from leadops.sealed import Secret
from leadops.versions import services as versions
from leadops.versions.models import Version

pytestmark = pytest.mark.django_db
SECRET = "a partner's own secret"


def test_a_signed_source_with_a_mapping_is_set_up_by_api_alone(client, house: House):
    live_sources.forget()
    said = {
        "name": "Partner",
        "slug": "partner",
        "adapter": "json",
        "mapping": {"email": "who.mail", "company": "who.firm"},
        "scheme": "leadops",
        "secret": SECRET,
        "trigger": "now",
    }
    made = house.marketing.post("/sources", said)
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert shown["signed"] is True and SECRET not in made.content.decode() and "secret" not in shown
    raw = json.dumps({"who": {"mail": "anna@acme.example", "firm": "Acme"}}).encode()
    sign = {"leadops-signature": signatures.sign(SECRET, raw, moment.now())}
    assert client.post(shown["address"], raw, "application/json").status_code == 401
    taken = client.post(shown["address"], raw, "application/json", headers=sign)
    assert taken.status_code == 202
    pipeline.run_batch()
    read = house.marketing.get(f"/submissions/{taken.json()['submission']}").json()
    assert (read["state"], read["verified"], read["source"]) == ("created", True, "partner")
    assert Lead.objects.get(pk=read["lead"]).company == "Acme"


def test_a_secret_rotates_and_the_former_stays_good_for_a_day(house: House):
    made = house.marketing.post("/sources", {"name": "P", "slug": "p", "scheme": "leadops", "secret": SECRET}).json()
    answer = house.marketing.patch(f"/sources/{made['id']}", {"secret": "another secret", "name": "Partner"})
    assert answer.status_code == 200 and answer.json()["name"] == "Partner"
    known = live_sources.live(Source.objects.get(pk=made["id"]), moment.now())
    assert known.secrets == ("another secret", SECRET)
    later = live_sources.live(Source.objects.get(pk=made["id"]), moment.now() + timedelta(hours=25))
    assert later.secrets == ("another secret",)
    assert all(SECRET.encode() not in bytes(row.sealed) for row in Secret.objects.all())


def test_a_signed_source_that_names_no_way_signs_as_its_kind_does_and_a_plain_form_never_signs(house: House):
    said = {"name": "P", "secret": SECRET}
    assert house.marketing.post("/sources", said).json()["scheme"] == "leadops"
    assert house.marketing.post("/sources", {**said, "adapter": "typeform"}).json()["scheme"] == "typeform"
    refused = house.marketing.post("/sources", {**said, "adapter": "form"})
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot-sign")
    form = house.marketing.post("/sources", {"name": "F", "adapter": "form"}).json()
    refused = house.marketing.patch(f"/sources/{form['id']}", {"signed": True, "secret": SECRET})
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot-sign")
    program = house.marketing.post("/sources", {"name": "J"}).json()
    assert program["scheme"] == ""
    changed = house.marketing.patch(f"/sources/{program['id']}", {"signed": True, "secret": SECRET}).json()
    assert (changed["signed"], changed["scheme"]) == (True, "leadops")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "P", "mapping": {"owner": "x"}}, "mapping.owner"),
        ({"name": "P", "mapping": {"email": 3}}, "mapping"),
        ({"name": "P", "scheme": "rot13"}, "scheme"),
        ({"name": "P", "signed": True}, "secret"),
        ({"name": "P", "key": "chosen"}, "key"),
        ({"name": "P", "id": "0195d1a0-0000-7000-8000-000000000000"}, "id"),
        ({"name": "P", "owner": "x"}, "owner"),
        ({}, "name"),
    ],
)
def test_a_source_that_cannot_be_is_refused_naming_the_field(house: House, body, path):
    before = Source.objects.count()
    answer = house.marketing.post("/sources", body)
    assert answer.status_code == 422 and path in [fault["path"] for fault in answer.json()["faults"]], answer.json()
    assert Source.objects.count() == before


def test_sources_and_costs_are_not_for_reps_and_executives(house: House):
    for caller in (house.as_lea, house.executive):
        for path in ("/sources", "/campaigns", "/costs"):
            assert caller.get(path).status_code == 403
            assert caller.post(path, {"name": "x", "key": "x"}).status_code == 403
    assert house.manager.get("/sources").status_code == 200
    assert house.manager.post("/sources", {"name": "x"}).status_code == 403


def test_campaigns_are_made_read_and_changed_and_keep_their_key(house: House):
    made = house.marketing.post("/campaigns", {"key": "fair", "name": "Fair", "starts_on": "2026-03-01"})
    assert made.status_code == 201
    path = f"/campaigns/{made.json()['id']}"
    changed = house.marketing.patch(path, {"name": "The fair", "ends_on": "2026-03-09"})
    assert (changed.status_code, changed.json()["name"]) == (200, "The fair")
    assert house.marketing.patch(path, {"key": "other"}).status_code == 422
    assert house.marketing.patch(path, {"ends_on": "2026-02-01"}).status_code == 422
    assert house.marketing.post("/campaigns", {"key": "fair", "name": "Again"}).status_code == 409
    assert house.marketing.get(path).json()["key"] == "fair"


def test_a_cost_is_appended_and_corrected_by_a_new_row(house: House):
    house.marketing.post("/campaigns", {"key": "fair", "name": "Fair"})
    said = {"campaign": "fair", "from_on": "2026-03-01", "to_on": "2026-03-31", "amount": "1250.50", "currency": "EUR"}
    first = house.marketing.post("/costs", said, key="c-1")
    assert (first.status_code, first.json()["amount_minor"]) == (201, 125_050), first.json()
    assert house.marketing.post("/costs", said, key="c-1").content == first.content
    newer = house.marketing.post("/costs", {**said, "amount": "1300", "corrects": first.json()["id"]})
    assert newer.status_code == 201 and newer.json()["corrects"] == first.json()["id"]
    assert Cost.objects.count() == 2
    in_force = house.marketing.get("/costs?campaign=fair&in_force=true").json()["results"]
    assert [row["id"] for row in in_force] == [newer.json()["id"]]
    assert house.marketing.http.delete(f"/api/v1/costs/{first.json()['id']}").status_code in (404, 405)
    for wrong in (
        {**said, "amount": "1.005"},
        {k: v for k, v in said.items() if k != "amount"},
        {**said, "source": "x"},
    ):
        assert house.marketing.post("/costs", wrong).status_code in (404, 422)
    assert Cost.objects.count() == 2


def test_a_submission_set_aside_is_replayed_with_corrections(client, house: House):
    client.post(f"/in/{house.source.key}", b"{ not json", content_type="application/json")
    pipeline.run_batch()
    (row,) = house.marketing.get("/submissions?state=quarantined").json()["results"]
    assert row["reason"] and row["lead"] is None
    path = f"/submissions/{row['id']}/replay"
    assert house.as_lea.post(path).status_code == 403
    assert house.marketing.post(path, {"edited": {"owner": "x"}}).status_code == 422
    answer = house.marketing.post(path, {"edited": {"email": "anna@acme.example"}})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    pipeline.run_batch()
    assert house.marketing.get(f"/submissions/{row['id']}").json()["state"] == "created"
    assert house.marketing.post(path).status_code == 409
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("query", ["", "?from=2026-01-01", "?from=x&to=y", "?from=2026-02-01&to=2026-01-01"])
def test_a_ledger_without_a_readable_period_is_refused(house: House, query):
    assert house.revenue.get(f"/ledger{query}").status_code == 422


# -- versions ------------------------------------------------------------------------------------------

KINDS = [
    ("/rulesets", "ruleset", "revenue"),
    ("/sla-policies", "sla", "revenue"),
    ("/calendars", "calendar", "revenue"),
    ("/scorecards", "scorecard", "marketing"),
    ("/mql-definitions", "mql", "marketing"),
]


@pytest.mark.parametrize(("path", "kind", "editor"), KINDS)
def test_a_version_is_drafted_checked_published_and_rolled_back(house: House, path, kind, editor):
    caller = getattr(house, editor)
    live = Version.objects.get(kind=kind, key="house")
    shown = caller.get(f"{path}/{live.pk}").json()
    assert shown["in_force"] is True and shown["number"] == live.number
    bad = caller.post(path, {"key": "house", "body": {"rules": 3, "groups": 3, "when": 3, "policies": 3, "week": 3}})
    assert bad.status_code == 201, bad.json()
    assert caller.post(f"{path}/{bad.json()['id']}/check").json()["publishable"] is False
    refused = caller.post(f"{path}/{bad.json()['id']}/publish", {"reason": "why not"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-publishable")
    saved = caller.patch(f"{path}/{bad.json()['id']}", {"body": live.body})
    assert saved.status_code == 200
    assert caller.get(f"{path}/{bad.json()['id']}/diff").json()["changes"] == []
    assert caller.post(f"{path}/{bad.json()['id']}/publish", {"reason": " "}).status_code == 422
    done = caller.post(f"{path}/{bad.json()['id']}/publish", {"reason": "as before"})
    assert (done.status_code, done.json()["state"], done.json()["in_force"]) == (200, "published", True)
    assert caller.patch(f"{path}/{bad.json()['id']}", {"body": {}}).status_code == 409
    back = caller.post(f"{path}/{live.pk}/rollback", {"reason": "the former was better"})
    assert (back.status_code, back.json()["in_force"]) == (200, True)
    now = versions.version_at(kind, "house", moment.now())
    assert now is not None and now.pk == live.pk
    assert len(caller.get(f"{path}?key=house").json()["results"]) == 2


@pytest.mark.parametrize(("path", "kind", "editor"), KINDS[:3])
def test_a_team_manager_proposes_for_the_house_and_puts_nothing_in_force(house: House, path, kind, editor):
    live = Version.objects.get(kind=kind, key="house")
    made = house.manager.post(path, {"body": live.body, "reason": "my idea"})
    assert (made.status_code, made.json()["reason"], made.json()["state"]) == (201, "my idea", "draft")
    for act, of in (("publish", made.json()["id"]), ("rollback", live.pk)):
        answer = house.manager.post(f"{path}/{of}/{act}", {"reason": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    wide = house.caller("Wanda", "manager")
    assert wide.post(f"{path}/{made.json()['id']}/publish", {"reason": "good idea"}).status_code == 200
    wide.post(f"{path}/{live.pk}/rollback", {"reason": "it was not"})
    shown = wide.get(f"{path}/{made.json()['id']}").json()
    assert (shown["state"], [row["reason"] for row in shown["publications"]]) == ("rolled_back", ["good idea"])
    again = wide.get(f"{path}/{live.pk}").json()["publications"]
    assert (again[0]["reason"], again[0]["to_at"]) == ("it was not", None)


@pytest.mark.parametrize(("path", "kind", "editor"), KINDS)
def test_versions_are_read_by_all_and_written_by_their_editors(house: House, path, kind, editor):
    live = Version.objects.get(kind=kind, key="house")
    for caller in (house.as_lea, house.executive):
        assert caller.get(path).status_code == 200
        assert caller.post(path, {"body": {}}).status_code == 403
        assert caller.post(f"{path}/{live.pk}/rollback", {"reason": "x"}).status_code == 403
    another = house.revenue.get(f"{'/calendars' if kind != 'calendar' else '/rulesets'}/{live.pk}")
    assert another.status_code == 404


def test_a_diff_names_what_changed_by_its_key(house: House):
    live = Version.objects.get(kind="scorecard", key="house")
    body = json.loads(json.dumps(live.body))
    group = next(each for each in body["groups"] if each.get("lines"))
    group["lines"][0]["points"] += 1
    group["lines"].reverse()
    made = house.marketing.post("/scorecards", {"body": body}).json()
    (change,) = house.marketing.get(f"/scorecards/{made['id']}/diff").json()["changes"]
    assert change["path"].endswith(".points") and change["after"] == change["before"] + 1


def test_asking_for_a_route_decides_and_stores_nothing(house: House):
    def rows() -> dict[str, int]:
        with connection.cursor() as cursor:
            names = [
                n for n in connection.introspection.table_names(cursor) if not n.startswith(("django", "leadops_api"))
            ]
            counts = {}
            for name in names:
                cursor.execute(f'SELECT count(*) FROM "{name}"')
                counts[name] = cursor.fetchone()[0]
        return counts

    caller = house.as_lea
    before = rows()
    answer = caller.post("/route", {"facts": {"country": "FR", "hand_raiser": True}})
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["outcome"]["kind"] == "assigned" and body["outcome"]["rep"] in body["reps"]
    assert body["ruleset"]["number"] == 1 and body["why"]["rule"] and body["propensity"] > 0
    assert rows() == before
    wrong = caller.post("/route", {"facts": {"no_such_field": 1}})
    assert wrong.status_code == 422 and wrong.json()["faults"][0]["path"] == "no_such_field"
    assert caller.post("/route", {"facts": {}, "ruleset": 99}).status_code == 404


# -- people and what was decided -------------------------------------------------------------------------


def test_reps_pools_and_absences(house: House):
    assert house.as_lea.get("/reps").status_code == 403
    assert [row["name"] for row in house.manager.get("/reps").json()["results"]] == ["Léa"]
    assert {row["name"] for row in house.revenue.get("/reps").json()["results"]} == {"Léa", "Karim"}
    (pool,) = house.as_lea.get("/pools").json()["results"]
    assert {member["name"] for member in pool["members"]} == {"Léa", "Karim"}
    now = moment.now()
    span = {"from_at": now.isoformat(), "to_at": (now + timedelta(days=3)).isoformat(), "kind": "leave"}
    mine = house.as_lea.post("/absences", span)
    assert (mine.status_code, mine.json()["rep"]) == (201, str(house.lea.pk)), mine.json()
    assert house.as_lea.post("/absences", {**span, "rep": str(house.karim.pk)}).status_code == 404
    assert house.manager.post("/absences", {**span, "rep": str(house.karim.pk)}).status_code == 404
    assert [row["rep"] for row in house.as_lea.get("/absences").json()["results"]] == [str(house.lea.pk)]
    assert house.as_karim.get("/absences").json()["results"] == []
    backwards = {**span, "to_at": (now - timedelta(days=1)).isoformat()}
    assert house.as_lea.post("/absences", backwards).status_code == 422
    assert Absence.objects.filter(rep=house.lea).count() == 1


def test_decisions_clocks_and_handoffs_are_read_with_their_lead(house: House):
    made = house.revenue.post(
        "/leads", {"email": "bo@acme.example", "owner": "route", "employees": 900, "country": "FR"}
    )
    lead = made.json()
    (decision,) = house.revenue.get(f"/decisions?lead={lead['id']}").json()["results"]
    assert decision["outcome"]["rep"] == lead["owner"]["id"] and decision["rule"]
    again = house.revenue.post(f"/decisions/{decision['id']}/replay")
    assert (again.status_code, again.json()["answer"]) == (200, "same")
    clocks = house.revenue.get(f"/clocks?lead={lead['id']}&state=running").json()["results"]
    assert {row["kind"] for row in clocks} >= {"first_attempt"}
    one = house.revenue.get(f"/clocks/{clocks[0]['id']}").json()
    assert sum(line["seconds"] for line in one["arithmetic"]) == one["target_seconds"]
    assert Decision.objects.filter(lead=lead["id"]).exists()
    other = house.as_karim if lead["owner"]["id"] == str(house.lea.pk) else house.as_lea
    for path in (f"/decisions/{decision['id']}", f"/clocks/{clocks[0]['id']}"):
        assert other.get(path).status_code == 404


def test_opportunities_without_a_lead_are_opened_won_and_lost(house: House):
    said = {"name": "Renewal", "external_key": "crm-1", "amount_minor": 100_00}
    made = house.revenue.post("/opportunities", said)
    assert made.status_code == 201 and made.json()["lead"] is None
    assert house.revenue.post("/opportunities", said).status_code == 409
    assert house.executive.post("/opportunities", {"name": "x"}).status_code == 403
    lost = house.revenue.post("/opportunities", {"name": "Other"}).json()
    reason = house.revenue.post(f"/opportunities/{lost['id']}/lose", {"reason": "no-such"})
    assert reason.status_code == 422
    assert house.revenue.post(f"/opportunities/{lost['id']}/lose", {"reason": "price"}).json()["state"] == "lost"
    path = f"/opportunities/{made.json()['id']}"
    won = house.revenue.post(f"{path}/win", {"amount": "120.00"})
    assert (won.status_code, won.json()["amount_minor"]) == (200, 120_00)
    assert house.revenue.post(f"{path}/win", {"amount": "120.00"}).status_code == 409
    assert house.as_lea.post(f"{path}/win", {"amount": "1"}).status_code == 404
    names = [f.name for f in Opportunity._meta.concrete_fields]
    allowed = {"lead", "name", "amount_minor", "currency", "expected_on", "external_key"}
    for name in set(names) - allowed:
        assert house.revenue.post("/opportunities", {name: "x"}).status_code == 422, name


@pytest.mark.parametrize("name", ["sources", "funnel", "response"])
def test_reports_answer_who_may_and_refuse_what_cannot_be_read(house: House, name):
    for caller in (house.executive, house.marketing, house.manager):
        shown = caller.get(f"/reports/{name}?period=90&compare=on")
        assert shown.status_code == 200 and shown.json()["period"]["days"] == 90 and "before" in shown.json()
    assert house.as_lea.get(f"/reports/{name}").status_code == (200 if name == "response" else 403)
    assert house.executive.get(f"/reports/{name}?period=eon").status_code == 422
    assert house.executive.get(f"/reports/{name}?owner__password=a").status_code == 400


@pytest.mark.parametrize(
    ("path", "most"),
    [("/submissions", 3), ("/sources", 3), ("/campaigns", 3), ("/costs", 3), ("/rulesets", 3), ("/reps", 3),
     ("/pools", 4), ("/decisions", 3), ("/clocks", 3), ("/handoffs", 3), ("/opportunities", 3)],
)  # fmt: skip
def test_lists_keep_their_budget_of_statements(client, house: House, django_assert_max_num_queries, path, most):
    for n in range(4):
        body = json.dumps({"email": f"p{n}@company{n}.example", "company": f"Company {n}", "employees": 900})
        client.post(f"/in/{house.source.key}", body, content_type="application/json")
        house.revenue.post("/opportunities", {"name": f"Deal {n}"})
        house.revenue.post("/campaigns", {"key": f"c{n}", "name": "C"})
        span = {"from_on": "2026-03-01", "to_on": "2026-03-01", "amount": "1"}
        house.revenue.post("/costs", {"campaign": f"c{n}", **span})
    pipeline.run_batch()
    house.revenue.get(path)
    with django_assert_max_num_queries(most):
        assert house.revenue.get(path).status_code == 200
