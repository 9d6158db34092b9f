"""The JSON schema of a condition, made from the tables, for the API and its OpenAPI document; it validates nothing."""

from __future__ import annotations

from typing import Any, Final

from leadops.conditions.fields import Field, Vocabulary
from leadops.conditions.operators import DURATION, LIST, NONE, RANGE, Operator, accepted
from leadops.conditions.validate import DEEPEST, MOST_COMPARISONS, MOST_VALUES

Schema = dict[str, Any]

OPERANDS: Final[dict[str, Schema]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 200},
    "choice": {"type": "string", "minLength": 1, "maxLength": 200},
    "multi": {"type": "string", "minLength": 1, "maxLength": 200},
    "number": {"oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]},
    "count": {"oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]},
    "day": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
}


def schema(vocabulary: Vocabulary, name: str = "Condition", refs: str = "#/components/schemas/") -> dict[str, Schema]:
    """Named schemas: the condition and one comparison per field of the vocabulary."""
    self_ref = {"$ref": f"{refs}{name}"}
    members = {"type": "array", "items": self_ref, "minItems": 1, "maxItems": MOST_COMPARISONS}
    comparison = {"oneOf": [_comparison(field, op) for field in vocabulary.all() for op in _by_shape(field)]}
    return {
        name: {
            "description": (
                f"Groups nested at most {DEEPEST} deep, at most {MOST_COMPARISONS} comparisons. "
                "A comparison with an unknown value is unknown; the condition holds only when it is true. {} always holds."
            ),
            "oneOf": [
                {"type": "object", "maxProperties": 0},
                _group("all", {**members, "minItems": 0}),
                _group("any", members),
                _group("not", self_ref),
                {"$ref": f"{refs}{name}Comparison"},
            ],
        },
        f"{name}Comparison": comparison,
    }


def _group(word: str, inner: Schema) -> Schema:
    return {"type": "object", "properties": {word: inner}, "required": [word], "additionalProperties": False}


def _by_shape(field: Field) -> list[list[Operator]]:
    """The operators of a field, those that take the same sort of value together."""
    shapes: dict[str, list[Operator]] = {}
    for operator in accepted(field.kind):
        shapes.setdefault(operator.shape, []).append(operator)
    return list(shapes.values())


def _comparison(field: Field, operators: list[Operator]) -> Schema:
    value = _value(field, operators[0].shape)
    properties: Schema = {
        "field": {"const": field.key, "title": str(field.label)},
        "op": {"enum": [operator.key for operator in operators]},
    }
    required = ["field", "op"]
    if value is not None:
        properties["value"] = value
        required.append("value")
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _value(field: Field, shape: str) -> Schema | None:
    if shape == NONE:
        return None
    if shape == DURATION:
        return {
            "type": "string",
            "format": "duration",
            "examples": ["P7D"] if field.kind == "day" else ["P7D", "PT48H"],
        }
    one = dict(OPERANDS[field.kind])
    if field.choices:
        one = {"type": "string", "enum": list(field.labelled())}
    if shape == LIST:
        return {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
    return {"type": "array", "items": one, "minItems": 2, "maxItems": 2} if shape == RANGE else one
