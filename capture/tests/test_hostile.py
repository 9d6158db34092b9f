"""The hostile corpus against intake and form: stored and answered, never a 500, never a lost submission."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture import limits
from capture.adapters import ADAPTERS, Unreadable
from capture.models import Form, Submission
from capture.tests.posting import fresh_process, send, source  # noqa: F401
from leadops.wsgi import application

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]

VALUES = [
    r"\u0000", r"a\u0000b", r"\ud800", r"\udfff", r"\ud83d\ude00", r"\u202egnp.exe", r"\u200b\u200d", "́" * 10_000,
    "İıſK", "👩‍👩‍👧‍👦", "null", "undefined", "O'Brien", "x" * 300, "'; DROP TABLE capture_submission; --", "{{ 7*7 }}!",
    "{% debug %}", "${jndi:ldap://x}!", "=cmd|'/C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "%00%ff",
    r"\n2026-01-01 CRITICAL", r"\u001b[31m", "http://[::1", "((a+)+)+$", "+33 (0)6 12 34 56 78", "٠١٢٣٤٥٦٧٨٩", "9" * 40,
    "a@b@c.example", '\\"quoted\\"@x.example', "x@[127.0.0.1]", "a@xn--bcher-kva.example", r"a@b.example\r\nBcc: c@d.example",
]  # fmt: skip
BODIES = [
    b"", b" ", b"null", b"[]", b"{}", b'"x"', b"1", b"true", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e999}',
    b'{"a":' + b"9" * 5000 + b"}", b'{"a":-' + b"9" * 5000 + b"}", b"[" * 100 + b"]" * 100, b"[" * 900 + b"]" * 900,
    b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b'{"email":"a@b.example","email":"c@d.example"}',
    b'{"__proto__":{"email":"a@b.example"}}', '{"email":"a@b.example"}'.encode("utf-8-sig"),
    '{"email":"a@b.example"}'.encode("utf-16"), '{"email":"a@b.example"}'.encode("utf-32"), b"\xff\xfe", b"\xef\xbb\xbf",
    b"\x00\x00\xfe\xff\x00", b'{"email":"\xff"}', b'{"email":"\xc0\xaf"}', b'{"email":"\xed\xa0\x80"}', b'{"a":1,}', b"{'a':1}",
    b'{"a":1 // c\n}', b'{"a":1}{"b":2}', b'{"a":1}\n{"b":2}', b'{"a":"' + b"x" * 1_000_000 + b'"}',
    json.dumps({f"k{n}": n for n in range(10_000)}).encode(), json.dumps({"k" * 10_240: 1}).encode(), b'{"\\u0000":1}',
    b'{"\\ud800":1}', b'{"a\\u0000":{"b\\u0000":"\\u0000"}}', b"\x00" * 1000, gzip.compress(b"0" * 10_000_000),
    zlib.compress(b"0" * 10_000_000), b"a=1&" * 10_000, b"%", b"a=%zz&%00=%00&=&&&", b"\r\n\r\n", b'{"lead_id":{"a":1}}',
    b'{"form_response":{"token":{"x":1},"answers":[[[]]]}}', b'{"form_response":[]}', b'{"nonce":3,"fields":[],"marks":4}',
    b'{"user_column_data":[1,{"column_id":{"a":1},"string_value":{"b":2}}],"is_test":"oui"}',
    b'{"fields":{"email":["a@b.example"],"phone":{"a":1},"employees":1e308,"consent":{"given":"\\u0000"}}}',
    *(f'{{"email":"a@b.example","name":"{v}","company":"{v}","phone":"{v}","message":"{v}","country":"{v}"}}'.encode() for v in VALUES),
    *(f'{{"id":"{v}","email":"{v}","{v}":"{v}"}}'.encode() for v in VALUES),
]  # fmt: skip
TYPES = [
    "", "application/json", "application/json; charset=utf-7", "application/json; charset=\"", "text/plain; charset=zlib",
    "application/json; charset=hex", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=\xe9", "multipart/form-data; boundary=" + "b" * 300, "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16", "image/png", "application/json, text/html", ";;;===", "a" * 8000,
    "application/json; charset*=bogus''x", "application/json; charset*=utf-8''utf-8", "application/json; charset*0*=x'",
]  # fmt: skip
PARTS = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 10_000 + b"--x--\r\n"
client = Client(raise_request_exception=False)


def stored(answer) -> Submission:
    assert answer.status_code in (200, 202), answer.content[:200]
    return Submission.objects.get(pk=answer.json()["submission"])


def read_or_unreadable(kept: Submission) -> None:
    try:
        for draft in ADAPTERS[kept.source.adapter].read(kept, kept.source):
            text = json.dumps(draft.extra, allow_nan=False)
            assert "\\u0000" not in text
    except Unreadable as fault:
        assert fault.code and len(fault.code) <= 40 and len(fault.message) <= 500


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_hostile_body_is_stored_and_then_read_or_set_aside(adapter, monkeypatch):
    """C9; deep, long and many-fielded ones too (C8). How many a second are let in is another test's."""
    monkeypatch.setattr(limits, "PER_SOURCE", limits.Limit(1e6, 1))
    source(adapter=adapter, mapping={"delivery_key": "id"})
    for number, raw in enumerate(BODIES):
        kept = stored(send(raw, client=client))
        assert bytes(kept.body) == raw, number
        read_or_unreadable(kept)


def at_the_door(method: str, path: str, raw: bytes, content_type: str) -> tuple[int, bytes]:
    """Through the WSGI application itself: the test client builds its requests another way."""
    environ = RequestFactory().generic(method, path, raw).environ | {"CONTENT_TYPE": content_type}
    answered: list[int] = []
    request_started.disconnect(close_old_connections)  # as the test client does: the test's transaction stays open
    try:
        body = b"".join(application(environ, lambda status, headers: answered.append(int(status[:3]))))
    finally:
        request_started.connect(close_old_connections)
    return answered[0], body


@pytest.mark.parametrize("number", range(len(TYPES)))
def test_every_odd_content_type_is_stored_and_then_read_or_set_aside(number):
    source()
    for raw in (b'{"email":"a@b.example"}', b"email=a%40b.example", PARTS, PARTS[:100]):
        for path in ("/in/key-website", "/in/key-website?x=%ff"):
            status, body = at_the_door("POST", path, raw, TYPES[number])
            assert status in (200, 202), body
            read_or_unreadable(Submission.objects.get(pk=json.loads(body)["submission"]))


@pytest.mark.parametrize("header", ["HTTP_IDEMPOTENCY_KEY", "HTTP_USER_AGENT", "HTTP_WEBHOOK_ID", "HTTP_X_REQUEST_ID"])
@pytest.mark.parametrize("value", ["x" * 8000, "\xff\x00", "\udce9", "  ", "'; --", "\x1b[31m\n"])
def test_odd_headers_are_stored_or_passed_over(header, value):
    source()
    stored(send({"email": "a@b.example"}, client=client, **{header: value}))


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
names = st.sampled_from(["email", "phone", "country", "name", "utm_source", "landing_page", "submitted_at", "employees",
                         "fields", "form_response", "answers", "user_column_data", "hidden", "value", "options", "x"])  # fmt: skip
trees = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=6), max_leaves=25)  # fmt: skip


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_json_makes_a_reader_fail(adapter):
    from capture.tests.test_adapters import NOON, Received

    class Any_:
        phone_region = "FR"
        mapping: dict[str, object] = {"email": "x"}

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(trees)
    def check(tree):
        raw = json.dumps(tree).encode()
        ADAPTERS[adapter].peek({}, raw, ["s"], {"delivery_key": "x"})
        try:
            drafts = ADAPTERS[adapter].read(Received(raw, received_at=NOON), Any_())
            assert drafts  # several only from who sends several events at once
            json.dumps([draft.extra for draft in drafts], allow_nan=False).encode()
        except Unreadable:
            return

    check()


@pytest.fixture
def contact_form(db) -> Form:
    fields = [{"name": "email", "required": True}, {"name": "name"}, {"name": "country"}, {"name": "message"}]
    return Form.objects.create(slug="contact", source=source("form", adapter="hosted"), fields=fields)


def test_hostile_values_in_the_form_are_stored_or_shown_again(contact_form, monkeypatch):
    monkeypatch.setattr(limits, "FORM_PER_ADDRESS", limits.Limit(1e6, 1))
    monkeypatch.setattr(limits, "FORM_PER_FORM", limits.Limit(1e6, 1))
    for value in [json.loads(f'"{v}"') for v in VALUES]:
        value = value.encode("utf-8", "replace").decode()
        body = {
            "email": "a@b.example",
            "name": value,
            "message": value,
            "nonce": value,
            "utm_source": value,
            "lang": value,
        }
        assert client.post("/f/contact", body).status_code in (303, 422)
        assert client.post("/f/contact", {**body, "email": value}).status_code in (303, 422)
        assert client.get("/f/contact", {"utm_source": value, "lang": value}).status_code == 200
    for kept in Submission.objects.select_related("source"):
        read_or_unreadable(kept)


@pytest.mark.parametrize("content_type", TYPES)
def test_odd_posts_to_the_form_are_client_errors_at_most(contact_form, content_type):
    for raw in (b"", b"email=a%40b.example&name=%ff%00", b"a=1&" * 10_000, PARTS, b"\xff" * 100, b"{}"):
        status, answer = at_the_door("POST", "/f/contact?x=%ff%00", raw, content_type)
        assert status < 500, answer[:200]
    assert at_the_door("GET", "/f/contact?utm_source=%ff%00%ed%a0%80", b"", content_type)[0] == 200
