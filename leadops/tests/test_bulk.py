"""COPY on the hot path stores what the plain ORM form stores."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.forms.models import model_to_dict

from leadops import bulk, moment
from leadops.journal import JournalEntry
from leadops.models import Person, Touch
from leadops.testing import LeadFactory, rep
from routing.models import CreditEntry, Pool

pytestmark = pytest.mark.django_db


def entries(lead):
    odd = {"text": "é\t\n\\N \"quoted\" 'x'", "n": 1.5, "none": None, "list": [1, "2"]}
    return [
        JournalEntry(kind="noted", lead=lead, at=moment.now(), recorded_at=moment.now(), data={**odd, "i": i})
        for i in range(5)
    ]


def test_a_copied_row_equals_the_same_row_created_by_the_orm():
    lead = LeadFactory()
    for row, key in zip(rows := entries(lead), bulk.keys(JournalEntry, 5), strict=True):
        row.pk = key
    bulk.insert(rows)
    twins = JournalEntry.objects.bulk_create(entries(lead))
    for copied, created in zip(rows, twins, strict=True):
        a, b = (
            model_to_dict(JournalEntry.objects.get(pk=x.pk), exclude=["id", "at", "recorded_at", "xid"])
            for x in (copied, created)
        )
        assert a == b
    assert JournalEntry.objects.get(pk=rows[0].pk).xid > 0, "columns with a database default are left to the database"


def test_binary_decimal_and_empty_values_survive():
    pool, one = Pool.objects.create(key="p"), rep("Léa")
    bulk.insert(
        [CreditEntry(pool=pool, rep=one, delta=Decimal("-0.333333"), why="paid", at=moment.now()) for _ in range(4)]
    )
    assert set(CreditEntry.objects.values_list("delta", "lead")) == {(Decimal("-0.333333"), None)}


def test_rows_that_point_at_themselves_and_at_each_other_go_in_together():
    people = [Person(name=f"P{i}", created_at=moment.now()) for i in range(4)]
    for person in people:
        person.canonical = person
    bulk.insert(people)
    assert Person.objects.count() == 4
    touches = [
        Touch(person=p, kind="inquiry", source="x", occurred_at=moment.now(), recorded_at=moment.now()) for p in people
    ]
    bulk.insert(touches)
    assert Touch.objects.count() == 4
