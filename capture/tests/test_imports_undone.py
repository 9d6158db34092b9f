"""An import taken back: what nobody touched ends and counts nowhere, what somebody touched stays and is listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from capture import ledger
from capture.imports import selectors, services, undoing, work
from capture.models import Import, ImportFault, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops import cohorts, moment
from leadops.access import SYSTEM, Actor, actor_of
from leadops.desk import services as desk
from leadops.desk.tests.api_cast import House
from leadops.errors import Conflict, Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, Reason, Role, User
from leadops.shipped import install_defaults
from leadops.testing import LeadFactory, PersonFactory, member
from leadops.unit import Unit, in_unit
from reports import facts
from reports.models import LeadFact

pytestmark = pytest.mark.django_db
ROWS = 8
PEOPLE = "E-mail,Name,Company\n" + "".join(f"p{n}@x{n}.example,Person {n},House {n}\n" for n in range(ROWS))


@pytest.fixture
def actor(db: None) -> Actor:
    install_defaults()
    import_source()
    return ops()


@pytest.fixture
def file(actor: Actor) -> Import:
    return commit(map_it(send(PEOPLE, actor), actor), actor)


def lead(n: int) -> Lead:
    return Lead.objects.get(person__email=f"p{n}@x{n}.example")


def undone(file: Import, actor: Actor) -> Import:
    in_unit(lambda unit: services.undo(file.pk, unit), actor=actor)
    while work.next_at(moment.now()):
        work.run_all()
    file.refresh_from_db()
    return file


def touched(file: Import) -> dict[int, str]:
    """One lead for every reason to stay."""
    by = actor_of(member("Worker", Role.REVENUE_OPS))
    in_unit(lambda u: desk.note(u.leads([lead(0).pk])[0], "spoke at the fair", u), actor=by)
    in_unit(lambda u: u.record(Kind.MAIL_SENT, u.leads([lead(1).pk])[0], data={}), actor=SYSTEM)
    other = Submission.objects.filter(file=file).first()
    assert other is not None
    Submission.objects.create(
        source=other.source, delivery_key="again", received_at=moment.now(), body=b"{}", digest=b"", end="touched",
        lead=lead(2), person=lead(2).person,
    )  # fmt: skip
    Lead.objects.filter(pk=lead(3).pk).update(
        stage="lost", stage_reason="price", closed_at=moment.now(), held="", held_at=None, pool=""
    )
    return {2: "stays-worked-on", 3: "stays-written", 4: "stays-came-back", 5: "stays-closed"}


def test_the_preview_tells_what_then_happens_and_changes_nothing(file: Import, actor: Actor) -> None:
    stays = touched(file)
    plan = undoing.plan(file, 200)
    assert (plan.goes, {row.row: code for row, code in plan.shown}) == (ROWS - 4, stays)
    assert Lead.objects.filter(stage_reason="withdrawn").count() == 0
    undone(file, actor)
    assert file.state == "undone" and file.ends == {"withdrawn": ROWS - 4, "created": 4}
    assert dict(ImportFault.objects.filter(file=file).values_list("row", "reason")) == stays
    assert {(each.stage, each.stage_reason) for each in map(lead, range(4, ROWS))} == {("disqualified", "withdrawn")}
    assert "withdrawn" not in {lead(n).stage_reason for n in range(4)}


def test_what_is_withdrawn_counts_in_no_figure_with_facts_and_without(file: Import, actor: Actor) -> None:
    facts.rebuild()
    assert LeadFact.objects.count() == ROWS
    undone(file, actor)
    assert cohorts.countable(Lead.objects.all()).count() == 0
    facts.rebuild()
    assert LeadFact.objects.count() == 0
    today = moment.today("Europe/Paris")
    totals = ledger.totals(ledger.rows(today - timedelta(days=1), today))
    assert (totals["withdrawn"], totals["created"], totals["balanced"]) == (ROWS, 0, True)


def test_both_acts_stand_in_the_journal_and_clocks_and_work_end(file: Import, actor: Actor) -> None:
    undone(file, actor)
    told = JournalEntry.objects.filter(kind=Kind.SETTING_CHANGED, data__key=str(file.pk)).order_by("id")
    assert [entry.data["to"] for entry in told] == ["loading", "undoing", "undone"]
    assert told[1].actor_id == actor.user_id == file.undone_by_id
    assert not any(hasattr(each, "work") for each in Lead.objects.select_related("work"))


def test_the_same_file_may_come_anew_and_makes_its_leads_again(file: Import, actor: Actor) -> None:
    undone(file, actor)
    again = send(PEOPLE, actor)
    assert again.pk != file.pk and again.lap == 1
    commit(map_it(again, actor), actor)
    assert again.ends == {"created": ROWS}
    assert Lead.objects.filter(stage_reason="").count() == ROWS and send(PEOPLE, actor).pk == again.pk


def test_rows_on_leads_that_were_here_before_stay(actor: Actor) -> None:
    person = PersonFactory(email="p0@x0.example")
    person.emails.get_or_create(folded="p0@x0.example", defaults={"email": "p0@x0.example", "created_at": moment.now()})
    before = LeadFactory(person=person)
    file = commit(map_it(send(PEOPLE, actor), actor), actor)
    assert file.ends.get("touched") == 1
    assert undoing.plan(file, 9).touched == 1
    undone(file, actor)
    before.refresh_from_db()
    assert before.is_open and file.ends == {"withdrawn": ROWS - 1, "touched": 1}


def test_it_is_done_once_within_seven_days_and_for_leads_alone(file: Import, actor: Actor) -> None:
    assert file.finished_at is not None
    with moment.at(file.finished_at + undoing.WITHIN + timedelta(seconds=1)), pytest.raises(Conflict):
        in_unit(lambda unit: services.undo(file.pk, unit), actor=actor)
    undone(file, actor)
    at = file.undone_at
    assert undone(file, actor).undone_at == at
    accounts = map_it(send("Name\nTour SA\n", actor, kind="accounts"), actor, {"Name": "company"})
    commit(accounts, actor)
    with pytest.raises(Refused):
        in_unit(lambda unit: services.undo(accounts.pk, unit), actor=actor)


def test_a_worker_that_dies_half_way_is_followed_by_one_that_goes_on(
    file: Import, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "CHUNK", 3)
    real, calls = undoing.step, []

    def dies(*args: object) -> bool:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(undoing, "step", dies)
    in_unit(lambda unit: services.undo(file.pk, unit), actor=actor)
    work.run_all()
    assert Submission.objects.filter(end="withdrawn").count() == 3
    while work.next_at(moment.now()):
        work.run_all()
    assert Submission.objects.filter(end="withdrawn").count() == ROWS
    assert JournalEntry.objects.filter(kind=Kind.STAGE_MOVED, data__reason="withdrawn").count() == ROWS


def test_an_undo_that_fails_three_times_leaves_a_finished_import_that_may_be_taken_back_again(
    file: Import, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "CHUNK", 3)
    real = undoing.step

    def breaks(held: Import, unit: Unit) -> bool:
        if held.next_row > 1:
            raise ZeroDivisionError("a row that breaks it")
        return real(held, unit)

    monkeypatch.setattr(undoing, "step", breaks)
    in_unit(lambda unit: services.undo(file.pk, unit), actor=actor)
    work.run_all()
    file.refresh_from_db()
    assert (file.state, selectors.progress_of(file, moment.now()).done) == ("undoing", 3)
    undone(file, actor)
    assert (file.state, file.next_row) == ("done", 4) and "a row that breaks it" in file.error
    assert in_unit(lambda unit: services.commit(file.pk, unit), actor=actor).state == "done"
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    with moment.at(moment.now() + undoing.WITHIN + timedelta(days=1)):  # what began in time may end later
        page = client.get(f"/imports/{file.pk}").content.decode()
        assert "a row that breaks it" in page and f"/imports/{file.pk}/undo" in page
        assert selectors.ends_of(file) == {"withdrawn": 3, "created": ROWS - 3}
        monkeypatch.setattr(undoing, "step", real)
        undone(file, actor)
    assert (file.state, file.error, file.ends) == ("undone", "", {"withdrawn": ROWS})


def test_the_preview_of_a_large_file_costs_as_little_as_that_of_a_small_one(
    file: Import, actor: Actor, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    touched(file)
    monkeypatch.setattr(undoing, "CHUNK", 1)
    with django_assert_num_queries(3):
        plan = undoing.plan(file, 2)
    assert (plan.goes, sum(plan.stays.values()), [row.row for row, _why in plan.shown]) == (ROWS - 4, 4, [2, 3])


def test_nobody_chooses_the_reason_by_hand() -> None:
    assert Reason.objects.get(key="withdrawn").active is False


def test_the_page_previews_takes_back_and_tells_what_stayed(file: Import, actor: Actor) -> None:
    touched(file)
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    assert f"/imports/{file.pk}/undo" in client.get(f"/imports/{file.pk}").content.decode()
    page = client.get(f"/imports/{file.pk}/undo").content.decode()
    assert "Person 0" in page and "Person 7" not in page
    assert client.post(f"/imports/{file.pk}/undo").status_code == 302
    while work.next_at(moment.now()):
        work.run_all()
    page = client.get(f"/imports/{file.pk}").content.decode()
    assert page.count('<th scope="row" class="end">') == 4
    assert client.get(f"/imports/{file.pk}/undo").status_code == 302
    stranger = Client()
    stranger.force_login(member("Rep", Role.REP))
    assert stranger.post(f"/imports/{file.pk}/undo").status_code == 403


def test_the_api_previews_and_takes_back(file: Import) -> None:
    cast = House()
    at = f"/imports/{file.pk}/undo"
    dry = cast.revenue.post(at, {"dry_run": True})
    assert dry.status_code == 200 and dry.json()["withdrawn"] == ROWS and dry.json()["possible"]
    assert cast.revenue.post(at).json()["state"] == "undoing"
    assert cast.as_lea.post(at).status_code == 403
    while work.next_at(moment.now()):
        work.run_all()
    told = cast.revenue.get(f"/imports/{file.pk}").json()
    assert (told["state"], told["ends"]) == ("undone", {"withdrawn": ROWS})
