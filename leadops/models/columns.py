"""Column types every table shares; holds no table and no verb.

References with `db_constraint=False` are those from what only grows (journal, touches, decisions, credits), is worked out
anew (work, sheets) or is written by units alone (clocks, assignments, handoffs, effects, addresses, who owns a lead, who a
person is the same as) to what is never deleted: a lead writes some fifty of them, and looking each up was a third of the server's work. What makes them safe is in
the database: the triggers `…_kept` let nobody delete a lead, person, user, rep, pool, batch, published version or source,
and the referring rows are written by units from rows they hold
(a submission by the intake, for a source it has just read).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Lookup, Q

from leadops import ids


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class IsAny(Lookup):
    """`column__any=values`: one array, where `__in` writes, sends and parses a place for each of a thousand values."""

    lookup_name = "any"

    def get_prep_lookup(self) -> list[Any]:
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, params = self.process_lhs(compiler, connection)
        if self.rhs and all(
            type(value) is uuid.UUID for value in self.rhs
        ):  # joined here at a third of the driver's cost
            return f"{left} = ANY(%s::uuid[])", [*params, "{" + ",".join([value.hex for value in self.rhs]) + "}"]
        return f"{left} = ANY(%s)", [*params, self.rhs]


class CurrentTransaction(Func):
    """The id of the writing transaction, so that incremental readers never miss a late commit."""

    template = "(pg_current_xact_id()::text::bigint)"
    arity = 0
    output_field = models.BigIntegerField()


class Mailbox(Func):
    """`leadops.fold.mailbox_of` as the database reckons it, so that an index finds every spelling of a mailbox."""

    _box = "split_part(split_part(%(expressions)s, '@', 1), '+', 1)"
    _domain = "split_part(%(expressions)s, '@', 2)"
    _undotted = f"{_domain} IN ('gmail.com', 'googlemail.com')"
    template = (
        f"COALESCE(CASE WHEN {_undotted} THEN NULLIF(replace({_box}, '.', ''), '') || '@gmail.com' "
        f"ELSE NULLIF({_box}, '') || '@' || {_domain} END, %(expressions)s)"
    )
    arity = 1
    output_field = models.TextField()


class LastWord(Func):
    """What stands behind the last space, so that an index finds Anna Roux by her surname."""

    template = "split_part(%(expressions)s, ' ', -1)"
    arity = 1
    output_field = models.TextField()


class OldestOpen(Func):
    """The oldest transaction still open: below it everything is committed or gone, nothing can still appear."""

    template = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    arity = 0
    output_field = models.BigIntegerField()


def address() -> models.UUIDField[Any, Any]:
    """Primary key of everything that has an address outside: a UUIDv7."""
    return models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)


def transaction_id() -> models.BigIntegerField[Any, Any]:
    """Column `xid`: readers take rows below the snapshot's xmin, in order of (xid, id)."""
    return models.BigIntegerField(db_default=CurrentTransaction(), editable=False)


def labels() -> models.JSONField[Any, Any]:
    """Text written by users: {"fr": …, "en": …}; the house language is the fallback."""
    return models.JSONField(default=dict, blank=True)


def no_overlap(name: str, *identity: str) -> ExclusionConstraint:
    """Among rows still known, one identity holds at most one value at any moment of the world."""
    span = Func(F("valid_from"), F("valid_to"), function="tstzrange")
    return ExclusionConstraint(
        name=name,
        expressions=[*((column, "=") for column in identity), (span, "&&")],
        condition=Q(known_to__isnull=True),
    )
