"""What is sent and not waited for: its error reaches who asks next, and whom it belongs to; what is given up is dropped."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from leadops import bulk, moment, sending, unit
from leadops.access import SYSTEM
from leadops.journal import Kind
from leadops.models import Account, Lead
from leadops.stalled import Stalled
from leadops.testing import LeadFactory
from leadops.unit import Phase, Unit, in_unit

BROKEN = "SELECT 1/0"


def asked(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "next_one",
    [sending.settle, lambda: asked("SELECT 1"), lambda: sending.send("SELECT 2", []), lambda: Lead.objects.exists()],
    ids=["settled", "asked", "sent", "read"],
)
def test_an_error_is_raised_by_whatever_comes_next_and_once(next_one):
    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        sending.send(BROKEN, [])
        next_one()
    sending.settle()
    assert asked("SELECT 1") == 1


@pytest.mark.django_db
def test_what_is_given_up_is_dropped_with_its_error_and_the_connection_goes_on():
    with pytest.raises(RuntimeError), transaction.atomic():
        sending.send(BROKEN, [])
        sending.drop()
        sending.drop()  # nothing is left to drop
        raise RuntimeError
    assert asked("SELECT 1") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dropped", [True, False])
def test_a_server_that_goes_away_meanwhile_is_an_error_of_the_database_and_none_when_dropped(dropped):
    with pytest.raises(OperationalError), transaction.atomic():  # the commit at the latest
        mine = asked("SELECT pg_backend_pid()")
        sending.send("SELECT pg_sleep(60)", [])
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [mine])
        if dropped:
            sending.drop()
            assert connection.connection.closed
        else:
            sending.settle()
    connection.close()
    assert asked("SELECT 1") == 1


@pytest.mark.django_db
def test_nothing_is_sent_outside_a_transaction_nor_while_somebody_watches(django_assert_num_queries):
    assert sending.may_send()
    with django_assert_num_queries(1):
        assert not sending.may_send()
        bulk.send([bulk.Part([Account(name="A", created_at=moment.now())])])
    with connection.execute_wrapper(lambda execute, *rest: execute(*rest)):
        assert not sending.may_send()
    sending.send("SELECT 1", [])
    assert sending.may_send()  # one after the other
    sending.settle()


@pytest.fixture
def scored():
    """A flow with one phase, which reads."""
    kept, seen = unit.phases(), []

    def score(entries, u):
        seen.extend(u.leads(e.lead_id for e in entries))
        assert Lead.objects.exists()

    unit.set_phases([Phase("score", frozenset({Kind.CAPTURED}), score)])
    yield seen
    unit.set_phases(kept)


@pytest.mark.django_db
def test_a_fault_of_what_the_door_sent_is_the_doors_and_stalls_no_lead_at_a_phase(scored):
    lead, at = LeadFactory(), moment.now()

    def door(u: Unit) -> None:
        (mine,) = u.leads([lead.pk])
        u.record(Kind.CAPTURED, mine, data={"source": ""})
        same = uuid.uuid4()
        bulk.send([bulk.Part([Account(id=same, name=name, created_at=at) for name in ("A", "B")])])

    with pytest.raises(IntegrityError):
        in_unit(door, actor=SYSTEM)
    assert not Stalled.objects.exists() and not Account.objects.filter(name="A").exists()


@pytest.mark.django_db
def test_a_fault_of_what_a_phase_sent_is_that_phases_wherever_it_comes_to_light(scored):
    lead, at = LeadFactory(), moment.now()

    def door(u: Unit) -> None:
        u.record(Kind.CAPTURED, *u.leads([lead.pk]), data={"source": ""})

    def early(entries, u):
        same = uuid.uuid4()
        bulk.send([bulk.Part([Account(id=same, name=name, created_at=at) for name in ("A", "B")])], "early")

    unit.set_phases([Phase("early", frozenset({Kind.CAPTURED}), early), *unit.phases()])
    in_unit(door, actor=SYSTEM)
    assert [(row.lead_id, row.phase) for row in Stalled.objects.all()] == [(lead.pk, "early")]


@pytest.mark.django_db
def test_what_the_door_sent_is_there_for_the_first_phase(scored):
    lead = LeadFactory()

    def door(u: Unit) -> None:
        (mine,) = u.leads([lead.pk])
        u.record(Kind.CAPTURED, mine, data={"source": ""})
        bulk.send([bulk.Part([Account(name="A", created_at=moment.now())])])

    in_unit(door, actor=SYSTEM)
    assert scored == [lead] and Account.objects.filter(name="A").count() == 1
