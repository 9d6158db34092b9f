"""Two-time rows: what held, and what we knew when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from leadops.models import Absence, RepTerms
from leadops.testing import DAWN, rep

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.django_db
def test_an_absence_typed_on_wednesday_for_monday_does_not_change_what_tuesday_knew():
    lea = rep("Léa")
    Absence.objects.change(
        identity={"rep": lea},
        values={"kind": "sick"},
        valid_from=MONDAY,
        valid_to=MONDAY + DAY,
        known_at=MONDAY + 2 * DAY,
    )
    noon = MONDAY + timedelta(hours=12)
    assert not Absence.objects.state_at(noon, known_at=MONDAY + DAY).exists()
    assert Absence.objects.state_at(noon, known_at=MONDAY + 3 * DAY).exists()


@pytest.mark.django_db
def test_a_change_splits_what_was_known_and_keeps_both_ends():
    lea = rep("Léa", capacity=10)
    RepTerms.objects.change(
        identity={"rep": lea}, values={"capacity": 3}, valid_from=MONDAY, valid_to=MONDAY + DAY, known_at=MONDAY
    )
    capacity = [
        RepTerms.objects.state_at(t, MONDAY + 9 * DAY).get(rep=lea).capacity
        for t in (MONDAY - DAY, MONDAY, MONDAY + DAY)
    ]
    assert capacity == [10, 3, 10]


@pytest.mark.django_db
def test_the_database_refuses_two_values_at_one_moment():
    lea = rep("Léa")
    with pytest.raises(IntegrityError), transaction.atomic():
        RepTerms.objects.create(rep=lea, valid_from=MONDAY, known_from=MONDAY)


class AnyHistory(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 20), st.integers(1, 10), st.one_of(st.none(), st.integers(1, 99))),
            min_size=1,
            max_size=6,
        )
    )
    def test_the_last_word_known_holds_and_the_past_knowledge_stays(self, changes):
        lea = rep("Léa", capacity=0)
        told: list[dict[int, int | None]] = [dict.fromkeys(range(32), 0)]
        for i, (start, days, capacity) in enumerate(changes):
            RepTerms.objects.change(
                identity={"rep": lea},
                values=None if capacity is None else {"capacity": capacity},
                valid_from=MONDAY + start * DAY,
                valid_to=MONDAY + (start + days) * DAY,
                known_at=MONDAY + timedelta(seconds=i),
            )
            told.append(told[-1] | dict.fromkeys(range(start, start + days), capacity))
        for i, belief in enumerate(told):
            known = MONDAY + timedelta(seconds=i - 1)
            for day, expected in belief.items():
                row = RepTerms.objects.state_at(MONDAY + day * DAY + DAY / 2, known).filter(rep=lea).first()
                assert (row.capacity if row else None) == expected, (i, day)
        assert RepTerms.objects.filter(rep=lea, known_from=DAWN).count() == 1
