"""A row of an imported file, as `imports.leads` put it down: named cells, the rest by column; it guesses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from capture.adapters import strict
from capture.adapters.base import Draft, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from


class Rows:
    """`{"row": 7, "set": {field: cell}, "rest": {column: cell}}`, or `{"row": 7, "cells": […]}` for a row out of shape."""

    scheme = ""
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        return Peek()

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = strict.strict_json(bytes(received.body))
        if "cells" in body:
            raise Unreadable("shape", f"{len(body['cells'])} / {body['of']}")  # cells of the row, of the header
        return [
            draft_from(body["set"], source=source, received_at=received.received_at, extra=body["rest"]),
        ]


ROWS = Rows()
