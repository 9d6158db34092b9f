"""The chain over the journal: whole while nobody touched a row, broken where somebody did, and no business of an erasure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from leadops import moment, seals
from leadops.access import system
from leadops.decisions import Decision
from leadops.desk.tests.api_cast import House
from leadops.journal import JournalEntry, Seal
from leadops.models import Lead
from leadops.privacy import erasing

pytestmark = pytest.mark.django_db


def row(xid: int, **values: object) -> JournalEntry:
    now = moment.now()
    made = JournalEntry(kind="signed_in", at=now, recorded_at=now, data={"n": xid}, xid=xid, **values)
    made.save(force_insert=True)
    return made


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The transaction below which all is over, said by the test: its own rows are of one transaction."""
    hands = [0]
    monkeypatch.setattr(seals, "committed", lambda: hands[0])
    return hands


def sealed(committed: list[int], bound: int) -> int:
    committed[0] = bound
    return seals.seal_new(moment.now())


def faults() -> list[tuple[int, str]]:
    order = list(Seal.objects.order_by("id").values_list("pk", flat=True))
    return [(order.index(each.seal.pk), each.why) for each in seals.broken()]


def behind_the_guards(statement: str) -> None:
    """As whoever owns the server would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def chain(committed: list[int]) -> Iterator[list[JournalEntry]]:
    rows = [row(11), row(12), row(12)]
    assert sealed(committed, 12) == 3
    late = row(13)
    rows.append(row(15))
    assert sealed(committed, 13) == 1 and sealed(committed, 20) == 1 and sealed(committed, 20) == 0
    assert Seal.objects.count() == 3 and faults() == []
    yield [*rows, late]


@pytest.mark.parametrize(
    ("act", "where"),
    [
        ("UPDATE leadops_journalentry SET data = '{{\"n\": 99}}' WHERE id = {first}", 0),
        ("UPDATE leadops_journalentry SET actor_id = gen_random_uuid() WHERE id = {late}", 1),
        ("DELETE FROM leadops_journalentry WHERE id = {last}", 2),
        ("INSERT INTO leadops_journalentry (kind, system, at, recorded_at, cycle, data, xid) "
         "OVERRIDING SYSTEM VALUE VALUES ('signed_in', '', now(), now(), 1, '{{}}', 12)", 2),
        ("UPDATE leadops_seal SET rows = 4 WHERE id = (SELECT min(id) FROM leadops_seal)", 0),
    ],
)  # fmt: skip
def test_whoever_touches_a_row_breaks_its_seal(chain: list[JournalEntry], act: str, where: int) -> None:
    first, late, last = chain[0].pk, chain[-1].pk, chain[-2].pk
    behind_the_guards(act.format(first=first, late=late, last=last))
    told = faults()
    assert where in {index for index, _why in told}
    with pytest.raises(CommandError, match="seal"):
        call_command("verify_decisions")


def test_a_seal_that_is_missing_breaks_the_next_and_one_missing_at_the_end_is_known_by_its_digest(
    chain: list[JournalEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_decisions")
    noted = capsys.readouterr().out.partition("ends in ")[2].partition(":")[0]
    call_command("verify_decisions", noted=noted)
    last = Seal.objects.order_by("-id").values_list("pk", flat=True)[0]
    behind_the_guards(f"DELETE FROM leadops_seal WHERE id = {last}")
    assert faults() == []
    with pytest.raises(CommandError, match="noted earlier"):
        call_command("verify_decisions", noted="00" * 32)
    behind_the_guards("DELETE FROM leadops_seal WHERE id = (SELECT min(id) FROM leadops_seal)")
    assert faults()


def test_a_restored_house_goes_on_in_the_same_chain(committed: list[int]) -> None:
    row(900)
    sealed(committed, 900)
    row(905)  # in the backup, and not sealed when it was made
    assert sealed(committed, 40) == 1, "numbers began anew: the tail goes first"
    row(41), row(42)
    assert sealed(committed, 41) == 1 and sealed(committed, 50) == 1
    row(905)  # the new server gets as far as the old one was
    assert sealed(committed, 905) == 1
    assert Seal.objects.count() == 5 and faults() == []


def test_many_rows_take_several_seals_and_a_transaction_is_never_cut(
    committed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "AT_A_TIME", 3)
    for xid in (11, 12, 12, 12, 12, 12, 13, 14):
        row(xid)
    assert sealed(committed, 20) == 8 and faults() == []
    assert list(Seal.objects.order_by("id").values_list("until_xid", "rows")) == [(11, 1), (12, 5), (20, 2)]


def test_an_erasure_breaks_no_seal_and_a_changed_decision_does(committed: list[int]) -> None:
    house = House()
    house.as_lea.post("/leads", {"email": "bo@acme.example", "name": "Bo", "message": "Hello"})
    lead = Lead.objects.get()
    behind_the_guards("UPDATE leadops_journalentry SET xid = 5")  # as if what comes below were another transaction
    assert sealed(committed, 5) > 0 and faults() == []
    decided = Decision.objects.filter(kind="routing", lead=lead).get()
    erasing.erase(lead.person_id, "asked", system("test"))
    assert faults() == []
    call_command("verify_decisions")
    behind_the_guards(f"UPDATE leadops_decision SET outcome = '{{}}' WHERE id = '{decided.pk}'")
    assert faults()
