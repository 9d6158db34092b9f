"""The time limit of one read leaves the task's own timer as it was."""

from __future__ import annotations

import signal
import time

import pytest

from capture.reading import _time_limit, _TooLong


def test_a_read_that_hangs_is_interrupted():
    with pytest.raises(_TooLong), _time_limit(0.05):
        time.sleep(1)


def test_the_outer_timer_goes_on_with_what_is_left():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with _time_limit(5):
            time.sleep(0.05)
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        assert 0 < left <= 0.16
        time.sleep(0.25)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
