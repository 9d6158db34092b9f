"""How often sales accepts what marketing offers: counts by MQL definition, source and rep over the latest offers. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from leadops.access import Actor
from leadops.conditions.fields import LEAD
from leadops.models import User
from leadops.versions.models import Version
from qualification import selectors
from qualification.models import Handoff

SPAN: Final = timedelta(days=90)
BY: Final = {"definition": "definition", "source": "lead__first_source", "rep": "rep"}
State = Handoff.State
LATE: Final = Q(overdue_at__isnull=False)  # the clock ran out while the offer was open


@dataclass(frozen=True, slots=True)
class Rate:
    """Offers of one group. `rate` is accepted of those sales answered, whenever; `in_time` is accepted in time of those
    whose time is over, by an answer or by the clock. None while there are none."""

    key: str
    label: str
    offered: int
    accepted: int
    accepted_late: int
    handed_back: int
    open: int
    overdue: int
    unanswered: int  # open or withdrawn, and their time is over

    @property
    def in_time(self) -> float | None:
        over = self.accepted + self.handed_back + self.unanswered
        return (self.accepted - self.accepted_late) / over if over else None

    @property
    def rate(self) -> float | None:
        answered = self.accepted + self.handed_back
        return self.accepted / answered if answered else None

    def to_json(self) -> dict[str, Any]:
        names = ("key", "label", "offered", "accepted", "accepted_late", "handed_back", "open", "overdue",
                 "unanswered", "in_time", "rate")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def rates(actor: Actor, by: str, at: datetime) -> list[Rate]:
    """The offers of the last 90 days the actor may see, by group, the largest first: two statements."""
    offers = (
        selectors.handoffs_visible_to(actor).select_related(None).filter(offered_at__gt=at - SPAN, offered_at__lte=at)
    )
    rows = offers.order_by().annotate(group=F(BY[by])).values_list("group")
    counted = rows.annotate(
        offered=Count("pk"),
        accepted=Count("pk", filter=Q(state=State.ACCEPTED)),
        accepted_late=Count("pk", filter=Q(state=State.ACCEPTED) & LATE),
        handed_back=Count("pk", filter=Q(state=State.HANDED_BACK)),
        open=Count("pk", filter=Q(state=State.OFFERED)),
        overdue=Count("pk", filter=LATE),
        unanswered=Count("pk", filter=LATE & ~Q(state__in=[State.ACCEPTED, State.HANDED_BACK])),
    )
    found = list(counted)
    labels = _labels(by, [key for key, *_counts in found if key])
    made = [Rate(str(key or ""), labels.get(key) or str(key or _("Not recorded")), *counts) for key, *counts in found]
    return sorted(made, key=lambda rate: (-rate.offered, rate.label))


def _labels(by: str, keys: Iterable[Any]) -> dict[Any, str]:
    if by == "definition":
        numbers = Version.objects.filter(pk__in=list(keys)).values_list("pk", "number")
        return {pk: _("MQL definition %(n)s") % {"n": number} for pk, number in numbers}
    if by == "rep":
        names: dict[Any, str] = dict(
            User.objects.filter(pk__in=[key for key in keys if isinstance(key, uuid.UUID)]).values_list("pk", "name")
        )
        return names
    source = LEAD.get("first_source")  # registered by capture, with the names of its sources
    return dict(source.labelled()) if source else {}
