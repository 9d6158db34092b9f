"""Whether a request was signed with one of a source's live secrets, per vendor's scheme; pure, in constant time.

Signatures are checked over the raw bytes before anything is parsed. Every live secret is tried (rotation).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=5)
_decoded_in_uri = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a scheme may sign; header names are lower case."""

    headers: Mapping[str, str]
    raw: bytes
    method: str
    url: str

    def header(self, name: str) -> bytes:
        return self.headers.get(name, "").encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Scheme:
    """`stamp` gives the signed instant where the scheme has one; `pairs` each (expected, given) to compare."""

    pairs: Callable[[bytes, Signed], Iterator[tuple[bytes, bytes]]]
    stamp: Callable[[Signed], bytes] | None = None
    milliseconds: bool = False


def verify(
    scheme: str, secrets: Sequence[str], headers: Mapping[str, str], raw: bytes, method: str, url: str, at: datetime
) -> bool:
    """True when one live secret made the signature and the signed time, where there is one, is fresh."""
    rule = SCHEMES.get(scheme)
    if rule is None:
        return False
    signed = Signed({name.lower(): value for name, value in headers.items()}, raw, method.upper(), url)
    fresh = rule.stamp is None or _fresh(rule.stamp(signed), rule.milliseconds, at)
    good = False
    for secret in secrets:
        for expected, given in rule.pairs(secret.encode(), signed):
            good |= bool(given) and hmac.compare_digest(expected, given)
    return good and fresh


def sign(secret: str, raw: bytes, at: datetime) -> str:
    """Our own scheme's header `Leadops-Signature`, for partners' code and tests."""
    stamp = str(int(at.timestamp())).encode()
    return f"t={stamp.decode()},v1={_hex(secret.encode(), stamp + b'.' + raw).decode()}"


def _fresh(stamp: bytes, milliseconds: bool, at: datetime) -> bool:
    if not stamp.isdigit() or len(stamp) > 16:
        return False
    seconds = int(stamp) / 1000 if milliseconds else int(stamp)
    return abs(at.timestamp() - seconds) <= WINDOW.total_seconds()


def _hex(key: bytes, text: bytes, digest: Callable[..., object] | str = hashlib.sha256) -> bytes:
    return hmac.new(key, text, digest).hexdigest().encode()  # type: ignore[arg-type]


def _base64(key: bytes, text: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())


def _meta(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    yield b"sha256=" + _hex(key, signed.raw), signed.header("x-hub-signature-256")


def _intercom(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    yield b"sha1=" + _hex(key, signed.raw, hashlib.sha1), signed.header("x-hub-signature")


def _typeform(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    yield b"sha256=" + _base64(key, signed.raw), signed.header("typeform-signature")


def _tally(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    yield _base64(key, signed.raw), signed.header("tally-signature")


def _hubspot_v1(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    yield hashlib.sha256(key + signed.raw).hexdigest().encode(), signed.header("x-hubspot-signature")


def _hubspot_v2(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    text = key + signed.method.encode() + signed.url.encode() + signed.raw
    yield hashlib.sha256(text).hexdigest().encode(), signed.header("x-hubspot-signature")


def _hubspot_v3(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    uri = _decoded_in_uri.sub(lambda found: chr(int(found.group(1), 16)), signed.url)
    text = signed.method.encode() + uri.encode() + signed.raw + signed.header("x-hubspot-request-timestamp")
    yield _base64(key, text), signed.header("x-hubspot-signature-v3")


def _stamped(header: str) -> tuple[Callable[[bytes, Signed], Iterator[tuple[bytes, bytes]]], Callable[[Signed], bytes]]:
    """`t=<seconds>,v1=<hex>[,v1=<hex>…]` over "<t>.<body>"."""

    def parts(signed: Signed) -> list[tuple[bytes, bytes]]:
        found = [part.partition(b"=") for part in signed.header(header).split(b",")]
        return [(name.strip(), value.strip()) for name, _equals, value in found]

    def stamp(signed: Signed) -> bytes:
        stamps = [value for name, value in parts(signed) if name == b"t"]
        return stamps[0] if len(stamps) == 1 else b""

    def pairs(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
        expected = _hex(key, stamp(signed) + b"." + signed.raw)
        for name, value in parts(signed)[:10]:
            if name == b"v1":
                yield expected, value

    return pairs, stamp


def _standard_key(key: bytes) -> bytes:
    try:
        return base64.b64decode(key.removeprefix(b"whsec_"), validate=True)
    except binascii.Error:
        return key


def _standard(key: bytes, signed: Signed) -> Iterator[tuple[bytes, bytes]]:
    text = b".".join((_standard_header(signed, "id"), _standard_header(signed, "timestamp"), signed.raw))
    expected = b"v1," + _base64(_standard_key(key), text)
    for given in _standard_header(signed, "signature").split(b" ")[:10]:
        yield expected, given


def _standard_header(signed: Signed, name: str) -> bytes:
    return signed.header(f"webhook-{name}") or signed.header(f"svix-{name}")


_calendly_pairs, _calendly_stamp = _stamped("calendly-webhook-signature")
_own_pairs, _own_stamp = _stamped("leadops-signature")

SCHEMES: dict[str, Scheme] = {
    "leadops": Scheme(_own_pairs, _own_stamp),
    "standard_webhooks": Scheme(_standard, lambda signed: _standard_header(signed, "timestamp")),
    "typeform": Scheme(_typeform),
    "meta": Scheme(_meta),
    "tally": Scheme(_tally),
    "calendly": Scheme(_calendly_pairs, _calendly_stamp),
    "intercom": Scheme(_intercom),
    "hubspot_v1": Scheme(_hubspot_v1),
    "hubspot_v2": Scheme(_hubspot_v2),
    "hubspot_v3": Scheme(_hubspot_v3, lambda signed: signed.header("x-hubspot-request-timestamp"), milliseconds=True),
}
