"""Ids: RFC 9562 version 7, in creation order, also from many threads and for past instants."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime

import pytest

from leadops import ids

PAST = datetime(2025, 6, 1, 8, 30, 0, 123000, tzinfo=UTC)


def milli_of(value: uuid.UUID) -> int:
    return value.int >> 80


def test_version_variant_and_time_are_those_of_the_rfc() -> None:
    before = time.time_ns() // 1_000_000
    made = ids.uuid7()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= milli_of(made) <= time.time_ns() // 1_000_000 + 1


def test_ids_made_in_bulk_sort_in_creation_order() -> None:
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_for_one_past_instant_carry_it_and_keep_their_order() -> None:
    made = [ids.uuid7(PAST) for _ in range(10_000)]
    assert {milli_of(one) for one in made} == {int(PAST.timestamp() * 1000)}
    assert made == sorted(made)


def test_a_past_id_does_not_disturb_the_order_of_present_ones() -> None:
    first, _past, second = ids.uuid7(), ids.uuid7(PAST), ids.uuid7()
    assert first < second


def test_a_clock_set_back_does_not_take_ids_back(monkeypatch) -> None:
    first = ids.uuid7()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000_000_000_000)
    assert ids.uuid7() > first


def test_the_order_holds_when_the_counter_wraps(monkeypatch) -> None:
    monkeypatch.setattr(ids, "_count", ids.COUNTER_TOP - 3)
    made = [ids.uuid7() for _ in range(6)]
    assert made == sorted(made)
    assert len(set(made)) == 6


def test_threads_never_share_an_id() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(8)]

    def make(into: list[uuid.UUID]) -> None:
        into.extend(ids.uuid7() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for into in made for one in into}) == 16_000
    assert all(into == sorted(into) for into in made)


def test_an_instant_before_1970_is_refused() -> None:
    with pytest.raises(ValueError, match="no id"):
        ids.uuid7(datetime(1969, 1, 1, tzinfo=UTC))


def test_tokens_are_long_url_safe_and_different() -> None:
    assert ids.token() != ids.token()
    assert len(ids.token()) >= 43
    assert all(c.isalnum() or c in "-_" for c in ids.token(200))


def test_short_forms_of_ids_made_together_differ() -> None:
    shorts = {ids.short(ids.uuid7(PAST)) for _ in range(100)}
    assert len(shorts) == 100
    assert all(len(one) == 8 for one in shorts)


def test_a_story_told_again_makes_the_same_ids_and_the_house_goes_on_in_order() -> None:
    before = ids.uuid7()

    def told(seed: int) -> list[uuid.UUID]:
        with ids.seeded(seed, lambda: PAST):
            return [ids.uuid7(), ids.uuid7(), ids.uuid7(PAST)]

    assert told(1) == told(1) != told(2)
    assert told(1) == sorted(told(1)) and milli_of(told(1)[0]) == int(PAST.timestamp() * 1000)
    assert before < ids.uuid7() != ids.uuid7()


def test_a_key_nobody_has_is_the_name_itself_or_the_first_free_number() -> None:
    assert ids.unused("fair", {"fairs"}) == "fair"
    assert ids.unused("fair", {"fair", "fair-2", "fair-4"}) == "fair-3"
