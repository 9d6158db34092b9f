"""The one error type for refusals: what a person asked for and may not have, with a code and a sentence.

A fault of ours is never a `Refused`: programming errors keep their own exceptions and reach the log.
"""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise


class Refused(Exception):
    """A rule said no. `code` is stable and untranslated, `message` is for the reader, `detail` is facts for both."""

    def __init__(self, code: str, message: str | Promise, status: int = 422, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class NotFound(Refused):
    """The thing does not exist, or its existence is not this reader's business."""

    def __init__(self, message: str | Promise, code: str = "not-found", **detail: Any) -> None:
        super().__init__(code, message, 404, **detail)


class Conflict(Refused):
    """Somebody else was faster: the thing changed since the reader saw it."""

    def __init__(self, code: str, message: str | Promise, **detail: Any) -> None:
        super().__init__(code, message, 409, **detail)
