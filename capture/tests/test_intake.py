"""The accept: committed before it is answered, once per delivery, whatever comes again."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.test import Client

from capture import bell, intake, limits, live_sources, receive
from capture.models import Source, Submission
from capture.tests.batch import run
from capture.tests.posting import NOON, fresh_process, noon, send, source  # noqa: F401
from leadops import moment, sealed
from leadops.models import Lead
from leadops.tests.scale import sized

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]
ANNA = {"email": "anna@tour.example", "first_name": "Anna"}


def test_a_new_submission_is_stored_as_received_and_answered_202():
    source()
    raw = b'{ "email" : "anna@tour.example", "note": "caf\\u00e9" }'
    answer = send(raw, HTTP_USER_AGENT="Zap", HTTP_AUTHORIZATION="Bearer secret")
    assert answer.status_code == 202
    kept = Submission.objects.get()
    assert answer.json() == {"submission": str(kept.pk), "status": "accepted"}
    assert bytes(kept.body) == raw and bytes(kept.digest) == hashlib.sha256(raw).digest()
    assert (kept.end, kept.content_type, kept.headers["user-agent"]) == ("pending", "application/json", "Zap")
    assert "secret" not in json.dumps(kept.headers) and "127.0.0.1" not in json.dumps(kept.headers)


def test_sources_in_use_are_looked_at_again_all_at_once(django_assert_num_queries, monkeypatch):
    for n in range(6):
        source(f"s{n}", secret=f"secret {n}")
        live_sources.by_key(f"key-s{n}", moment.now())
    live_sources.by_key("no-such-key", moment.now())
    monkeypatch.setattr(live_sources, "KEEP", -1)
    with django_assert_num_queries(2):
        found = live_sources.by_key("key-s3", moment.now())
    assert found.secrets == ("secret 3",)
    monkeypatch.setattr(live_sources, "KEEP", 60)
    with django_assert_num_queries(0):
        assert live_sources.by_key("key-s5", moment.now()).secrets == ("secret 5",)


def test_accepting_a_known_source_is_one_round_trip(django_assert_num_queries):
    source()
    send(ANNA)
    with django_assert_num_queries(1):
        assert send({**ANNA, "n": 1}).status_code == 202


def test_the_same_delivery_again_is_200_with_the_same_id():
    source()
    first, again = (send(ANNA, HTTP_IDEMPOTENCY_KEY="d-1") for _ in range(2))
    assert again.status_code == 200 and again.json() == {**first.json(), "status": "duplicate"}
    assert Submission.objects.get().deliveries == 2


def test_the_same_id_with_another_body_is_kept_beside_it_as_a_conflict():
    """C3."""
    source()
    first = send(ANNA, HTTP_IDEMPOTENCY_KEY="d-1")
    for deliveries in (1, 2):
        other = send({**ANNA, "first_name": "Eve"}, HTTP_IDEMPOTENCY_KEY="d-1")
        assert other.status_code == 200 and other.json()["status"] == "conflict"
        kept = Submission.objects.get(pk=other.json()["submission"])
        assert (kept.end, kept.reason, kept.deliveries) == ("quarantined", "conflict", deliveries)
        assert kept.ended_at is not None
    assert Submission.objects.get(pk=first.json()["submission"]).end == "pending"
    assert Submission.objects.count() == 2


def test_without_an_id_an_equal_body_is_one_delivery_within_ten_minutes(noon):  # noqa: F811
    """C2, without any id."""
    source()
    assert [send(ANNA).status_code, send(ANNA).status_code] == [202, 200]
    with moment.at(NOON + timedelta(minutes=9)):
        assert send(ANNA).status_code == 200
    with moment.at(NOON + timedelta(minutes=10)):
        assert send(ANNA).status_code == 202
    assert send({**ANNA, "n": 2}).status_code == 202


def test_the_key_of_one_source_says_nothing_in_another():
    source()
    source("other")
    assert send(ANNA, HTTP_IDEMPOTENCY_KEY="x").status_code == 202
    assert send(ANNA, key="key-other", HTTP_IDEMPOTENCY_KEY="x").status_code == 202


def test_long_or_strange_ids_are_never_made_one_by_cutting():
    source(mapping={"delivery_key": "id"})
    ids = ["a" * 300 + "1", "a" * 300 + "2", "\u0000x", "x", "\ud800", 9007199254740993, 9007199254740992]
    for one in ids:
        assert send({"id": one}).status_code == 202
    assert Submission.objects.count() == len(ids)


@pytest.mark.parametrize(
    ("state", "status"), [(Source.State.LIVE, 202), (Source.State.PAUSED, 202), (Source.State.ENDED, 404)]
)
def test_a_paused_source_still_stores_and_an_ended_one_is_gone(state, status):
    source(state=state)
    assert send(ANNA).status_code == status


@pytest.mark.parametrize("key", ["nothing", "a" * 500, "%00", "%ff%fe", "a%20b", "..%5c"])
def test_an_unknown_address_is_404(key):
    answer = send(ANNA, key=key)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-source")


@pytest.mark.parametrize("method", ["head", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_405_and_name_what_is_allowed(method):
    source()
    answer = getattr(Client(), method)("/in/key-website")
    assert answer.status_code == 405 and answer["Allow"] == "GET, POST"


def test_method_override_headers_change_nothing():
    source()
    assert send(ANNA, HTTP_X_HTTP_METHOD_OVERRIDE="DELETE").status_code == 202


def test_the_database_being_away_is_503_with_retry_after(monkeypatch):
    source()

    def away(*args):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(intake, "_insert", away)
    monkeypatch.setattr("capture.receive.connection.close", lambda: None)
    answer = send(ANNA)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "database-away")


def test_a_statement_of_the_accept_that_hangs_is_cut():
    with connection.cursor() as cursor, pytest.raises(OperationalError, match="statement timeout"):
        cursor.execute(intake._SQL.split(";")[0].replace("5000", "50") + "; SELECT pg_sleep(3)")


def test_handshake_answers_the_challenge_only_to_the_right_token():
    source(adapter="json", scheme="meta")
    sealed.put("handshake:website", "our-token", moment.now())
    ask = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "our-token"}
    answer = Client().get("/in/key-website", ask)
    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert Client().get("/in/key-website", {**ask, "hub.verify_token": "other"}).status_code == 403
    assert Client().get("/in/key-website", {**ask, "hub.challenge": "<b>"}).status_code == 403


def test_a_source_without_handshake_answers_405_to_get():
    source()
    assert Client().get("/in/key-website").status_code == 405


def test_a_changed_secret_or_state_is_noticed_within_seconds(monkeypatch):
    made = source()
    assert send(ANNA).status_code == 202
    Source.objects.filter(pk=made.pk).update(state="ended")
    assert send({**ANNA, "n": 1}).status_code == 202
    monkeypatch.setattr(live_sources, "KEEP", -1)
    assert send({**ANNA, "n": 2}).status_code == 404


def test_rings_between_two_announcements_become_one_notify():
    rung = bell.Bell()
    assert rung.announce() is False
    for _ in range(50):
        rung.ring()
    assert rung.announce() is True and rung.announce() is False


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_posts_of_each_delivery_are_one_row_each(monkeypatch):
    """C1: 50 posts of each of 20 ids (100 in the proof) from 8 threads: a row and a lead for each, every delivery counted."""
    ids = sized(20, 100)
    source(mapping={"delivery_key": "lead"})
    live_sources.by_key("key-website", moment.now())
    posts = [{"lead": f"L{n % ids}", "email": f"p{n % ids}@tour{n % ids}.example"} for n in range(50 * ids)]
    local = threading.local()

    def one(body):
        if not hasattr(local, "client"):
            local.client = Client()
        return send(body, client=local.client).status_code

    def all_of(part):
        try:
            return [one(body) for body in part]
        finally:
            connections.close_all()

    monkeypatch.setattr(limits, "PER_SOURCE", limits.Limit(1e6, 1))
    with ThreadPoolExecutor(8) as threads:
        answers = [a for part in threads.map(all_of, [posts[n::8] for n in range(8)]) for a in part]
    assert (answers.count(202), answers.count(200)) == (ids, 49 * ids)
    assert list(Submission.objects.values_list("deliveries", flat=True)) == [50] * ids
    assert run(moment.now()).ends == {"created": ids}
    assert Lead.objects.count() == ids


@pytest.mark.django_db(transaction=True)
def test_the_row_is_committed_when_the_answer_leaves(monkeypatch):
    """C11: an answer lost after the commit makes the retry a duplicate, not a second row."""
    source()

    class Lost(Exception):
        pass

    def lose():
        raise Lost

    with monkeypatch.context() as lossy, pytest.raises(Lost):
        lossy.setattr(receive.bell, "ring", lose)
        send(ANNA, HTTP_IDEMPOTENCY_KEY="d-1")
    connection.close()
    assert Submission.objects.count() == 1
    assert send(ANNA, HTTP_IDEMPOTENCY_KEY="d-1").json()["status"] == "duplicate"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_requests_costs_nothing():
    source()
    assert send(ANNA).status_code == 202
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    assert send({**ANNA, "n": 1}).status_code == 202
    assert Submission.objects.count() == 2


def test_the_intake_meets_no_session_and_says_how_its_answer_may_be_used(django_assert_num_queries):
    source()
    send(ANNA)
    with django_assert_num_queries(1):
        answer = send({**ANNA, "n": 1}, HTTP_COOKIE="sessionid=x; csrftoken=y")
    assert not answer.cookies and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(answer.content))
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_host_that_is_not_ours_is_400():
    source()
    assert send(ANNA, HTTP_HOST="evil.example").status_code == 400
