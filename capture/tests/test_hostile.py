"""The hostile corpus before every kind of source: stored as it came, then read or set aside; at the doors it is another test's."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture import intake, limits
from capture.adapters import ADAPTERS, Unreadable
from capture.models import Submission
from capture.tests.posting import fresh_process, send, source  # noqa: F401
from leadops.tests import corpus
from leadops.tests.scale import SCALE

pytestmark = [pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]

WORDS = corpus.texts() if SCALE == "proof" else dict(list(corpus.texts().items())[::20])
BODIES = {
    **corpus.bodies(),
    **{name: json.dumps(dict.fromkeys(("id", "email", "name", "company", "phone", "message", "country", text), text)).encode()
       for name, text in WORDS.items()},
}  # fmt: skip
client = Client(raise_request_exception=False)


def stored(answer) -> Submission:
    assert answer.status_code in (200, 202), answer.content[:200]
    return Submission.objects.get(pk=answer.json()["submission"])


def read_or_unreadable(kept: Submission) -> None:
    try:
        for draft in ADAPTERS[kept.source.adapter].read(kept, kept.source):
            text = json.dumps(draft.extra, allow_nan=False)
            assert "\\u0000" not in text.replace("\\\\", "")  # the six letters may stand there, the character not
    except Unreadable as fault:
        assert fault.code and len(fault.code) <= 40 and len(fault.message) <= 500


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_hostile_body_is_stored_and_then_read_or_set_aside(adapter, monkeypatch):
    """C9; deep, long and many-fielded ones too (C8). How many a second are let in is another test's."""
    monkeypatch.setattr(limits, "PER_SOURCE", limits.Limit(1e6, 1))
    source(adapter=adapter, mapping={"delivery_key": "id"})
    for name, raw in BODIES.items():
        if len(raw) <= intake.MOST_BYTES:
            kept = stored(send(raw, client=client))
            assert bytes(kept.body) == raw, name
            read_or_unreadable(kept)


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
