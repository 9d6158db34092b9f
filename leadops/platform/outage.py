"""What a command says when the database does not answer: one line with the place and the cause; other faults are left alone."""

from __future__ import annotations

import os
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, connection

from leadops.platform.startup import cause_of

# classes of SQLSTATE: the connection broke, no room for one more, somebody ends the server; without one the client noticed
GONE = ("08", "53", "57P")
SERVED = ".venv/bin/python -m leadops.platform.postgres run .venv/bin/python manage.py"


def line(fault: OperationalError | InterfaceError, arguments: Sequence[str]) -> str | None:
    """The one line; None where the database answered and refused what was asked of it."""
    state = getattr(fault.__cause__, "sqlstate", None)
    if state is not None and not state.startswith(GONE):
        return None
    params = connection.get_connection_params()
    place = f"{params.get('host') or 'the local socket'} port {params.get('port') or 5432}"
    said = f"the database at {place} does not answer: {cause_of(fault)}"
    if os.environ.get("DATABASE_URL"):
        return said
    return f"{said}; while the house is down: {SERVED} {' '.join(arguments)}"
