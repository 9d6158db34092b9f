"""The one error type for refusals: what a person asked for and may not have, with a code and a sentence.

A fault of ours is never a `Refused`: programming errors keep their own exceptions and reach the log.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger("leadops.errors")
ONE, APART = "23505", "23P01"  # SQLSTATE: what there is but one of, and what must not overlap


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


def lost_race(fault: Exception) -> Conflict | None:
    """What the loser of two who wrote the same at the same moment is told; None: a fault of ours.

    The one before it looked and found it free: the database alone saw both. Nothing of the second is written.
    """
    cause: Any = fault.__cause__
    if not isinstance(fault, IntegrityError) or getattr(cause, "sqlstate", "") not in (ONE, APART):
        return None
    rule = str(cause.diag.constraint_name)
    if rule.endswith("_pkey"):  # a number or an id twice is no person's doing
        return None
    log.warning("two wrote the same at once", extra={"rule": rule})
    return changed()


def changed() -> Conflict:
    return Conflict("changed", _("Somebody changed this at the same moment: look at it again."))
