"""Our own form page: the canonical body that `capture.hosted` writes, read back; also drafts made on screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from capture.adapters import strict
from capture.adapters.base import Draft, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from
from capture.adapters.generic import FIELDS, one_object, scalar_key
from capture.adapters.synonyms import CLICK_IDS


class Hosted:
    scheme = ""
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        body = strict.bounded_json(raw)
        return Peek(delivery_key=scalar_key(body.get("nonce")) if isinstance(body, dict) else None)

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = one_object(strict.strict_json(bytes(received.body)))
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Unreadable("shape", "There are no fields in the body.")
        sent = body.get("marks")
        marks: dict[str, Any] = sent if isinstance(sent, dict) else {}
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in {**marks, **fields}.items():
            if name in CLICK_IDS:
                values[f"click:{CLICK_IDS[name]}"] = value
            else:
                (values if name in FIELDS else extra)[name] = value
        if body.get("language") and not values.get("language"):
            values["language"] = body["language"]
        if isinstance(body.get("consent"), dict):
            values["consent"] = body["consent"]
        return [draft_from(values, source=source, received_at=received.received_at, extra=extra)]
