"""Rows on their way in: once, behind what is live, past every crash, and told of once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from capture import ledger
from capture.imports import services, work
from capture.imports.kinds import RowKind, kind_of
from capture.models import Import, ImportPart, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops import moment
from leadops.access import Actor, actor_of
from leadops.effects.models import Effect, Notice
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Account, Lead, Role
from leadops.testing import member, rep
from leadops.unit import in_unit
from routing.models import Assignment

pytestmark = pytest.mark.django_db
PEOPLE = "E-mail,Name,Company,Colour\nanna@tour.example,Anna Tour,Tour SA,red\nben@roux.example,Ben Roux,Roux SA,blue\n"


@pytest.fixture
def actor() -> Actor:
    import_source()
    return ops()


def test_the_same_file_twice_makes_nothing_new(actor: Actor) -> None:
    file = commit(map_it(send(PEOPLE, actor), actor), actor)
    assert send(PEOPLE, actor, name="another name.csv").pk == file.pk
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    work.run_all()
    assert (Import.objects.count(), Submission.objects.count(), Lead.objects.count()) == (1, 2, 2)


def test_an_import_waits_behind_what_is_live(actor: Actor) -> None:
    file = map_it(send(PEOPLE, actor), actor)
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    work.run_all()
    assert set(Submission.objects.values_list("priority", flat=True)) == {10}


def test_every_row_is_one_delivery_and_the_ledger_balances(actor: Actor) -> None:
    file = commit(map_it(send(PEOPLE + "broken\n", actor), actor), actor)
    today = moment.today("Europe/Paris")
    totals = ledger.totals(ledger.rows(today - timedelta(days=1), today))
    assert (totals["deliveries"], totals["created"], totals["quarantined"], totals["balanced"]) == (3, 2, 1, True)
    assert file.rows == 3


@pytest.mark.parametrize("after", range(1, 6))
def test_a_worker_that_dies_between_chunks_is_followed_by_one_that_goes_on(
    after: int, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = map_it(send("E-mail\n" + "".join(f"p{n}@x.example\n" for n in range(25)), actor), actor)
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    monkeypatch.setattr("capture.imports.work.kind_of", lambda key: _small(key))
    done = {"chunks": 0}
    real = work._chunk

    def dies(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        done["chunks"] += 1
        if done["chunks"] == after:
            raise KeyboardInterrupt  # before the commit: what this chunk did is rolled back

    monkeypatch.setattr(work, "_chunk", dies)
    with pytest.raises(KeyboardInterrupt):
        work.run_all()
    assert Submission.objects.count() == (after - 1) * 5
    monkeypatch.setattr(work, "_chunk", real)
    commit(file, actor)
    assert file.ends == {"created": 25}
    assert sorted(Submission.objects.values_list("row", flat=True)) == list(range(2, 27))


def _small(key: str) -> RowKind:
    return replace(kind_of(key), chunk=5)


def test_a_fault_of_ours_stops_the_import_with_its_cause_and_it_goes_on_when_asked(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = map_it(send(PEOPLE, actor), actor)
    in_unit(lambda unit: services.commit(file.pk, unit), actor=actor)
    with monkeypatch.context() as broken:
        broken.setattr(work, "_chunk", lambda *args: 1 / 0)
        for _start in range(work.MOST_STARTS + 1):
            work.run_all()
    file.refresh_from_db()
    assert file.state == "failed" and "ZeroDivisionError" in file.error
    assert commit(file, actor).ends == {"created": 2}


def test_a_discarded_file_leaves_nothing_and_may_come_again(actor: Actor) -> None:
    file = map_it(send(PEOPLE, actor), actor)
    in_unit(lambda unit: services.discard(file.pk, unit), actor=actor)
    assert not ImportPart.objects.exists()
    again = send(PEOPLE, actor)
    assert again.pk != file.pk
    commit(map_it(again, actor), actor)
    with pytest.raises(Refused):
        in_unit(lambda unit: services.discard(again.pk, unit), actor=actor)


# -- whose they are, who hears of it -----------------------------------------------------------------------


def test_one_rep_gets_them_all_and_hears_of_it_once(actor: Actor) -> None:
    lea = rep("Léa")
    file = map_it(send(PEOPLE, actor), actor, route="assign", owner=str(lea.pk))
    commit(file, actor)
    assert set(Lead.objects.values_list("owner", flat=True)) == {lea.pk}
    assert Assignment.objects.count() == 2
    assert [(n.kind, n.data["count"]) for n in Notice.objects.filter(user=lea.user)] == [("import_leads", 2)]
    assert Effect.objects.filter(user=lea.user).count() == 1
    assert [(n.kind, n.data["count"]) for n in Notice.objects.filter(user=actor.user_id)] == [("import_done", 2)]
    assert JournalEntry.objects.filter(kind=Kind.IMPORTED).get().data["ends"] == {"created": 2}


def test_held_leads_are_nobodys_until_they_are_qualified(actor: Actor) -> None:
    commit(map_it(send(PEOPLE, actor), actor, route="mql"), actor)
    captured = JournalEntry.objects.filter(kind=Kind.CAPTURED)
    assert {entry.data["trigger"] for entry in captured} == {"mql"}
    assert not Lead.objects.filter(owner__isnull=False).exists()


def test_who_may_import_and_who_may_give_leads_away() -> None:
    import_source()
    marketing, seller = actor_of(member("Mia", Role.MARKETING_OPS)), actor_of(member("Rui", Role.REP))
    lea = rep("Léa")
    file = send(PEOPLE, marketing)
    for kind, who in (("leads", seller), ("deals", marketing)):
        with pytest.raises(Refused) as refused:
            send(PEOPLE, who, kind)
        assert refused.value.code == "not-allowed"
    with pytest.raises(Refused) as refused:
        map_it(file, marketing, route="assign", owner=str(lea.pk))
    assert refused.value.code == "not-allowed"


def test_accounts_fill_what_is_empty_and_overwrite_nothing(actor: Actor) -> None:
    Account.objects.create(name="Acme", name_folded="acme", industry="steel", created_at=moment.now())
    text = "Account,Sector,Employees,Country,Website\nAcme Corporation,toys,2 822,France,https://www.acme.example/\nACME SAS,toys,12,Kenya,\nNew Co,it,5,Narnia,\n"
    file = map_it(send(text, actor, "accounts"), actor)
    assert file.found == {"known": 1, "duplicate": 1, "new": 1}
    assert commit(file, actor).ends == {"known": 2, "new": 1}
    acme = Account.objects.get(name="Acme")
    assert (acme.industry, acme.employees, acme.country, acme.domain) == ("steel", 2822, "FR", "acme.example")
    assert Account.objects.get(name="New Co").country == ""
