"""How often a program may call, a person take a list out, a stranger guess a letter: told to wait, for how long, and no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from leadops import moment, takeaway
from leadops.access import actor_of
from leadops.audited import EntryOrigin
from leadops.desk import tokens
from leadops.desk.tests.desk_cast import client_of
from leadops.desk.tokens import make_token
from leadops.errors import Refused
from leadops.journal import JournalEntry
from leadops.limit import Limit
from leadops.models import Role
from leadops.testing import member
from leadops.unit import in_unit
from nurture import public

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    hands = [1000.0]
    monkeypatch.setattr("leadops.limit.time.monotonic", lambda: hands[0])
    return hands


def program(text: str, sender: str = "192.0.2.1") -> Client:
    return Client(headers={"authorization": f"Bearer {text}"}, REMOTE_ADDR=sender)


def test_a_token_calls_so_often_and_no_more(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty at once and twenty a second, here a tenth of it."""
    monkeypatch.setattr(tokens, "PER_TOKEN", Limit(6, 3, share=False))
    boss = member("Inès", Role.REVENUE_OPS)
    mine, other = (make_token(boss, name, ["reports:read"], moment.now()) for name in ("a", "b"))
    answers = [program(mine).get("/api/v1/availability") for _ in range(7)]
    assert [each.status_code for each in answers] == [403] * 6 + [429]
    assert answers[6]["Retry-After"] == "1" and answers[6].json()["code"] == "too-many-requests"
    for n in range(8):  # whoever knows how a token begins empties nobody's bucket
        assert program(other[:12] + f"{n:032}").get("/api/v1/availability").status_code == 401
    assert program(other).get("/api/v1/availability").status_code == 403
    clock[0] += 1
    later = [program(mine).get("/api/v1/availability").status_code for _ in range(3)]
    assert later == [403] * 2 + [429]


def test_guessing_letters_waits_and_a_real_letter_never_does(clock: list[float], monkeypatch: Any) -> None:
    monkeypatch.setattr(public, "UNKNOWN", Limit(6, 6, share=False))
    answers = [Client().post(f"/u/guess{n}").status_code for n in range(7)]
    assert answers == [404] * 6 + [429]
    assert Client(REMOTE_ADDR="192.0.2.9").post("/u/guess").status_code == 404, "another sender"
    clock[0] += 2
    assert Client().post("/u/guess").status_code == 404


def test_five_files_an_hour_counted_in_the_journal_and_capped_by_role() -> None:
    boss, other = actor_of(member("Inès", Role.REVENUE_OPS)), actor_of(member("Hugo", Role.MARKETING_OPS))
    at = moment.now()
    for n in range(5):
        in_unit(lambda unit: takeaway.take("audit", 3, {}, unit), actor=boss, at=at + timedelta(minutes=n))
    with pytest.raises(Refused) as refusal:
        in_unit(lambda unit: takeaway.take("audit", 3, {}, unit), actor=boss, at=at + timedelta(minutes=10))
    assert (refusal.value.status, refusal.value.detail["retry_after"]) == (429, 50 * 60 + 1)
    in_unit(lambda unit: takeaway.take("audit", 3, {}, unit), actor=other, at=at + timedelta(minutes=10))
    in_unit(lambda unit: takeaway.take("audit", 3, {}, unit), actor=boss, at=at + timedelta(minutes=61))
    rows = JournalEntry.objects.filter(kind="exported").values_list("data__what", "data__rows")
    assert list(rows) == [("audit", 3)] * 7
    seen = {role: takeaway.most_rows(actor_of(member(role, role, "paris"))) for role in ("rep", "manager", "executive")}
    assert seen == {"rep": 1_000, "manager": 10_000, "executive": 10_000}


def test_a_file_of_a_report_counts_too() -> None:
    boss = member("Inès", Role.REVENUE_OPS)
    answers = [client_of(boss).get("/reports/sources?format=csv") for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429] and int(answers[5]["Retry-After"]) > 0
    assert JournalEntry.objects.filter(kind="exported", data__what="report sources").count() == 5


def test_a_token_used_from_elsewhere_is_told_once(clock: list[float]) -> None:
    boss = member("Inès", Role.REVENUE_OPS)
    text = make_token(boss, "reads", ["leads:read"], moment.now())
    for sender in ("192.0.2.1", "192.0.2.1", "198.51.100.7", "192.0.2.1", "198.51.100.7"):
        assert program(text, sender).get("/api/v1/leads").status_code == 200
    row = JournalEntry.objects.get(kind="token_elsewhere")
    assert (row.actor_id, row.data["prefix"]) == (boss.pk, text[:10])
    assert EntryOrigin.objects.get(entry=row.pk).address == "198.51.100.7"
