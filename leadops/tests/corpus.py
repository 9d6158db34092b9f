"""Reads the hostile corpus; it throws nothing itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("corpora")


def _value(entry: dict[str, Any]) -> str | bytes:
    if "hex" in entry:
        return bytes.fromhex(entry["hex"])
    if "repeat" in entry:
        return str(entry["before"] + entry["repeat"] * entry["times"] + entry["after"])
    return str(entry["text"])


@cache
def _entries(file: str) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in (FOLDER / f"{file}.jsonl").read_text().splitlines())


@cache
def texts() -> dict[str, str]:
    """Name -> text, from one letter to a million; halves of surrogate pairs among them."""
    return {entry["name"]: str(_value(entry)) for entry in _entries("texts")}


@cache
def bodies() -> dict[str, bytes]:
    """Name -> raw body."""
    found = {entry["name"]: _value(entry) for entry in _entries("bodies")}
    return {name: raw if isinstance(raw, bytes) else raw.encode() for name, raw in found.items()}


@cache
def types() -> dict[str, str]:
    """Name -> Content-Type."""
    return {entry["name"]: str(_value(entry)) for entry in _entries("types")}


@cache
def headers() -> dict[str, tuple[str, str]]:
    """Name -> header and its value."""
    return {entry["name"]: (entry["header"], str(_value(entry))) for entry in _entries("headers")}


@cache
def queries() -> dict[str, str]:
    """Name -> query string, as it stands behind the question mark."""
    return {entry["name"]: str(_value(entry)) for entry in _entries("queries")}
