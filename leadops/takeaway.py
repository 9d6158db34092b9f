"""Lists that leave as a file: how many an hour, how many rows by role, and a row in the journal for each. It writes no file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops.access import Actor
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import Role, User
from leadops.unit import Unit

PER_HOUR = 5
HOUR = timedelta(hours=1)
MOST_ROWS = {
    Role.REVENUE_OPS: 50_000,
    Role.MARKETING_OPS: 50_000,
    Role.EXECUTIVE: 10_000,
    Role.MANAGER: 10_000,
    Role.REP: 1_000,
}


def most_rows(actor: Actor) -> int:
    """Rows a file for this actor may have: the most of any role they hold; 0 without one."""
    return max((rows for role, rows in MOST_ROWS.items() if actor.has(role)), default=0)


def take(what: str, rows: int, asked: Mapping[str, Any], unit: Unit) -> None:
    """Note that `rows` rows of the list `what` leave with the filter `asked`; refused beyond five an hour, with the wait.

    Counted from the journal, so that it holds whichever process is asked and after a restart too.
    """
    actor = unit.actor
    if actor.user_id is None:
        raise Refused("not-allowed", _("Your role does not allow this."), status=403)
    User.objects.select_for_update(no_key=True).get(pk=actor.user_id)  # two at once are counted one after the other
    taken = JournalEntry.objects.filter(actor=actor.user_id, kind=Kind.EXPORTED, at__gt=unit.at - HOUR)
    times = list(taken.order_by("-at").values_list("at", flat=True)[:PER_HOUR])
    if len(times) == PER_HOUR:
        wait = int((times[-1] + HOUR - unit.at).total_seconds()) + 1
        words = _("%(n)s files an hour are enough for anybody: try again later.") % {"n": PER_HOUR}
        raise Refused("too-many-exports", words, status=429, retry_after=wait)
    unit.record(Kind.EXPORTED, data={"what": what, "rows": rows, "asked": dict(asked)})
