"""One line per log record, text or JSON, without personal data: ids only, newlines escaped."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request"}


class LineFormatter(logging.Formatter):
    def __init__(self, json: bool = False) -> None:
        super().__init__()
        self.as_json = json

    def format(self, record: logging.LogRecord) -> str:
        extra: dict[str, Any] = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = record.getMessage()
        if record.exc_info:
            extra["fault"] = self.formatException(record.exc_info)
        if self.as_json:
            return json.dumps(
                {"at": at, "level": record.levelname, "name": record.name, "event": message, **extra}, default=str
            )
        tail = " ".join(f"{k}={v}" for k, v in extra.items() if k != "fault")
        line = f"{at} {record.levelname} {record.name} {message} {tail}".rstrip().replace("\n", "\\n")
        return f"{line}\n{extra['fault']}" if "fault" in extra else line
