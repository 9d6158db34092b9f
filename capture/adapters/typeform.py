"""Typeform's `form_response`: answers by the question's ref or id, else by type, else by its title; by position never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from capture.adapters import strict
from capture.adapters.base import Draft, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from, keep, plain_text
from capture.adapters.generic import one_object, scalar_key
from capture.adapters.synonyms import field_for

_by_type = {"email": "email", "phone_number": "phone"}


class Typeform:
    scheme = "typeform"
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        body = strict.bounded_json(raw)
        response = body.get("form_response") if isinstance(body, dict) else None
        return Peek(delivery_key=scalar_key(response.get("token")) if isinstance(response, dict) else None)

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = one_object(strict.strict_json(bytes(received.body)))
        response = body.get("form_response")
        if not isinstance(response, dict):
            raise Unreadable("shape", "There is no form_response in the body.")
        values: dict[str, Any] = {"occurred_at": response.get("submitted_at"), "external_id": response.get("token")}
        left: list[tuple[str, Any]] = []
        _hidden(response.get("hidden"), values, left)
        _answers(response, source.mapping, values, left)
        for variable in _dicts(response.get("variables")):
            left.append((f"variable.{variable.get('key')}", _value(variable)))
        calculated = response.get("calculated")
        if isinstance(calculated, dict):
            left += [(f"calculated.{name}", value) for name, value in calculated.items()]
        left.append(("form_id", response.get("form_id")))
        return [_draft(values, left, received, source)]


def _draft(values: dict[str, Any], left: list[tuple[str, Any]], received: Received, source: SourceLike) -> Draft:
    draft = draft_from(values, source=source, received_at=received.received_at)
    for name, value in left:
        if value is not None and value != "":
            keep(draft, name, value)
    return draft


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _hidden(hidden: Any, values: dict[str, Any], left: list[tuple[str, Any]]) -> None:
    """Hidden fields carry the campaign, and whatever the page knew."""
    for name, value in (hidden if isinstance(hidden, dict) else {}).items():
        field = field_for(str(name))
        if field and field not in values and plain_text(value):
            values[field] = value
        else:
            left.append((f"hidden.{name}", value))


def _answers(
    response: dict[str, Any], mapping: Mapping[str, Any], values: dict[str, Any], left: list[tuple[str, Any]]
) -> None:
    wanted = {str(where): field for field, where in mapping.items() if isinstance(where, str)}
    definition = response.get("definition")
    asked = _dicts(definition.get("fields") if isinstance(definition, dict) else None)
    titles = {field.get("id"): field.get("title") for field in asked if isinstance(field.get("id"), str)}
    essays: list[tuple[str, Any]] = []
    for answer in _dicts(response.get("answers")):
        asked_as = answer.get("field")
        question: dict[str, Any] = asked_as if isinstance(asked_as, dict) else {}
        ref, number, kind = (plain_text(question.get(key)) for key in ("ref", "id", "type"))
        title, value = plain_text(titles.get(number)), _value(answer)
        label = title or ref or number or kind or "?"
        field = wanted.get(ref) or wanted.get(number) or _by_type.get(plain_text(answer.get("type")))
        field = field or field_for(ref) or field_for(title)
        if field and (field not in values or ref in wanted or number in wanted):
            values[field] = value
        else:
            (essays if kind == "long_text" else left).append((label, value))
    if len(essays) == 1 and "message" not in values:
        values["message"] = essays.pop()[1]
    left += essays


def _value(answer: dict[str, Any]) -> Any:
    """The value stands under the key that the type names; choices give their labels."""
    kind = answer.get("type")
    value = answer.get(kind) if isinstance(kind, str) else None
    if kind == "choice" and isinstance(value, dict):
        return value.get("label") or value.get("other")
    if kind == "choices" and isinstance(value, dict):
        labels = value.get("labels")
        return [*(labels if isinstance(labels, list) else []), *([value["other"]] if value.get("other") else [])]
    return value
