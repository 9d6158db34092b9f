"""The time limit of one read leaves the task's own timer as it was."""

from __future__ import annotations

import signal
import time
from inspect import signature

import pytest

from capture import pipeline, reading
from capture.adapters import Draft, Unreadable, mail
from capture.adapters.coercion import keep
from capture.adapters.strict import strict_json
from capture.reading import _limited, _TooLong, interruptible, one_batch


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


def test_bodies_of_a_batch_that_take_long_share_what_it_has(monkeypatch):
    """Whatever is read of it how often; alone each has the whole again."""
    monkeypatch.setattr(reading, "READ_LIMIT", 0.2)
    monkeypatch.setattr(reading, "BATCH_LIMIT", 0.3)
    monkeypatch.setattr(reading, "LEAST", 0.02)
    began = time.monotonic()
    with one_batch():
        for _each in range(10):
            with pytest.raises(_TooLong):
                _limited(reading._allowed(), waits, 5)
        assert reading._allowed() == 0.02
    assert time.monotonic() - began < 1.2
    assert reading._allowed() == 0.2


def test_the_bodies_of_a_whole_batch_leave_its_worker_alive(settings):
    """Each at the limit, and all once the time they share is used up."""
    (most,) = (each.default for name, each in signature(pipeline.run_batch).parameters.items() if name == "limit")
    assert reading.BATCH_LIMIT + most * reading.LEAST < settings.Q_CLUSTER["timeout"] / 2


def seconds(work):
    began = time.process_time()
    work()
    return time.process_time() - began


@pytest.mark.parametrize("tag", ["<div>", "<ul><li>", '<div a="<">', "<svg><style>", "<b ", "<script>", "<!--", "<"])
def test_no_page_takes_its_reader_longer_than_its_length(tag):
    """What cleans it is no Python and cannot be interrupted."""
    assert seconds(lambda: mail.text_of_html(tag * (400_000 // len(tag)))) < 1


def test_the_words_of_a_page_are_kept_and_its_programs_are_not():
    page = "<html><style>p { a }</style><body><div class='x'>One &amp; <b>two</b></div><p>three<br>four</p><script>five()</script></body>"
    assert mail.text_of_html(page).split() == ["One", "&", "two", "three", "four"]


def test_thousands_of_names_that_stand_twice_or_become_one_take_no_time():
    pairs = ",".join(f'"k{n}": 1' for n in range(20_000))

    def twice():
        with pytest.raises(Unreadable):
            strict_json(f'{{{pairs}, "k19999": 2}}'.encode())

    assert seconds(twice) < 1
    draft = Draft()
    assert (
        seconds(
            lambda: [keep(draft, "\x7f" * n, n) for n in range(1, 150)] and [keep(draft, "?", n) for n in range(20_000)]
        )
        < 1
    )
    assert len(draft.extra) == 20_149
