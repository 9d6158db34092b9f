"""How many open leads a rep has, as the database counts them. No verbs."""

from __future__ import annotations

from django.db import models

from leadops.models import Rep


class LoadEntry(models.Model):
    """So many open leads more, or fewer, of a rep; what they have is the sum of their rows.

    The database writes it itself as leads come, open, close and change hands (migration 0014); `workload.fold`
    makes one row of many.
    """

    id = models.BigAutoField(primary_key=True)
    rep = models.ForeignKey(Rep, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    delta = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.delta:+d}"
