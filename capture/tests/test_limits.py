"""Limits and refusals: who sends too much waits, every refusal is counted, nothing accepted is lost."""

from __future__ import annotations

import time
from io import BytesIO

import psycopg
import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError, connection
from django.test import RequestFactory

from capture import bell, limits, live_sources, refusals, views
from capture.models import Refusal, Submission
from capture.tests.posting import NOON, fresh_process, noon, send, source  # noqa: F401
from leadops.limit import Limit

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]


def test_a_bucket_gives_what_it_holds_and_says_how_long_to_wait(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("leadops.limit.time.monotonic", lambda: clock[0])
    limit = Limit(5, 10, share=False)
    assert [limit.take("a") for _ in range(6)] == [0, 0, 0, 0, 0, 2]
    assert limit.take("b") == 0 and limit.spent("a") and not limit.spent("b")
    clock[0] += 2
    assert [limit.take("a"), limit.take("a")] == [0, 2]


def test_a_flood_of_keys_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("leadops.limit.MOST_KEYS", 100)
    limit = Limit(5, 10)
    for number in range(1000):
        limit.take(str(number))
    assert len(limit._buckets) == 100


def test_a_source_that_sends_too_fast_is_asked_to_come_back(monkeypatch):
    source()
    monkeypatch.setattr(limits, "PER_SOURCE", Limit(3, 60, share=False))
    answers = [send({"email": f"a{n}@b.example"}) for n in range(5)]
    assert [a.status_code for a in answers] == [202, 202, 202, 429, 429]
    assert int(answers[-1]["Retry-After"]) >= 1 and answers[-1].json()["code"] == "too-many-requests"
    assert Submission.objects.count() == 3


def test_after_twenty_bad_signatures_an_address_is_refused_unread(monkeypatch):
    source(signed=True, scheme="leadops", secret="s")
    source("open")
    monkeypatch.setattr(limits, "BAD_SIGNATURES", Limit(20, 86_400, share=False))  # none comes back while we count
    answers = [send({"n": n}).status_code for n in range(21)]
    assert answers == [401] * 20 + [403]
    monkeypatch.setattr("capture.doors.body_of", lambda meta: pytest.fail("the body was read"))
    assert send({"n": 1}).status_code == 403
    monkeypatch.undo()
    assert send({"n": 1}, REMOTE_ADDR="10.0.0.9").status_code == 401
    assert send({"email": "a@b.example"}, key="key-open").status_code == 202


def test_only_a_trusted_proxy_is_believed_about_the_address(settings):
    source()
    send({"n": 1}, HTTP_X_FORWARDED_FOR="6.6.6.6")
    send({"n": 2}, HTTP_X_FORWARDED_FOR="7.7.7.7")
    settings.TRUSTED_PROXIES = 1
    send({"n": 3}, HTTP_X_FORWARDED_FOR="6.6.6.6, 8.8.8.8")
    send({"n": 4}, HTTP_X_FORWARDED_FOR="5.5.5.5, 8.8.8.8")
    senders = [s.headers["sender"] for s in Submission.objects.order_by("id")]
    assert senders[0] == senders[1] != senders[2] == senders[3]


def test_refusals_are_counted_per_source_day_and_reason(noon):  # noqa: F811
    source(signed=True, scheme="leadops", secret="s")
    for _ in range(3):
        send({})
    send({}, key="nobody")
    send({}, HTTP_CONTENT_ENCODING="gzip")
    assert refusals.flush() == 5 and refusals.flush() == 0
    send({})
    refusals.flush()
    kept = {(r.source_slug, r.code): (r.count, r.day, r.last_at) for r in Refusal.objects.all()}
    assert kept == {
        ("website", "signature"): (4, NOON.date(), NOON),
        ("?", "unknown-source"): (1, NOON.date(), NOON),
        ("website", "content-encoding"): (1, NOON.date(), NOON),
    }


def test_refusals_of_an_outage_count_under_the_source_last_seen_at_the_key(monkeypatch):
    source()
    assert send({"n": 1}).status_code == 202

    def away(*_given):
        raise OperationalError("connection refused")

    monkeypatch.setattr(live_sources, "_read", away)
    monkeypatch.setattr(live_sources, "KEEP", -1.0)
    monkeypatch.setattr("capture.receive.connection.close", lambda: None)
    assert send({"n": 2}).status_code == 503
    assert send({"n": 3}, key="never-seen").status_code == 503
    assert {slug: n for (slug, _day, _code), n in refusals._counts.items()} == {"website": 1, refusals.UNKNOWN: 1}


def test_counts_that_cannot_be_written_wait_for_the_next_flush(monkeypatch):
    refusals.count("website", "signature")

    def away(*args):
        raise OperationalError

    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(refusals, "_write", away)
        refusals.flush()
    refusals.count("website", "signature")
    refusals.flush()
    assert Refusal.objects.get().count == 2


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_compressed_bodies_are_refused_uninflated(encoding):
    """C8."""
    source()
    answer = send(b"\x1f\x8b" + b"\x00" * 500, HTTP_CONTENT_ENCODING=encoding)
    assert (answer.status_code, answer.json()["code"]) == (415, "content-encoding")


def test_the_limit_of_a_body_is_one_mebibyte():
    source()
    assert send(b"x" * 1024 * 1024).status_code == 202
    answer = send(b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_an_announced_size_is_refused_before_a_byte_is_read(monkeypatch):
    """C8."""
    source()
    monkeypatch.setattr("capture.doors._read", lambda meta, length: pytest.fail("the body was read"))
    assert send(b"x", CONTENT_LENGTH=str(10 * 2**30)).status_code == 413


def raw_post(body: bytes, **environ):
    """As the WSGI server hands it over, without the test client's own reading."""
    base = RequestFactory().post("/in/key-website").environ
    del base["CONTENT_LENGTH"]
    request = WSGIRequest({**base, "CONTENT_TYPE": "application/json", "wsgi.input": BytesIO(body), **environ})
    return views.take_submission(request, "key-website")


def test_a_body_shorter_than_announced_is_not_taken_for_whole():
    source()
    assert raw_post(b'{"a": 1}', CONTENT_LENGTH="900").status_code == 400
    assert not Submission.objects.exists()


def test_a_body_in_chunks_is_read_to_its_end_or_refused_but_never_stored_as_empty():
    source()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert raw_post(b'{"a": 1}', **chunked).status_code == 411
    assert raw_post(b'{"a": 1}', **chunked, **{"wsgi.input_terminated": True}).status_code == 202
    assert bytes(Submission.objects.get().body) == b'{"a": 1}'
    assert raw_post(b"x" * (1024 * 1024 + 1), **chunked, **{"wsgi.input_terminated": True}).status_code == 413


@pytest.mark.django_db(transaction=True)
def test_in_a_web_process_a_thread_rings_for_the_ticker_and_writes_the_counts(settings, monkeypatch):
    settings.ROLE = "web"
    monkeypatch.setattr(bell, "FLUSH_EVERY", 0.05)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
        listener.execute("LISTEN leadops_due")
        rung = bell.Bell()
        refusals.count("website", "signature")
        for _ in range(20):
            rung.ring()
        heard = list(listener.notifies(timeout=2, stop_after=1))
        until = time.monotonic() + 2
        while not Refusal.objects.exists() and time.monotonic() < until:
            time.sleep(0.02)
        more = list(listener.notifies(timeout=0.3))
    rung.stop()
    assert [one.channel for one in heard] == ["leadops_due"] and len(more) <= 1
    assert Refusal.objects.get().count == 1
