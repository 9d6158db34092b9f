"""The time limit of one read leaves the task's own timer as it was."""

from __future__ import annotations

import signal
import time

import pytest

from capture.adapters import Draft
from capture.reading import _limited, _TooLong, interruptible


def waits(seconds: float) -> list[Draft]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    return []


def test_a_read_that_hangs_is_interrupted():
    with pytest.raises(_TooLong):
        _limited(0.05, waits, 1)


def test_each_of_many_reads_has_the_whole_time_and_what_comes_after_it_is_never_interrupted():
    with interruptible():
        for _each in range(4):  # together longer than one may take
            assert _limited(0.2, waits, 0.08) == []
        waits(0.3)
        with pytest.raises(_TooLong):
            _limited(0.1, waits, 5)
        waits(0.3)


def test_the_outer_timer_goes_on_with_what_is_left():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        _limited(5, waits, 0.05)
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        assert 0 < left <= 0.16
        time.sleep(0.25)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
