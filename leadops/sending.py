"""Sends a statement and does not wait for it: the server works while we go on. Whoever asks next waits for it first.

One statement at a time and connection, inside a transaction. Its fault comes to light later, in the middle of somebody
else's work: it bears the name of who sent it. It knows bytes and a connection, no table and no row.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from django.db import connection
from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus, Format
from psycopg.waiting import Ready, Wait

from leadops.packing import Packed

_sender = ""  # of the statement under way
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def may_send() -> bool:
    """Not while somebody counts or watches statements: they see each of them where it is asked."""
    watched = any(wrapper is not _settle_first for wrapper in connection.execute_wrappers)
    return connection.in_atomic_block and not connection.queries_logged and not watched


def send(statement: str, arrays: Sequence[Packed], sender: str = "") -> None:
    """Give the statement to the server; its error, if any, is raised by whatever is asked next, or by `settle`."""
    global _sender
    settle()
    _sender = sender
    driver: Any = connection.connection
    with connection.wrap_database_errors, driver.lock:
        driver.pgconn.send_query_params(
            statement.encode(), [each.data for each in arrays], param_formats=[Format.BINARY] * len(arrays)
        )
        driver.wait(_flushed(driver.pgconn))
    connection.execute_wrappers.append(_settle_first)


def _flushed(pgconn: Any) -> Generator[Wait, Ready, None]:
    while pgconn.flush() != 0:
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()


def _settle_first(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    settle()
    return execute(sql, params, many, context)


def settle() -> None:
    """Wait for what was sent; raises its error."""
    if _settle_first not in connection.execute_wrappers:
        return
    connection.execute_wrappers.remove(_settle_first)
    driver: Any = connection.connection
    try:
        with connection.wrap_database_errors, driver.lock:
            for result in driver.wait(fetch_many(driver.pgconn)):
                if result.status == ExecStatus.FATAL_ERROR:
                    raise error_from_result(result, encoding="utf-8")
    except Exception as fault:
        fault.sender = _sender  # type: ignore[attr-defined]
        raise


def sender_of(fault: BaseException) -> str | None:
    """Who sent the statement that failed; None: no statement that was sent did."""
    return getattr(fault, "sender", None)


def drop() -> None:
    """Wait for what was sent, whatever came of it: the transaction is given up anyway."""
    if _settle_first not in connection.execute_wrappers:
        return
    connection.execute_wrappers.remove(_settle_first)
    driver: Any = connection.connection
    with suppress(OperationalError), driver.lock:
        if not driver.closed:
            driver.wait(fetch_many(driver.pgconn))
