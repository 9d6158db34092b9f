"""Registry of version kinds: each app hands over its schema, sentence, checks and compiler. Holds no kind itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

Fault = tuple[str, str | Promise]  # path in the body, message


@dataclass(frozen=True, slots=True)
class Kind:
    """`check(body) -> faults` · `compile(body) -> object` (pure, cached per version) · `sentence(body) -> str` in the
    active language · `verb` is the access verb of who may edit · `schema` the newest body schema ·
    `upgrade(body, schema) -> body` brings an older body up on read."""

    name: str
    label: str | Promise
    verb: str
    check: Callable[[dict[str, Any]], list[Fault]]
    compile: Callable[[dict[str, Any]], Any]
    sentence: Callable[[dict[str, Any]], str]
    schema: int = 1
    upgrade: Callable[[dict[str, Any], int], dict[str, Any]] = lambda body, schema: body


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def kind_of(name: str) -> Kind:
    return _kinds[name]


def all_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)
