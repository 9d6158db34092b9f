"""Any JSON object or posted form: fields by the source's mapping, else by the table of synonyms; knows no provider.

A flat object, a nested one, and lists of named values (`[{"name": …, "value": …}]`) read the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from capture.adapters import strict
from capture.adapters.base import IDENTITY, UTM, Draft, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from, keep, plain_text
from capture.adapters.synonyms import CLICK_IDS, field_for, plain

FORM_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")
FIELDS = frozenset(
    (*IDENTITY, *UTM, "landing_url", "referrer", "occurred_at", "is_test", "external_id", "consent", *CLICK_IDS)
)
_named_by = ("name", "label", "key", "column_name")


class Generic:
    """The adapters `json` and `form`: what was sent decides how it is read, so that a wrong choice loses nothing."""

    secret_in_body = False

    def __init__(self, scheme: str = "") -> None:
        self.scheme = scheme

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        """The delivery key is the one field that the source's mapping names for it."""
        path = mapping.get("delivery_key") or mapping.get("external_id")
        if not path or is_form(headers.get("content-type", ""), raw):
            return Peek(delivery_key=_form_key(headers, raw, path) if path else None)
        found = dict(flat(strict.bounded_json(raw))).get(str(path))
        return Peek(delivery_key=scalar_key(found))

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        raw = bytes(received.body)
        if is_form(received.content_type, raw):
            posted = strict.form_fields(raw, received.content_type or FORM_KINDS[0])
            pairs = [(name, values[0] if len(values) == 1 else list(values)) for name, values in posted.items()]
        else:
            pairs = list(flat(one_object(strict.strict_json(raw, strict.content_kind(received.content_type)[1]))))
        return [draft_of_pairs(pairs, received, source)]


def _form_key(headers: Mapping[str, str], raw: bytes, path: Any) -> str | None:
    try:
        values = strict.form_fields(raw, headers.get("content-type", "")).get(str(path))
        return scalar_key(values[0] if values else None)
    except Unreadable:
        return None


def is_form(content_type: str, raw: bytes) -> bool:
    """Whether a body is a posted form, by its type, or by its look where the type says nothing."""
    kind = strict.content_kind(content_type)[0]
    if kind in FORM_KINDS:
        return True
    if kind.endswith("json"):
        return False
    start = raw[:64].lstrip()[:1]
    return start not in (b"{", b"[", b'"', b"") and raw[:4].isascii() and b"=" in raw[:4096] and b"\x00" not in raw[:4]


def one_object(body: Any) -> dict[str, Any]:
    """The one object of a body; a list of one stands for it."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if isinstance(body, list) and body:
        raise Unreadable("several", f"The body holds {len(body)} objects; a submission is one.")
    if not isinstance(body, dict) or not body:
        raise Unreadable("shape", "The body is not a JSON object with fields.")
    return body


def flat(body: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path; lists of plain values stay whole, lists of named values become their names."""
    if isinstance(body, dict):
        for key, value in body.items():
            place = f"{path}.{key}" if path else str(key)
            if type(value) is str and place:  # which most are: asked no further
                yield place, value
            else:
                yield from flat(value, place)
    elif isinstance(body, list) and body and all(isinstance(item, dict) for item in body):
        for number, item in enumerate(body):
            name = next((item[key] for key in _named_by if isinstance(item.get(key), str)), None)
            if name is not None and "value" in item:
                yield f"{path}.{name}", _chosen(item)
            else:
                yield from flat(item, f"{path}.{number}")
    elif path:
        yield path, body


def _chosen(item: dict[str, Any]) -> Any:
    """A named value; ids of its options give way to their texts."""
    value, options = item["value"], item.get("options")
    if not isinstance(options, list):
        return value
    texts = {str(o["id"]): o.get("text", o["id"]) for o in options if isinstance(o, dict) and "id" in o}
    if isinstance(value, list):
        return [texts.get(str(one), one) for one in value]
    return texts.get(str(value), value)


def scalar_key(value: Any) -> str | None:
    """A vendor's id as text; None where it is no plain value."""
    return (plain_text(value).strip() or None) if isinstance(value, str | int) and not isinstance(value, bool) else None


def draft_of_pairs(pairs: Sequence[tuple[str, Any]], received: Received, source: SourceLike) -> Draft:
    """By the mapping where the source has one, the rest by synonyms; the shallowest of several names wins."""
    wanted = {str(path): name for name, path in source.mapping.items() if isinstance(path, str) and name in FIELDS}
    values: dict[str, Any] = {}
    left: list[tuple[str, Any]] = []
    if wanted or any("." in path for path, _value in pairs):  # else they stand in their order already
        pairs = sorted(pairs, key=lambda pair: (pair[0] not in wanted, pair[0].count(".")))
    for path, value in pairs:
        name = wanted.get(path) or field_for(path)
        name = f"click:{CLICK_IDS[name]}" if name in CLICK_IDS else name
        if name is None or name in values or plain_text(value).strip() == "":
            left.append((path, value))
        else:
            values[name] = value
    return _with_rest(values, left, received, source)


def _with_rest(
    values: dict[str, Any], left: Sequence[tuple[str, Any]], received: Received, source: SourceLike
) -> Draft:
    # « nom » beside « prénom » is the family name, alone it is the whole name.
    if "name" in values and "given_name" in values and "family_name" not in values:
        given, whole = plain(plain_text(values["given_name"])), plain(plain_text(values["name"]))
        if not whole.startswith(given) and not whole.endswith(given):
            values["family_name"] = values.pop("name")
    draft = draft_from(values, source=source, received_at=received.received_at)
    for path, value in left:
        if value is not None and value != "":
            keep(draft, path, value)
    return draft
