"""The vendors' own signature vectors: accepted as published, refused with any byte changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from capture.signatures import verify

pytestmark = pytest.mark.real
VECTORS = 11


def _vectors(real_data) -> list[dict[str, Any]]:
    return json.loads((real_data / "payloads" / "signature_vectors.json").read_text())


def _request(vector, real_data) -> tuple[dict[str, str], bytes]:
    where = real_data / "payloads"
    raw = (where / vector["body_file"]).read_bytes() if "body_file" in vector else vector["body"].encode()
    headers = {vector["header"].split(" ")[0]: vector["expected"]}
    if vector["vendor"] == "hubspot_v3":
        headers["X-HubSpot-Request-Timestamp"] = vector["timestamp"]
    if vector["vendor"] == "standard_webhooks":
        headers |= {"webhook-id": vector["id"], "webhook-timestamp": vector["timestamp"]}
    return headers, raw


def _good(vector, headers, raw) -> bool:
    stamp = float(vector.get("timestamp", 0))
    at = datetime.fromtimestamp(stamp / 1000 if stamp > 1e11 else stamp, UTC)
    secrets = (vector["secret"],)
    return verify(vector["vendor"], secrets, headers, raw, vector.get("method", "POST"), vector.get("url", ""), at)


def test_every_vector_is_here(real_data):
    assert len(_vectors(real_data)) == VECTORS


@pytest.mark.parametrize("number", range(VECTORS))
def test_the_vector_is_accepted(real_data, number):
    vector = _vectors(real_data)[number]
    assert _good(vector, *_request(vector, real_data))


@pytest.mark.parametrize("number", range(VECTORS))
def test_every_changed_byte_of_its_body_is_refused(real_data, number):
    vector = _vectors(real_data)[number]
    headers, raw = _request(vector, real_data)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert not _good(vector, headers, changed), place
    assert not _good(vector, headers, raw + b"\n")


@pytest.mark.parametrize("number", range(VECTORS))
def test_every_changed_byte_of_its_headers_is_refused(real_data, number):
    vector = _vectors(real_data)[number]
    headers, raw = _request(vector, real_data)
    for name, value in headers.items():
        for place in range(len(value)):
            for other in (1, 0x20):
                changed = value[:place] + chr(ord(value[place]) ^ other) + value[place + 1 :]
                assert not _good(vector, {**headers, name: changed}, raw), (name, place)
