"""The accept's one statement, prepared once by each connection, its values sent as bytes; decides nothing.

Django's cursors and psycopg's each ask a dozen questions per statement, which is most of what storing a request costs
the web; equal to `Submission.objects.create` but for the clash, which a test compares.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from psycopg import errors, generators
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

DAWN = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts its microseconds
_SQL = b"""INSERT INTO capture_submission AS kept (id, source_id, delivery_key, variant, deliveries, received_at,
  content_type, headers, body, digest, verified, priority, "end", reason, error, warnings, ended_at, starts)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7::jsonb, $8, $9, $10, 0, $11, $12, '', $13::jsonb, $14, 0)
ON CONFLICT (source_id, delivery_key, variant) DO UPDATE SET deliveries = kept.deliveries + 1
  WHERE kept.digest = EXCLUDED.digest
RETURNING id, deliveries = 1"""
_UUID, _TEXT, _BYTES, _MOMENT, _TRUTH = 2950, 25, 17, 1184, 16
_TYPES = (
    _UUID, _UUID, _TEXT, _BYTES, _MOMENT, _TEXT, _TEXT, _BYTES, _BYTES, _TRUTH, _TEXT, _TEXT, _TEXT, _MOMENT,
)  # fmt: skip
_BINARY = [1] * len(_TYPES)
_NAME = b"accept_" + hashlib.sha256(_SQL).hexdigest()[:12].encode()  # who finds the name taken finds this statement
_UNKNOWN, _TAKEN = b"26000", b"42P05"  # a pooler gave us a session that never prepared it, or has it already
_micros = struct.Struct(">q").pack
_ready = threading.local()  # the psycopg connection of this thread that has prepared the statement


def packed(
    key: uuid.UUID,
    source: uuid.UUID,
    delivery_key: str,
    variant: bytes,
    at: datetime,
    content_type: str,
    headers: str,
    body: bytes,
    digest: bytes,
    verified: bool,
    end: str,
    reason: str,
    warnings: str,
) -> list[bytes | None]:
    """The values of one submission in the order of the statement; one that has an end ended when it arrived."""
    span = at - DAWN
    received = _micros((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds)
    return [
        key.bytes,
        source.bytes,
        delivery_key.encode(),
        variant,
        received,
        content_type.encode(),
        headers.encode(),
        body,
        digest,
        b"\x01" if verified else b"\x00",
        end.encode(),
        reason.encode(),
        warnings.encode(),
        None if end == "pending" else received,
    ]


def insert(values: Sequence[bytes | None]) -> tuple[uuid.UUID, bool] | None:
    """(id, new) of the row that now stands for this delivery; None when another body holds the key.

    Asking the connection how it is would cost a round trip each time: one that turns out to be dead is opened anew,
    once, and the statement sent again; by its key it can only find itself.
    """
    door: Any = connections[DEFAULT_DB_ALIAS]
    door.health_check_done = True
    try:
        return _insert_now(door, values)
    except (OperationalError, InterfaceError):
        if door.in_atomic_block or door.connection is None or not door.connection.closed:
            raise
    door.close()
    return _insert_now(door, values)


def _insert_now(door: Any, values: Sequence[bytes | None]) -> tuple[uuid.UUID, bool] | None:
    door.ensure_connection()
    with door.wrap_database_errors:
        found = _run(door.connection, values)
    return (uuid.UUID(bytes=found.get_value(0, 0)), found.get_value(0, 1) == b"\x01") if found.ntuples else None


def _run(line: Any, values: Sequence[bytes | None]) -> Any:
    raw = line.pgconn
    if not line.autocommit and raw.transaction_status == TransactionStatus.IDLE:
        line.execute("SELECT")  # psycopg begins a transaction with its first statement, and ours is none of its own
    if raw.transaction_status != TransactionStatus.IDLE:
        return _checked(_unprepared(line, values))  # a name not known here would cost the caller its transaction
    if getattr(_ready, "line", None) is not line:
        _prepare(line)
        _ready.line = line
    raw.send_query_prepared(_NAME, values, _BINARY, 1)
    found = line.wait(generators.execute(raw))[-1]
    if _code(found) == _UNKNOWN:
        _ready.line = None  # the next one prepares it in the session it finds
        found = _unprepared(line, values)
    return _checked(found)


def _prepare(line: Any) -> None:
    """A name that is taken is taken by this very statement: a pooler gave us a session that prepared it for another."""
    line.pgconn.send_prepare(_NAME, _SQL, _TYPES)  # libpq's own `prepare` would wait for ever in a frozen server
    told = line.wait(generators.execute(line.pgconn))[-1]
    if _code(told) != _TAKEN:
        _checked(told)


def _unprepared(line: Any, values: Sequence[bytes | None]) -> Any:
    line.pgconn.send_query_params(_SQL, values, _TYPES, _BINARY, 1)
    return line.wait(generators.execute(line.pgconn))[-1]


def _code(result: Any) -> bytes | None:
    """The SQLSTATE of an error; None where there was none."""
    code: bytes | None = result.error_field(DiagnosticField.SQLSTATE)
    return code


def _checked(result: Any) -> Any:
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise errors.error_from_result(result)
    return result
