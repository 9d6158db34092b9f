"""A mail server that takes everything and writes down each Message-ID it took, for the oracle."""

from __future__ import annotations

import email
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Sink:
    """Taken mails by Message-ID; also a line each in a file."""

    def __init__(self, log: Path) -> None:
        self.log, self.taken, self.lock = log, Counter[str](), threading.Lock()
        with socket.socket() as probe:  # the library wants a number
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.server = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        key = str(email.message_from_bytes(envelope.content)["Message-ID"])
        with self.lock:
            self.taken[key] += 1
            with self.log.open("a") as log:
                log.write(key + "\n")
        return "250 taken"

    def __enter__(self) -> Sink:
        self.server.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self.server.stop()
