"""Google Ads lead forms: the advertiser's key travels in the body, is compared there and never leaves this module."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from capture.adapters import strict
from capture.adapters.base import Draft, Peek, Received, Redaction, SourceLike, Unreadable
from capture.adapters.coercion import draft_from, keep
from capture.adapters.generic import one_object, scalar_key
from capture.adapters.synonyms import field_for

KEY = frozenset({"google_key"})
COLUMNS = {
    "WORK_EMAIL": "email", "EMAIL": "email", "WORK_PHONE": "phone", "PHONE_NUMBER": "phone", "FULL_NAME": "name",
    "FIRST_NAME": "given_name", "LAST_NAME": "family_name", "COMPANY_NAME": "company", "JOB_TITLE": "title",
    "POSTAL_CODE": "postcode", "CITY": "city", "REGION": "region", "COUNTRY": "country",
}  # fmt: skip
_order = {column: place for place, column in enumerate(COLUMNS)}  # the address at work before the private one
_read_here = ("user_column_data", "google_key", "lead_id", "is_test", "gcl_id", "lead_submit_time")


class GoogleAds:
    scheme = ""
    secret_in_body = True

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        spans, encoding = strict.value_spans(raw, KEY)
        given = [text.encode("utf-8", "surrogatepass") for _start, _end, text in spans]
        match = [hmac.compare_digest(key, secret.encode()) for key in given[:2] for secret in secrets]
        body = strict.bounded_json(raw)
        return Peek(
            # One key that matches; two keys in one body prove nothing.
            verified=(len(given) == 1 and any(match)) if secrets else None,
            delivery_key=scalar_key(body.get("lead_id")) if isinstance(body, dict) else None,
            redact=[Redaction(start, end, "null".encode(encoding)) for start, end, _text in spans],
        )

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = one_object(strict.strict_json(bytes(received.body)))
        columns = body.get("user_column_data")
        if not isinstance(columns, list):
            raise Unreadable("shape", "There is no user_column_data in the body.")
        values: dict[str, Any] = {
            "external_id": body.get("lead_id"),
            "is_test": body.get("is_test"),
            "click:gclid": body.get("gcl_id"),
            "occurred_at": body.get("lead_submit_time"),
        }
        left = _columns([column for column in columns if isinstance(column, dict)], source.mapping, values)
        left += [(name, value) for name, value in body.items() if name not in _read_here]
        draft = draft_from(values, source=source, received_at=received.received_at)
        for name, value in left:
            if value is not None and value != "":
                keep(draft, name, value)
        return [draft]


def _columns(
    columns: list[dict[str, Any]], mapping: Mapping[str, Any], values: dict[str, Any]
) -> list[tuple[str, Any]]:
    wanted = {str(column): field for field, column in mapping.items() if isinstance(column, str)}
    left: list[tuple[str, Any]] = []
    for column in sorted(columns, key=lambda one: _order.get(str(one.get("column_id")), len(_order))):
        number, label, value = str(column.get("column_id") or ""), column.get("column_name"), column.get("string_value")
        field = wanted.get(number) or COLUMNS.get(number) or field_for(str(label or number))
        if field and field not in values and value:
            values[field] = value
        else:
            left.append((str(label or number or "?"), value))
    return left
