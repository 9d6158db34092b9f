"""The audit: who did what, when, from where, before and after; who reads it, what it never loses and never tells."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadops import moment
from leadops.access import actor_of, system
from leadops.audited import AUDITED, EntryOrigin, forget_origins
from leadops.desk import factor_policy, people
from leadops.desk.tests.desk_cast import Desk, client_of
from leadops.desk.tokens import make_token
from leadops.journal import JournalEntry, Kind
from leadops.models import Role, Team, User
from leadops.testing import PASSWORD, member
from leadops.unit import Unit, in_unit
from routing import services as routing

pytestmark = pytest.mark.django_db
HERE = "198.51.100.7"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def told(client: Client, query: str = "") -> list[dict[str, Any]]:
    found = client.get(f"/api/v1/audit{query}")
    assert found.status_code == 200, found.content
    rows: list[dict[str, Any]] = found.json()["results"]
    return rows


def test_each_act_names_who_what_from_where_before_and_after(desk: Desk) -> None:
    desk.lead()
    boss = Client(REMOTE_ADDR=HERE)
    User.objects.filter(pk=desk.revenue.pk).update(language="en")
    boss.post("/sign-in", {"email": desk.revenue.email, "password": PASSWORD})
    profile = {"name": "Paul", "language": "en", "zone": "America/Toronto"}
    boss.post(f"/users/{desk.executive.pk}/profile", profile)
    boss.post(f"/users/{desk.executive.pk}/roles", {"role": Role.MANAGER, "team": Team.objects.get(key="lyon").pk})
    boss.post("/settings/tokens", {"name": "secret words", "scopes": ["leads:read"], "days": "30"})
    token, role, profiled, signed = told(boss, "?by=person")[:4]
    assert {row["address"] for row in (token, role, profiled, signed)} == {HERE}
    assert {row["who"] for row in (token, role, profiled, signed)} == {desk.revenue.name}
    assert signed["what"] == "Signed in" and signed["detail"] == "with the password alone"
    assert profiled["before"] == "language: fr; time zone: Europe/Paris"
    assert profiled["after"] == "language: en; time zone: America/Toronto"
    assert role["detail"] == "Role · Paul · lyon · new · Manager" and token["detail"].startswith("made · lo_")
    assert "secret words" not in json.dumps(told(boss)), "free text stays out of the journal"
    page = boss.get("/audit").content.decode()
    assert HERE in page and "America/Toronto" in page and "Role · Paul · lyon · new · Manager" in page


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("active", "Rep deactivated")), ("fr", ("active", "Commercial désactivé"))]
)
def test_rows_speak_of_fields_reasons_and_leads_in_words(desk: Desk, language: str, words: tuple[str, ...]) -> None:
    lead, data = desk.lead("Anna Roux"), {"reason": "rep_deactivated"}
    in_unit(lambda unit: unit.record("taken_away", lead, data=data), actor=actor_of(desk.revenue))
    in_unit(lambda unit: people.deactivate_user(desk.lea.user, unit), actor=actor_of(desk.revenue))
    boss = client_of(desk.revenue, language)
    said = json.dumps(told(boss, "?what=owners") + told(boss), ensure_ascii=False)
    assert all(word in said for word in words), said
    assert "is_active" not in said and '"detail": "rep_deactivated' not in said
    assert ">Anna Roux</a>" in boss.get("/audit?what=owners").content.decode()


def test_parts_of_the_system_have_names_and_owners_by_rule_are_asked_for(desk: Desk) -> None:
    lead = desk.lead()
    in_unit(lambda unit: routing.assign(lead, desk.karim, unit, reason="closer"), actor=actor_of(desk.revenue))
    boss = client_of(desk.revenue, "en")
    in_unit(
        lambda unit: people.create_user("new@firm.example", "New", Role.EXECUTIVE, None, unit), actor=system("operator")
    )
    by_system = {row["who"] for row in told(boss, "?by=system")}
    assert "The operator, at the server" in by_system
    default = [row for row in told(boss) if row["lead"]]
    assert [row["who"] for row in default] == [desk.revenue.name], "what a rule did is left out"
    assert len(told(boss, "?what=owners")) > len(default)


def test_a_published_version_says_what_it_took_the_place_of_and_why(desk: Desk) -> None:
    boss, at = actor_of(desk.revenue), moment.now()
    for days, roles, reason in ((2, ["executive"], "Board papers"), (1, [], "The insurer let go")):
        work = partial(factor_policy.put_in_force, roles, reason)
        in_unit(work, actor=boss, at=at - timedelta(days=days))
    last, first = told(client_of(desk.revenue, "en"), "?what=versions")[:2]
    assert (first["before"], first["after"]) == ("", "A second factor is needed by: Executive.")
    assert (last["before"], last["after"]) == (first["after"], "Nobody needs a second factor.")
    assert last["detail"] == "Sign-in · house · version 2 · The insurer let go"


def test_filters_pages_and_the_file_say_the_same(desk: Desk) -> None:
    actors = [actor_of(user, origin=address) for user, address in ((desk.revenue, HERE), (desk.marketing, "192.0.2.1"))]

    def many(unit: Unit) -> None:
        for n in range(60):
            unit.record(Kind.SETTING_CHANGED, data={"what": "source", "key": f"s{n:02}", "to": "=cmd()"})

    for actor in actors:
        in_unit(many, actor=actor)
    boss = client_of(desk.revenue, "en")
    mine = f"?what=settings&who={desk.revenue.pk}&address={HERE}"
    with CaptureQueriesContext(connection) as asked:
        page = boss.get(f"/audit{mine}").content.decode()
    assert page.count("<tr>") == 51 and "s59" in page and "s09" not in page
    assert len(asked) <= 14, [q["sql"][:90] for q in asked.captured_queries]
    after = page.partition("after=")[2].partition('"')[0].partition("&")[0]
    rest = boss.get(f"/audit{mine}&after={after}").content.decode()
    assert rest.count("<tr>") == 11 and "s09" in rest and "s10" not in rest
    lines = list(csv.reader(io.StringIO(boss.post(f"/audit/file{mine}").content.decode())))
    assert len(lines) == 61 and {row[6] for row in lines[1:]} == {HERE}
    assert {row[5] for row in lines[1:]} == {"'=cmd()"}, "no cell is a formula"
    (out,) = told(boss, "?what=files")
    assert "audit" in out["detail"] and "60 rows" in out["detail"] and HERE in out["detail"]
    assert boss.get("/audit?since=2999-01-01").content.decode().count("<tr>") == 0
    assert boss.get("/audit?until=9999-12-31").status_code == 200  # a day without a next one: said to be none of ours
    assert boss.get("/api/v1/audit?what=nonsense").status_code in (400, 422)
    for unread in ("until=9999-12-31", "what=nonsense", "who=nobody"):
        refused = boss.post(f"/audit/file?{unread}")
        assert refused.status_code == 422 and "csv" not in refused["Content-Type"], unread
    assert len(told(boss, "?what=files")) == 1, "a file that was refused is none"


def test_only_who_runs_the_house_reads_it(desk: Desk) -> None:
    for user in (desk.lea.user, desk.manager, desk.marketing, desk.executive, member("Zoé", Role.REVENUE_OPS, "paris")):
        client = client_of(user)
        assert [client.get("/audit").status_code, client.post("/audit/file").status_code] == [403, 403], user
        assert client.get("/api/v1/audit").status_code == 403
    narrow = make_token(desk.revenue, "reads", ["leads:read"], moment.now())
    wide = make_token(desk.revenue, "audit", ["audit:read"], moment.now())
    assert Client(headers={"authorization": f"Bearer {narrow}"}).get("/api/v1/audit").status_code == 403
    assert Client(headers={"authorization": f"Bearer {wide}"}).get("/api/v1/audit").status_code == 200


def test_nothing_of_it_is_changed_or_deleted(desk: Desk) -> None:
    in_unit(lambda unit: unit.record(Kind.SIGNED_IN, data={}), actor=actor_of(desk.revenue, origin=HERE))
    row = EntryOrigin.objects.get()
    for act in (
        lambda: EntryOrigin.objects.filter(pk=row.pk).update(address="192.0.2.1"),
        lambda: EntryOrigin.objects.all().delete(),
        lambda: JournalEntry.objects.filter(pk=row.entry).update(data={"who": "somebody else"}),
        lambda: JournalEntry.objects.filter(pk=row.entry).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    assert row.entry in {entry.pk for entry in JournalEntry.objects.filter(kind__in=AUDITED)}


def test_from_where_is_forgotten_after_a_year_and_the_act_stays(desk: Desk) -> None:
    actor, now = actor_of(desk.revenue, origin=HERE), moment.now()
    for days in (400, 300):
        in_unit(lambda unit: unit.record(Kind.SIGNED_IN, data={}), actor=actor, at=now - timedelta(days=days))
    assert forget_origins(now) == 1 and EntryOrigin.objects.count() == 1
    assert JournalEntry.objects.filter(kind="signed_in").count() == 2
