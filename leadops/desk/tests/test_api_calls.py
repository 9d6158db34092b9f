"""Tokens, idempotency, problems and the schema: what holds for every address of the API."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from capture.models import Campaign, Submission
from leadops import moment
from leadops.api_root import router
from leadops.apitables import ApiCall, ApiToken
from leadops.desk import people, services
from leadops.desk.tests.api_cast import API, Caller, House
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Membership, Opportunity, User
from leadops.rest import idempotency
from leadops.testing import PASSWORD

pytestmark = pytest.mark.django_db


# -- idempotency ---------------------------------------------------------------------------------------


def test_the_same_key_acts_once_and_gives_the_first_answer_back(house: House):
    lead = house.lead(house.lea)
    first, again = (house.as_lea.post(f"/leads/{lead.pk}/opportunities", {"name": "A"}, key="k-1") for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.content == again.content
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    assert Opportunity.objects.count() == 1


def test_the_answer_given_back_is_the_first_even_when_the_world_moved_on(house: House):
    lead = house.lead(house.lea)
    first = house.as_lea.post(f"/leads/{lead.pk}/status", {"status": "attempting"}, key="k-1")
    house.as_lea.post(f"/leads/{lead.pk}/qualify")
    again = house.as_lea.post(f"/leads/{lead.pk}/status", {"status": "attempting"}, key="k-1")
    assert again.content == first.content and again.json()["stage"] == "new"


@pytest.mark.parametrize("path", ["/leads/{lead}/notes", "/leads"])
def test_the_same_key_with_another_body_is_refused(house: House, path):
    lead = house.lead(house.lea)
    path = path.format(lead=lead.pk)
    one, other = ({"text": "a"}, {"text": "b"}) if "notes" in path else ({"name": "A"}, {"name": "B"})
    assert house.as_lea.post(path, one, key="k-1").status_code in (200, 201, 202)
    answer = house.as_lea.post(path, other, key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


def test_keys_belong_to_their_caller_and_are_forgotten_after_seven_days(house: House):
    lead = house.lead(house.lea)
    for caller in (house.as_lea, house.manager):
        assert caller.post(f"/leads/{lead.pk}/notes", {"text": "a"}, key="k-1").status_code == 200
    assert JournalEntry.objects.filter(kind=Kind.NOTED).count() == 2
    with moment.at(moment.now() + timedelta(days=7, minutes=1)):
        token = Caller(house.lea.user)
        assert idempotency.purge(moment.now()) == 2
        assert token.post(f"/leads/{lead.pk}/notes", {"text": "b"}, key="k-1").status_code == 200


def test_what_is_shown_once_is_not_kept_and_no_repeat_gives_it(house: House):
    said = {"email": "ada@firm.example", "name": "Ada", "role": "manager", "team": "paris"}
    first = house.revenue.post("/users", said, key="u1").json()
    again = house.revenue.post("/users", said, key="u1")
    assert first["set_password"].startswith("/set-password/")
    assert (again.status_code, again.json()) == (201, {**first, "set_password": None})
    assert first["set_password"] not in ApiCall.objects.get().body


def test_a_repeat_by_who_lost_their_rights_gives_nothing(house: House):
    said = {"email": "ada@firm.example", "name": "Ada", "role": "manager", "team": "paris"}
    assert house.revenue.post("/users", said, key="u1").status_code == 201
    Membership.objects.filter(user=house.revenue.user).delete()
    again = house.revenue.post("/users", said, key="u1")
    assert (again.status_code, again.json()["code"]) == (422, "idempotency-mismatch")


def test_what_was_refused_did_nothing_and_may_be_sent_again(house: House):
    lead = house.lead(house.lea)
    refused = house.as_lea.post(f"/leads/{lead.pk}/disqualify", {"reason": "no-such-reason"}, key="k-1")
    assert refused.status_code == 422 and not ApiCall.objects.exists()


def test_a_new_lead_with_a_key_is_one_submission_and_one_answer(house: House):
    said = {"email": "bo@acme.example", "name": "Bo Lind", "owner": "me"}
    first, again = (house.as_lea.post("/leads", said, key="n-1") for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.content == again.content
    assert Submission.objects.count() == Lead.objects.count() == 1


def test_a_creation_cut_off_half_way_is_carried_on_and_not_done_twice(house: House):
    said = {"email": "bo@acme.example", "owner": "me"}
    house.as_lea.post("/leads", said, key="n-1")
    ApiCall.objects.update(status=None, body=None)  # as a process that died before its answer leaves it
    running = house.as_lea.post("/leads", said, key="n-1")
    assert (running.status_code, running.json()["code"]) == (409, "idempotency-running")
    ApiCall.objects.update(at=moment.now() - timedelta(minutes=2))
    carried_on = house.as_lea.post("/leads", said, key="n-1")
    assert carried_on.status_code == 201 and Submission.objects.count() == Lead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_call_while_the_first_runs_is_told_to_wait(monkeypatch):
    house = House()
    lead = house.lead(house.lea)
    inside, go_on, note = threading.Event(), threading.Event(), services.note

    def slow(*args, **kwargs):
        inside.set()
        assert go_on.wait(10)
        return note(*args, **kwargs)

    monkeypatch.setattr(services, "note", slow)
    caller, path = house.as_lea, f"/leads/{lead.pk}/notes"

    def first():
        try:
            return caller.post(path, {"text": "a"}, key="k-1").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert inside.wait(10)
        second = caller.post(path, {"text": "a"}, key="k-1")
        go_on.set()
        assert running.result() == 200
    assert (second.status_code, second.json()["code"]) == (409, "idempotency-running")
    assert caller.post(path, {"text": "a"}, key="k-1")["Idempotent-Replayed"] == "true"
    assert JournalEntry.objects.filter(kind=Kind.NOTED).count() == 1


def test_who_writes_the_same_at_the_same_moment_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch):
    """Between the look and the row another one came: no fault of ours, and nothing is half done."""
    monkeypatch.setattr(
        people, "_check_profile", lambda _values: User.objects.create_user("bo@acme.example", created_at=moment.now())
    )
    caller = house.revenue
    before = User.objects.count()
    answer = caller.post("/users", {"email": "bo@acme.example", "name": "Bo", "role": "executive"})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    assert User.objects.count() == before and caller.get("/users").status_code == 200


# -- tokens --------------------------------------------------------------------------------------------


def test_a_token_is_stored_hashed_and_ends_when_revoked_expired_or_its_maker_leaves(house: House):
    caller = house.as_lea
    row = ApiToken.objects.get(user=house.lea.user)
    assert caller.token not in str(ApiToken.objects.values().get(pk=row.pk)) and len(bytes(row.digest)) == 32
    assert caller.get("/leads").status_code == 200
    ends = [{"revoked_at": moment.now()}, {"expires_at": moment.now() - timedelta(seconds=1)}]
    for values in ends:
        ApiToken.objects.filter(pk=row.pk).update(**values)
        answer = caller.get("/leads")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
        ApiToken.objects.filter(pk=row.pk).update(**dict.fromkeys(values))
    User.objects.filter(pk=house.lea.pk).update(is_active=False)
    assert caller.get("/leads").status_code == 401


def test_a_token_never_does_more_than_its_scopes_nor_than_its_maker(house: House):
    lead = house.lead(house.lea)
    reader = Caller(house.lea.user, ("leads:read",))
    assert reader.get(f"/leads/{lead.pk}").status_code == 200
    assert reader.post(f"/leads/{lead.pk}/accept").status_code == 403
    assert Caller(house.lea.user, ("leads:write",)).get(f"/leads/{lead.pk}").status_code == 403
    assert house.as_lea.get("/submissions").status_code == 403


def test_the_command_prints_a_working_token_last(house: House):
    out = StringIO()
    call_command("token", "ci", user=house.lea.user.email, scope="leads:read,leads:write", days=3, stdout=out)
    text = out.getvalue().strip().splitlines()[-1]
    answer = Client().get(f"{API}/leads", headers={"authorization": f"Bearer {text}"})
    assert answer.status_code == 200
    row = ApiToken.objects.get(name="ci")
    assert row.scopes == ["leads:read", "leads:write"] and row.expires_at is not None


def test_nobody_gets_in_without_a_token_or_a_session(house: House):
    for headers in ({}, {"authorization": "Bearer nothing"}, {"authorization": "Bearer lo_" + "x" * 40}):
        answer = Client().get(f"{API}/leads", headers=headers)
        assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"


def test_a_person_at_the_desk_may_call_and_writing_needs_the_csrf_token(house: House):
    lead, desk = house.lead(house.lea), Client(enforce_csrf_checks=True)
    assert desk.login(username=house.lea.user.email, password=PASSWORD)
    assert desk.get(f"{API}/leads/{lead.pk}").status_code == 200
    path = f"{API}/leads/{lead.pk}/notes"
    refused = desk.post(path, {"text": "a"}, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    desk.cookies["csrftoken"] = "a" * 32
    allowed = desk.post(path, {"text": "a"}, "application/json", headers={"x-csrftoken": "a" * 32})
    assert allowed.status_code == 200, allowed.content


READ = [f"/{prefix}" for prefix, _view, _name in router.registry]
READ += [f"/{prefix}/{{pk}}" for prefix, view, _name in router.registry if hasattr(view, "retrieve")]
READ += ["/ledger", "/reports/sources", "/reports/funnel", "/leads/{pk}/trace", "/leads/{pk}/timeline"]


@pytest.mark.parametrize("path", READ)
def test_a_token_without_the_scope_is_told_so_at_every_address(house: House, path: str):
    made = house.lead(house.lea)
    caller = Caller(house.revenue.user, ("costs:write",))
    answer = caller.get(path.format(pk=1 if path.startswith("/touches") else made.pk))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    assert answer["Content-Type"] == "application/problem+json"
    verb = caller.post(f"/leads/{made.pk}/accept")
    assert verb.status_code == 403


@pytest.mark.parametrize("name", [0, 0.5, True, ["0"]])
def test_a_text_is_a_text_and_not_a_number_written_out(house: House, name: Any) -> None:
    answer = house.revenue.post("/campaigns", {"key": "fair", "name": name})
    assert (answer.status_code, [each["path"] for each in answer.json()["faults"]]) == (422, ["name"])
    assert house.revenue.post("/campaigns", {"key": "fair", "name": "0"}).status_code == 201


def test_so_are_the_texts_of_a_dictionary_and_an_id(house: House) -> None:
    lead = house.lead(house.lea)
    said = house.revenue.post(f"/leads/{lead.pk}/answers", {"answers": {"budget": 3}})
    assert (said.status_code, [each["path"] for each in said.json()["faults"]]) == (422, ["answers"])
    member = house.revenue.post("/memberships", {"user": 3, "role": "rep", "team": "paris"})
    assert (member.status_code, [each["path"] for each in member.json()["faults"]]) == (422, ["user"])


def test_the_document_says_null_where_a_reader_sees_no_contacts(house: House) -> None:
    house.lead(house.lea)
    shown = house.executive.get("/persons").json()["results"][0]
    said = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]["PersonRow"]["properties"]
    assert [(shown[name], said[name].get("nullable")) for name in ("email", "phone")] == [(None, True)] * 2


def test_a_moment_may_name_a_zone_no_database_knows(house: House) -> None:
    for filled in ("/leads?received_after", "/submissions?received_before", "/opportunities?closed_before"):
        assert house.revenue.get(f"{filled}=2026-03-10T09:00:00-21:42").status_code == 200


# -- problems and schema -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/leads/0195d1a0-0000-7000-8000-000000000000", 404, "not-found"),
        ("delete", "/leads/0195d1a0-0000-7000-8000-000000000000", 405, "method-not-allowed"),
        ("put", "/leads", 405, "method-not-allowed"),
        ("trace", "/leads", 405, "method-not-allowed"),  # there is an action of that name
        ("trace", "/leads/0195d1a0-0000-7000-8000-000000000000/trace", 405, "method-not-allowed"),
        ("get", "/mql-definitions?number=0.5", 422, "invalid"),
        ("get", "/leads?asked_hour=0.5", 422, "invalid"),
        ("get", "/leads?asked_hour=9.0", 422, "invalid"),
        ("get", "/leads?received_after=9999-12-31T23:59:59Z", 422, "invalid"),
        ("get", "/leads?received_after=0001-01-01T00:00:00%2B02:00", 422, "invalid"),
        ("get", "/nowhere", 404, "not-found"),
        ("get", "/leads/not-an-id", 404, "not-found"),
    ],
)
def test_every_refusal_is_a_problem_with_a_stable_code(house: House, method, path, status, code):
    answer = getattr(house.revenue.http, method)(API + path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    body = answer.json()
    assert body["code"] == code and body["status"] == status and body["title"] and body["type"] == "about:blank"


def test_problems_speak_the_language_asked_for(house: House):
    path = f"/leads/{uuid.uuid4()}"
    french = house.revenue.get(path, **{"accept-language": "fr"})
    english = house.revenue.get(path, **{"accept-language": "en"})
    assert french.json()["title"] == "Il n’y a rien ici, ou rien que vous puissiez voir."
    assert english.json()["title"] == "There is nothing here, or it is not yours to see."
    assert french["Content-Language"] == "fr" and french.json()["code"] == english.json()["code"]


def test_the_schema_is_valid_and_names_every_verb(house: House, tmp_path):
    target = tmp_path / "schema.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(target))
    text = target.read_text()
    verbs = [
        "accept",
        "hand-back",
        "attempts",
        "notes",
        "snooze",
        "undo",
        "status",
        "claim",
        "assign",
        "disqualify",
        "recycle",
        "qualify",
        "move",
        "outcome",
    ]
    for verb in verbs:
        assert f"/api/v1/leads/{{id}}/{verb}:" in text
    assert house.revenue.get("/schema").status_code == 200
    refused = Client().get(f"{API}/schema")
    assert refused.status_code == 401 and refused.json()["code"] == "not-authenticated"
    desk = Client()
    desk.login(username=house.lea.user.email, password=PASSWORD)
    assert desk.get(f"{API}/schema").status_code == 200, "the human page reads it with its session"


def test_the_human_pages_hold_no_inline_script(house: House):
    desk = Client()
    assert desk.get(f"{API}/docs").status_code == 302
    desk.login(username=house.lea.user.email, password=PASSWORD)
    page = desk.get(f"{API}/docs")
    text = page.content.decode()
    assert page.status_code == 200 and text.count("<script") == text.count("<script src=") == 2
    assert "style=" not in text and "<style" not in text
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]


def test_a_fault_inside_a_keyed_call_leaves_neither_effect_nor_record(house: House, monkeypatch):
    def broken(*args, **kwargs):
        Campaign.objects.create(key="half", name="Half", created_at=moment.now())
        raise RuntimeError("no")

    monkeypatch.setattr(services, "note", broken)
    lead = house.lead(house.lea)
    house.as_lea.http.raise_request_exception = False
    assert house.as_lea.post(f"/leads/{lead.pk}/notes", {"text": "a"}, key="k-1").status_code == 500
    assert not ApiCall.objects.exists() and not Campaign.objects.filter(key="half").exists()
    assert not connection.in_atomic_block or not connection.needs_rollback
