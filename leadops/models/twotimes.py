"""Effective-dated rows with two times: when it held in the world, and when we knew it.

`state_at` is their only reader, `change` their only writer; nothing else may update such a row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadops.errors import changed


class TwoTimesQuerySet(models.QuerySet[Any]):
    def state_at(self, moment: datetime, known_at: datetime | None = None) -> Self:
        """Rows that held at `moment` as far as was known at `known_at` (default: as known at `moment` itself)."""
        known = moment if known_at is None else known_at
        return self.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=moment),
            Q(known_to__isnull=True) | Q(known_to__gt=known),
            valid_from__lte=moment,
            known_from__lte=known,
        )

    def overlapping(self, start: datetime, end: datetime | None) -> Self:
        """Rows still known that hold somewhere in [start, end)."""
        rows = self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=start), known_to__isnull=True)
        return rows if end is None else rows.filter(valid_from__lt=end)

    def change(
        self,
        *,
        identity: dict[str, Any],
        values: dict[str, Any] | None,
        valid_from: datetime,
        valid_to: datetime | None = None,
        known_at: datetime,
    ) -> Any:
        """Make `values` hold for `identity` in [valid_from, valid_to); None means nothing holds there.

        What was known before is closed, never edited: its parts outside the span are known anew.
        Returns the new row. The caller is inside a transaction. `Conflict` when somebody came to know later things
        before this one could write (it had to wait for them).
        """
        for row in self.select_for_update().filter(**identity).overlapping(valid_from, valid_to):
            if row.known_from > known_at:
                raise changed()
            row._close(known_at)
            if row.valid_from < valid_from:
                row._again(valid_from=row.valid_from, valid_to=valid_from, known_from=known_at)
            if valid_to is not None and (row.valid_to is None or row.valid_to > valid_to):
                row._again(valid_from=valid_to, valid_to=row.valid_to, known_from=known_at)
        if values is None:
            return None
        return self.create(**identity, **values, valid_from=valid_from, valid_to=valid_to, known_from=known_at)


class TwoTimes(models.Model):
    """Abstract: valid_* in the world, known_* in our knowledge; half-open intervals [from, to)."""

    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid until"), null=True, blank=True)
    known_from = models.DateTimeField(_("known from"))
    known_to = models.DateTimeField(_("known until"), null=True, blank=True)

    objects = TwoTimesQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_valid",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_known",
                condition=Q(known_to__isnull=True) | Q(known_to__gte=F("known_from")),
            ),
        ]

    def _close(self, known_at: datetime) -> None:
        type(self)._default_manager.filter(pk=self.pk).update(known_to=known_at)

    def _again(self, *, valid_from: datetime, valid_to: datetime | None, known_from: datetime) -> None:
        skipped = {"id", "valid_from", "valid_to", "known_from", "known_to"}
        kept = {f.attname: getattr(self, f.attname) for f in self._meta.concrete_fields if f.attname not in skipped}
        type(self)._default_manager.create(**kept, valid_from=valid_from, valid_to=valid_to, known_from=known_from)
