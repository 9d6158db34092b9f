"""One line per log record, text or JSON, without personal data: ids only; it knows what a line may say, never when to say one.

What is bound to the work at hand (`request`, `lead`, `task`) stands in every line of it. Where the log is kept (`bare`: JSON,
and everything outside of demo and tests) a fault is its kind and its places in the code: the words of an exception quote
what broke it, and those stand in the tables, behind the access rules. Words of other people's loggers are cut the same way.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from structlog.contextvars import get_contextvars

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_PLACE = re.compile(r'^\s+File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_KIND = re.compile(r"^[A-Za-z_][\w.]*(?=:|$)")
WITHHELD = "words withheld"
MOST_CAUSES = 4


def chain(kind: str, places: Iterable[tuple[str, int | str | None, str]]) -> str:
    """One fault: its kind and where it was, innermost first."""
    found = [f"{'/'.join(file.split('/')[-2:])}:{line} {name}" for file, line, name in places]
    return " < ".join([kind, *reversed(found)])


def places(text: str) -> str:
    """The same of a traceback that was written as text: the first line after its last place begins with the kind."""
    found = list(_PLACE.finditer(text))
    rest = text[found[-1].end() :].splitlines()[1:] if found else []
    kind = _KIND.match(next((line for line in rest if line[:1].strip()), ""))
    return chain(kind.group() if kind else "fault", [(each[1], each[2], each[3]) for each in found])


def told(fault: BaseException | None) -> str:
    """A fault and its causes without their words; of the database's also its code."""
    parts: list[str] = []
    while fault is not None and len(parts) < MOST_CAUSES:
        frames = traceback.extract_tb(fault.__traceback__)
        state = getattr(fault, "sqlstate", None)
        kind = type(fault).__name__ + (f"[{state}]" if state else "")
        parts.append(chain(kind, [(frame.filename, frame.lineno, frame.name) for frame in frames]))
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return " from ".join(parts)


class WithFault(logging.Filter):
    """Django says twice what we say once: of its lines about requests only those with an exception are news."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


class LineFormatter(logging.Formatter):
    def __init__(self, json: bool = False, bare: bool = True) -> None:
        super().__init__()
        self.as_json, self.bare = json, bare or json

    def format(self, record: logging.LogRecord) -> str:
        own = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if not isinstance(own.get("request"), str):
            own.pop("request", None)  # Django's own lines carry the whole request there
        extra: dict[str, Any] = {k: v for k, v in {**get_contextvars(), **own}.items() if v is not None}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = self.words(record)
        if record.exc_info and record.exc_info[1]:
            extra["fault"] = self.fault(record.exc_info[1])
        if self.as_json:
            return json.dumps(
                {"at": at, "level": record.levelname, "name": record.name, "event": event, **extra}, default=str
            )
        tail = " ".join(f"{k}={v}" for k, v in extra.items() if k != "fault")
        line = f"{at} {record.levelname} {record.name} {event} {tail}".rstrip().replace("\n", "\\n")
        return f"{line}\n{extra['fault']}" if "fault" in extra else line

    def words(self, record: logging.LogRecord) -> str:
        """What a record says; of a stranger's only what stands in its code."""
        if not self.bare or record.name.startswith("leadops"):
            return record.getMessage()
        if not isinstance(record.msg, str):
            return WITHHELD
        if record.name == "django.request":  # "Internal Server Error: /the/path"
            return "not answered"
        if record.name == "django-q":  # "Failed 'task' (its name) - the exception and its traceback"
            return record.msg.partition(" - ")[0].partition("\n")[0]
        return record.msg if record.args else WITHHELD

    def fault(self, fault: BaseException) -> str:
        return told(fault) if self.bare else "".join(traceback.format_exception(fault)).rstrip()


def set_up(as_json: bool, bare: bool) -> dict[str, Any]:
    """Django's LOGGING. A line per request and per lead is for a collector, not for a screen."""
    busy = "INFO" if as_json else "WARNING"
    quiet = {"level": "WARNING", "handlers": ["console"], "propagate": False}
    console = {"class": "logging.StreamHandler", "formatter": "line"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "leadops.platform.logs.LineFormatter", "json": as_json, "bare": bare}},
        "filters": {"fault": {"()": "leadops.platform.logs.WithFault"}},
        "handlers": {"console": console, "faults": {**console, "filters": ["fault"]}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "leadops": {"level": "INFO"},
            "leadops.request": {"level": busy},
            "leadops.flow": {"level": busy},
            "django.request": {"level": "ERROR", "handlers": ["faults"], "propagate": False},
            **dict.fromkeys(("django-q", "gunicorn.error", "uvicorn"), quiet),
        },
    }
