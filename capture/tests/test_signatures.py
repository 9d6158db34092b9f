"""Every scheme accepts its own signatures and nothing one byte away; old times and dead secrets are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from capture import live_sources
from capture.models import Submission
from capture.signatures import SCHEMES, sign, verify
from capture.tests.posting import NOON, fresh_process, noon, send, source  # noqa: F401
from leadops import moment, sealed

AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECRET = "a secret of ours"
BODY = b'{"email": "anna@tour.example", "note": "caf\\u00e9"}'
STAMP = str(int(AT.timestamp()))
URL = "https://desk.example/in/key"


def _b64(text: bytes, key: bytes = SECRET.encode()) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _hex(text: bytes, digest=hashlib.sha256) -> str:
    return hmac.new(SECRET.encode(), text, digest).hexdigest()


def _sha(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


HEADERS = {
    "leadops": {"Leadops-Signature": sign(SECRET, BODY, AT)},
    "standard_webhooks": {
        "webhook-id": "msg_1",
        "webhook-timestamp": STAMP,
        "webhook-signature": f"v1,{_b64(f'msg_1.{STAMP}.'.encode() + BODY)}",
    },
    "typeform": {"Typeform-Signature": f"sha256={_b64(BODY)}"},
    "meta": {"X-Hub-Signature-256": f"sha256={_hex(BODY)}"},
    "tally": {"Tally-Signature": _b64(BODY)},
    "calendly": {"Calendly-Webhook-Signature": f"t={STAMP},v1={_hex(STAMP.encode() + b'.' + BODY)}"},
    "intercom": {"X-Hub-Signature": f"sha1={_hex(BODY, hashlib.sha1)}"},
    "hubspot_v1": {"X-HubSpot-Signature": _sha(SECRET.encode() + BODY)},
    "hubspot_v2": {"X-HubSpot-Signature": _sha(SECRET.encode() + b"POST" + URL.encode() + BODY)},
    "hubspot_v3": {
        "X-HubSpot-Request-Timestamp": f"{STAMP}000",
        "X-HubSpot-Signature-v3": _b64(b"POST" + URL.encode() + BODY + f"{STAMP}000".encode()),
    },
}
STAMPED = ("leadops", "standard_webhooks", "calendly", "hubspot_v3")


def good(scheme, headers, raw=BODY, secrets=(SECRET,), at=AT) -> bool:
    return verify(scheme, secrets, headers, raw, "POST", URL, at)


def test_the_table_below_names_every_scheme():
    assert HEADERS.keys() == SCHEMES.keys()


@pytest.mark.parametrize("scheme", HEADERS)
def test_its_own_signature_is_accepted(scheme):
    assert good(scheme, HEADERS[scheme])
    assert good(scheme, {name.upper(): value for name, value in HEADERS[scheme].items()})


@pytest.mark.parametrize("scheme", HEADERS)
def test_every_changed_byte_of_the_body_is_refused(scheme):
    """C6; the bytes count as they came, whatever they mean (C7)."""
    for place in range(len(BODY)):
        changed = bytearray(BODY)
        changed[place] ^= 1
        assert not good(scheme, HEADERS[scheme], bytes(changed)), place
    assert not good(scheme, HEADERS[scheme], BODY + b" ")
    assert not good(scheme, HEADERS[scheme], BODY.replace(b"\\u00e9", "é".encode()))  # C7: signed as sent


@pytest.mark.parametrize("scheme", HEADERS)
def test_every_changed_character_of_the_headers_is_refused(scheme):
    """C6."""
    for name, value in HEADERS[scheme].items():
        for place in range(len(value)):
            changed = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            assert not good(scheme, {**HEADERS[scheme], name: changed}), (name, place)
        assert not good(scheme, {**HEADERS[scheme], name: ""})
        assert not good(scheme, {**HEADERS[scheme], name: "é\udc80" * 50})


@pytest.mark.parametrize("scheme", HEADERS)
def test_without_secret_header_or_with_the_wrong_secret_it_is_refused(scheme):
    assert not good(scheme, {})
    assert not good(scheme, HEADERS[scheme], secrets=())
    assert not good(scheme, HEADERS[scheme], secrets=("another",))
    assert not good("no-such-scheme", HEADERS[scheme])


@pytest.mark.parametrize("scheme", HEADERS)
def test_while_a_secret_rotates_both_are_good(scheme):
    assert good(scheme, HEADERS[scheme], secrets=("the next one", SECRET))


@pytest.mark.parametrize("scheme", STAMPED)
@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (299, True), (301, False), (-299, True), (-301, False)])
def test_a_signed_time_is_good_for_five_minutes(scheme, seconds, fresh):
    assert good(scheme, HEADERS[scheme], at=AT + timedelta(seconds=seconds)) is fresh


# -- at the door --------------------------------------------------------------------------------------------


@pytest.fixture
def signed_source(db, noon):  # noqa: F811
    return source(signed=True, scheme="leadops", secret=SECRET)


@pytest.mark.urls("capture.tests.public_urls")
def test_a_signed_post_is_verified_and_a_forged_one_leaves_nothing(signed_source):
    assert send(BODY, HTTP_LEADOPS_SIGNATURE=sign(SECRET, BODY, NOON)).status_code == 202
    assert Submission.objects.get().verified
    for headers in ({}, {"HTTP_LEADOPS_SIGNATURE": sign("wrong", BODY, NOON)}):
        answer = send(BODY + b" ", **headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature")
    assert Submission.objects.count() == 1


@pytest.mark.urls("capture.tests.public_urls")
def test_a_replay_after_five_minutes_is_401_and_no_row(signed_source):
    header = {"HTTP_LEADOPS_SIGNATURE": sign(SECRET, BODY, NOON)}
    with moment.at(NOON + timedelta(seconds=301)):
        assert send(BODY, **header).status_code == 401
    assert not Submission.objects.exists()


@pytest.mark.urls("capture.tests.public_urls")
def test_a_replay_where_no_time_is_signed_is_a_duplicate_forty_days_later(db, noon):  # noqa: F811
    source(signed=True, scheme="meta", secret=SECRET, mapping={"delivery_key": "leadgen"})
    raw = b'{"leadgen": 444444444444}'
    header = {"HTTP_X_HUB_SIGNATURE_256": "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()}
    assert send(raw, **header).status_code == 202
    with moment.at(NOON + timedelta(days=40)):
        assert send(raw, **header).status_code == 200
    assert Submission.objects.get().deliveries == 2


@pytest.mark.urls("capture.tests.public_urls")
def test_in_the_overlap_both_secrets_work_and_a_retired_one_stops(signed_source):
    """C6."""
    sealed.put("source:website", "the new secret", NOON)
    for number, secret in enumerate((SECRET, "the new secret")):
        raw = BODY + b" " * number
        assert send(raw, HTTP_LEADOPS_SIGNATURE=sign(secret, raw, NOON)).status_code == 202
    sealed.Secret.objects.update(retires_at=NOON)
    live_sources.forget()
    assert send(BODY + b"  ", HTTP_LEADOPS_SIGNATURE=sign(SECRET, BODY + b"  ", NOON)).status_code == 401
