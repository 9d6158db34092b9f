"""The accept: committed before it is answered, once per delivery, whatever comes again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client, RequestFactory

from capture import bell, limits, live_sources, receive, shortcut, storing
from capture.models import Source, Submission
from capture.tests.batch import run
from capture.tests.posting import NOON, fresh_process, noon, round_trips, send, source  # noqa: F401
from leadops import ids, moment, sealed
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


def test_accepting_a_known_source_is_one_round_trip():
    source()
    send(ANNA)
    with round_trips(1):
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

    monkeypatch.setattr(storing, "insert", away)
    monkeypatch.setattr("capture.receive.connection.close", lambda: None)
    answer = send(ANNA)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "database-away")


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_locked_table_is_told_to_come_back_and_the_row_is_kept_then():
    """The web's connections wait five seconds at most (settings); here a tenth of one."""
    source()
    assert send(ANNA).status_code == 202
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("LOCK TABLE capture_submission IN ACCESS EXCLUSIVE MODE")
        answer = send({**ANNA, "n": 1})
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "database-away")
    assert send({**ANNA, "n": 1}).status_code == 202


def test_the_web_waits_five_seconds_for_a_lock():
    """As the process that serves it is set up, and none that works in the background."""
    said = "from leadops import settings; print(settings.DATABASES['default']['OPTIONS'].get('options', ''))"
    for role, waits in (("web", True), ("cluster", False)):
        told = subprocess.run(
            [sys.executable, "-c", said],
            env={**os.environ, "LEADOPS_ROLE": role},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("lock_timeout=5s" in told.stdout) is waits


def test_what_the_statement_stores_is_what_the_plain_form_stores():
    made = source()
    at = moment.now()
    key, digest = ids.uuid7(), b"d" * 32
    packed = storing.packed(
        key, made.pk, "v:1", b"", at, "text/é", '{"a": "é"}', b"\x00\xff", digest, True, "spam", "flood", '["x"]'
    )
    assert storing.insert(packed) == (key, True)
    plain = Submission.objects.create(
        source=made, delivery_key="v:2", received_at=at, content_type="text/é", headers={"a": "é"}, body=b"\x00\xff",
        digest=digest, verified=True, end="spam", reason="flood", warnings=["x"], ended_at=at,
    )  # fmt: skip
    ours, theirs = Submission.objects.filter(pk__in=[key, plain.pk]).order_by("delivery_key").values()
    for name in ("id", "delivery_key", "xid"):
        del ours[name], theirs[name]
    assert {k: bytes(v) if isinstance(v, memoryview) else v for k, v in ours.items()} == {
        k: bytes(v) if isinstance(v, memoryview) else v for k, v in theirs.items()
    }


@pytest.mark.django_db(transaction=True)
def test_the_statement_joins_the_transaction_it_is_called_in():
    made = source()
    with pytest.raises(RuntimeError), transaction.atomic():
        storing.insert(
            storing.packed(
                ids.uuid7(), made.pk, "v:1", b"", moment.now(), "", "{}", b"", b"d" * 32, False, "pending", "", "[]"
            )
        )
        raise RuntimeError
    assert not Submission.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_forgot_the_statement_still_stores():
    """Behind a pooler each transaction may meet another session."""
    source()
    assert send(ANNA).status_code == 202
    assert prepared() == [storing._NAME.decode()]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert send({**ANNA, "n": 1}).status_code == 202
    assert Submission.objects.count() == 2 and prepared() == []
    assert send({**ANNA, "n": 2}).status_code == 202
    assert Submission.objects.count() == 3 and prepared() == [storing._NAME.decode()]


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'accept%'")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_a_session_that_prepared_the_statement_for_another_connection_stores_too():
    source()
    assert send(ANNA).status_code == 202
    storing._ready.line = None  # as a connection that a pooler hands the session of another
    for n in (1, 2):
        assert straight(json.dumps({**ANNA, "n": n}).encode())[0] == "202 Accepted"
    assert Submission.objects.count() == 3 and storing._ready.line is connection.connection


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_no_name_is_relied_on():
    source()
    assert send(ANNA).status_code == 202
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        assert send({**ANNA, "n": 1}).status_code == 202
    assert Submission.objects.count() == 2


def straight(body: bytes = b"{}", **environ):
    """As the web server calls it: status, headers by name, body; None where Django is to answer."""
    asked = RequestFactory().post("/in/key-website", body, content_type="application/json").environ
    told = []
    answer = shortcut.straight({**asked, **environ}, lambda status, headers: told.append((status, dict(headers))))
    return answer and (*told[0], json.loads(b"".join(answer)))


def test_the_servers_own_way_to_the_intake_says_and_stores_the_same():
    source()
    status, headers, body = straight(b'{"n": 1}')
    answer = send(b'{"n": 2}')
    assert (status, body["status"]) == ("202 Accepted", "accepted")
    own = ("Content-Length", "X-Request-ID")
    assert {name: value for name, value in headers.items() if name not in own} == {
        name: value for name, value in answer.items() if name not in own
    }
    assert headers["Content-Length"] == str(len(json.dumps(body)))
    kept = [each.headers["leadops-request"] for each in Submission.objects.order_by("id")]
    assert kept == [headers["X-Request-ID"], answer["X-Request-ID"]] and len(set(kept)) == 2
    assert straight(b'{"n": 2}')[0] == "200 OK"
    assert [bytes(each.body) for each in Submission.objects.order_by("id")] == [b'{"n": 1}', b'{"n": 2}']


def test_what_is_no_post_to_the_intake_or_names_another_host_is_left_to_django():
    source()
    assert straight(PATH_INFO="/inbox") is None
    assert straight(REQUEST_METHOD="GET") is None
    assert straight(HTTP_HOST="evil.example") is None
    assert straight(PATH_INFO="/in/none")[0] == "404 Not Found"
    assert straight(CONTENT_TYPE='x/y; charset="\x00"')[0] == "202 Accepted"


def test_a_fault_of_ours_on_the_servers_way_is_one_500_that_is_logged(monkeypatch, caplog):
    source()

    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(storing, "insert", fail)
    monkeypatch.setattr(shortcut.connections, "close_all", lambda: None)
    status, _headers, body = straight()
    assert (status, body["code"]) == ("500 Internal Server Error", "fault")
    assert "could not be answered" in caplog.text


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


def test_the_intake_meets_no_session_and_says_how_its_answer_may_be_used():
    source()
    send(ANNA)
    with round_trips(1):
        answer = send({**ANNA, "n": 1}, HTTP_COOKIE="sessionid=x; csrftoken=y")
    assert not answer.cookies and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(answer.content))
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_host_that_is_not_ours_is_400():
    source()
    assert send(ANNA, HTTP_HOST="evil.example").status_code == 400
