"""Hands the version kinds of capture to the ground; decides nothing."""

from __future__ import annotations

from capture import attribution


def register_kinds() -> None:
    attribution.register_kind()
