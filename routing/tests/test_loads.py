"""How many open leads a rep has: entries of the database itself, equal to a count whatever happens to leads."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops import moment
from leadops.models import OPEN_STAGES, Lead, Rep, Stage
from leadops.testing import LeadFactory, rep
from routing import workload
from routing.models import LoadEntry

pytestmark = pytest.mark.django_db


def loads(reps: list[Rep]) -> dict[uuid.UUID, int]:
    told = workload.work_of([one.pk for one in reps], moment.now())
    return {one.pk: told[str(one.pk)]["load"] for one in reps}


def counted(reps: list[Rep]) -> dict[uuid.UUID, int]:
    """Row by row, by nothing that the house uses for it."""
    found = {one.pk: 0 for one in reps}
    for lead in Lead.objects.all():
        if lead.owner_id and lead.stage in OPEN_STAGES and lead.absorbed_by_id is None:
            found[lead.owner_id] += 1
    return found


class _Undone(Exception):
    pass


def _happens(dice: random.Random, what: str, reps: list[Rep]) -> None:
    leads = list(Lead.objects.order_by("pk"))
    some = [lead.pk for lead in leads if dice.random() < 0.4]
    rows, owner = Lead.objects.filter(pk__in=some), dice.choice([*reps, None])
    match what:
        case "come":
            LeadFactory.create_batch(dice.randint(1, 3), owner=owner, stage=dice.choice(OPEN_STAGES))
        case "change hands":
            rows.update(owner=owner)
        case "move":
            stage = dice.choice(list(Stage.values))
            ended = None if stage in OPEN_STAGES else moment.now()
            rows.update(stage=stage, closed_at=ended, stage_reason="" if ended is None else "price")
        case "are absorbed" if len(leads) > 1:
            rows.exclude(pk=leads[0].pk).update(absorbed_by=leads[0])
        case "stand alone again":
            rows.update(absorbed_by=None)
        case "hear something":
            rows.update(last_inbound_at=moment.now())
        case "fold":
            workload.fold()


WHAT = ["come", "change hands", "move", "are absorbed", "stand alone again", "hear something", "fold", "undo"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WHAT), min_size=1, max_size=14), st.integers(0, 2**32))
def test_entries_equal_a_count_whatever_happens(acts: list[str], seed: int) -> None:
    with transaction.atomic():
        dice, reps = random.Random(seed), [rep(f"Rep {n}") for n in range(3)]
        for act in acts:
            if act == "undo":
                try:
                    with transaction.atomic():
                        _happens(dice, dice.choice(WHAT[:-1]), reps)
                        raise _Undone
                except _Undone:
                    pass
            else:
                _happens(dice, act, reps)
            assert loads(reps) == counted(reps)
        assert not workload.apart()
        transaction.set_rollback(True)


def test_what_changes_no_count_writes_no_entry() -> None:
    lead = LeadFactory(owner=rep("Ada"))
    before = LoadEntry.objects.count()
    Lead.objects.filter(pk=lead.pk).update(score=7, stage="engaged", last_inbound_at=moment.now())
    assert LoadEntry.objects.count() == before


def test_many_that_come_at_once_are_one_entry_of_each_owner() -> None:
    ada, bob = rep("Ada"), rep("Bob")
    people = [LeadFactory().person for _n in range(6)]
    Lead.objects.update(stage="lost", stage_reason="price", closed_at=moment.now())
    before = LoadEntry.objects.count()
    now = moment.now()
    values = {"stage": "new", "source": LeadFactory().source, "occurred_at": now, "received_at": now, "stage_at": now}
    made = [Lead(person=one, canonical=one, owner=ada if n % 3 else bob, **values) for n, one in enumerate(people)]
    Lead.objects.bulk_create(made)
    assert LoadEntry.objects.count() == before + 2
    assert loads([ada, bob]) == {ada.pk: 4, bob.pk: 2}


def test_entries_are_folded_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = rep("Ada"), rep("Bob")
    for n in range(5):
        LeadFactory(owner=ada if n else bob)
    monkeypatch.setattr(workload, "MOST_ENTRIES", 5)
    assert workload.next_fold(moment.now()) is None
    for _more in range(3):
        LeadFactory(owner=ada)
    assert workload.next_fold(moment.now()) is not None
    Lead.objects.filter(owner=bob).update(owner=ada)
    workload.fold()
    assert list(LoadEntry.objects.values_list("rep", "delta")) == [(ada.pk, 8)], "of nobody with none there is no row"
    for n in range(8):
        LeadFactory(owner=rep(f"Rep {n}"))
    workload.fold()
    assert workload.next_fold(moment.now()) is None, "one row of each rep is no reason, however many they are"


@pytest.fixture
def outside() -> Iterator[Any]:
    """A connection of somebody else."""
    import psycopg

    with psycopg.connect(**connection.get_connection_params()) as line:
        yield line


@pytest.mark.django_db(transaction=True)
def test_who_folds_while_another_writes_or_folds_loses_nothing(outside: Any) -> None:
    ada = rep("Ada")
    leads = [LeadFactory(owner=ada) for _n in range(4)]
    outside.execute("UPDATE leadops_lead SET owner_id = NULL WHERE id = %s", [leads[0].pk])  # not yet committed
    workload.fold()
    assert loads([ada]) == {ada.pk: 4}
    outside.commit()
    assert loads([ada]) == {ada.pk: 3}
    outside.execute(workload._FOLD)
    other = threading.Thread(target=lambda: (workload.fold(), connection.close()))
    other.start()
    other.join(0.3)
    assert other.is_alive(), "it waits for the first"
    outside.commit()
    other.join(10)
    assert loads([ada]) == {ada.pk: 3} and not workload.apart()


def test_what_went_astray_is_named_and_settled() -> None:
    ada = rep("Ada")
    LeadFactory(owner=ada)
    told = StringIO()
    Lead.objects.update(pool="everyone")
    LoadEntry.objects.create(rep=ada, delta=4)
    assert workload.apart() == {str(ada.pk): -4}
    with pytest.raises(CommandError, match=str(ada.pk)):
        call_command("verify_leads", stdout=told)
    call_command("verify_leads", "--settle", stdout=told)
    assert not workload.apart() and loads([ada]) == {ada.pk: 1}
    call_command("verify_leads", stdout=told)


def test_the_leads_of_before_are_counted_and_those_of_since_not_twice() -> None:
    """What migration 0015 does to a house that has leads, some of which changed after 0014."""
    ada, bob = rep("Ada"), rep("Bob")
    old = [LeadFactory(owner=ada) for _n in range(3)]
    LoadEntry.objects.all().delete()
    LeadFactory(owner=bob)
    Lead.objects.filter(pk=old[0].pk).update(owner=bob)
    with connection.cursor() as cursor:
        for _again in range(2):
            cursor.execute(import_module("routing.migrations.0015_open_leads_of_before").COUNT)
            assert loads([ada, bob]) == {ada.pk: 2, bob.pk: 2}
