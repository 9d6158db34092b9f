"""Which acts of the journal somebody answers for, what such a row says of a change, and from where who did it came.

It writes no row itself: the unit does, with the entries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from leadops.eraser import eraser

# What the audit shows, and of what it is kept from where somebody came. Owners change by rule all the time: of those
# changes the list shows what people did, unless it is asked for all.
ANSWERED_FOR = (
    "copied", "erased", "exported", "imported", "merged", "rep_absent", "rep_deactivated", "second_factor",
    "setting_changed", "sign_in_refused", "signed_in", "submission_replayed", "token_changed", "token_elsewhere", "unmerged",
    "version_published",
)  # fmt: skip
OWNERS = ("assigned", "claimed", "released", "taken_away")
AUDITED = frozenset((*ANSWERED_FOR, *OWNERS))
BY_PEOPLE = Q(kind__in=ANSWERED_FOR) | Q(kind__in=OWNERS, actor__isnull=False)


class EntryOrigin(models.Model):
    """Where who did it came from: the network address the last trusted proxy saw. Kept a year, on the side, and then dropped."""

    entry = models.BigIntegerField(primary_key=True)
    address = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="origin_by_age"),
            models.Index(fields=["address", "entry"], name="origin_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.entry} {self.address}"


LONGEST_VALUE = 300  # characters of a value as it stands in a row: longer ones are said to have changed, no more


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What a change of settings says of itself: which fields, and their codes and numbers before and after. Never of people."""
    names = sorted(name for name in after if before.get(name) != after[name])
    told = {"before": {n: _plain(before.get(n)) for n in names}, "after": {n: _plain(after[n]) for n in names}}
    return {"fields": names, **{side: {n: v for n, v in row.items() if v is not ...} for side, row in told.items()}}


def _plain(value: Any) -> Any:
    """As JSON keeps it; `...` for what is too long or no value of a setting."""
    if value is None or isinstance(value, bool | int):
        return value
    deep = isinstance(value, list | tuple | dict)
    text = json.dumps(value, default=str, sort_keys=True, ensure_ascii=False) if deep else str(value)
    return text if len(text) <= LONGEST_VALUE else ...


KEPT = timedelta(days=366)
AT_A_TIME = 10_000


def forget_origins(at: datetime) -> int:
    """Drop from where somebody came a year ago and earlier, a part at a time; how many."""
    with transaction.atomic(), eraser():
        old = EntryOrigin.objects.filter(at__lt=at - KEPT).order_by("at").values("pk")[:AT_A_TIME]
        return EntryOrigin.objects.filter(pk__in=old).delete()[0]
