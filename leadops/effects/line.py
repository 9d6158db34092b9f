"""One connection to the mail server for many mails: opened for the first, asked before each, given up after any fault.

A connection of its own for every mail costs a handshake each time, with TLS more than the mail.
"""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType
from typing import Any

from django.core.mail import EmailMessage, get_connection

MOST = 50  # mails of one connection; servers end those that never seem to end


class Line:
    """Mails go out by `send`; whatever backend is set, one that knows no connections is simply called."""

    def __init__(self) -> None:
        self._backend: Any = get_connection()
        self._sent = 0

    def send(self, mail: EmailMessage) -> None:
        """Hand one over. Raises what the backend raises; the next mail then gets a connection of its own."""
        self._freshen()
        mail.connection = self._backend
        try:
            self._backend.open()
            mail.send()
        except BaseException:
            self.close()
            raise
        self._sent += 1

    def close(self) -> None:
        with suppress(OSError, smtplib.SMTPException):  # it is gone already
            self._backend.close()
        self._sent = 0

    def _freshen(self) -> None:
        """A server that hung up in between is noticed before a mail is lost to it."""
        if self._sent >= MOST or (self._sent and not _answers(self._backend)):
            self.close()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _answers(backend: Any) -> bool:
    server = getattr(backend, "connection", None)
    if not isinstance(server, smtplib.SMTP):
        return True  # no connection that could have ended
    with suppress(OSError, smtplib.SMTPException):
        return int(server.noop()[0]) == 250
    return False
