"""Who was kept long enough by the policy in force, and their erasure, a few at a time; off while nobody published one."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from leadops import access, ids, moment
from leadops.access import WHOLE_HOUSE, system
from leadops.models import Lead, Opportunity, Person, Touch
from leadops.privacy import erasing, policy
from leadops.privacy.models import Erasure
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version

log = logging.getLogger("leadops.privacy")
AT_A_TIME = 50
SHOWN = 20
COUNTED = 10_000  # a preview counts no further
KEEPER = system("retention")


def silent_since(since: datetime) -> QuerySet[Person]:
    """People without a sign of life from that instant on, longest known first; customers and open deals stay.

    A sign is what they did: a form, an answer, a call, a click; what we sent them is none. Their id tells when they came.
    """
    theirs = Lead.objects.filter(canonical=OuterRef("pk"))
    lively = theirs.filter(
        Q(last_inbound_at__gte=since) | Q(received_at__gte=since) | Q(stage__in=("won", "opportunity"))
    )
    acted = Touch.objects.filter(person__canonical=OuterRef("pk"), occurred_at__gte=since)
    dealing = Opportunity.objects.filter(lead__canonical=OuterRef("pk")).exclude(state=Opportunity.State.LOST)
    rows = Person.objects.filter(pk__lt=ids.uuid7(since), created_at__lt=since, canonical=F("pk"), erased_at=None)
    rows = rows.filter(~Exists(lively), ~Exists(acted), ~Exists(dealing))
    return rows.exclude(account__customer_since__isnull=False).order_by("pk")


def due(at: datetime) -> QuerySet[Person]:
    months = policy.months_at(at)
    return silent_since(policy.before(at, months)) if months else Person.objects.none()


def erase_due(at: datetime | None = None) -> int:
    """Erase a few of those the policy names; one that fails stops no other. How many went."""
    now, done = at or moment.now(), 0
    for person_id in list(due(now).values_list("pk", flat=True)[:AT_A_TIME]):
        done += _erase(person_id)
    return done


def _erase(person_id: uuid.UUID) -> int:
    try:
        erasing.erase(person_id, Erasure.Reason.RETENTION, KEEPER)
    except Exception:  # tried again at the next look
        log.exception("not erased", extra={"person": str(person_id)})
        return 0
    return 1


def put_in_force(months: int | None, reason: str, unit: Unit) -> Version:
    """Another policy, drafted and published in one act; with months the keeper begins within the hour."""
    access.require(unit.actor, "edit_house", WHOLE_HOUSE)
    made = versions.draft(policy.KIND, policy.KEY, {"months": months}, actor=unit.actor, at=unit.at)
    return versions.publish(made.pk, unit=unit, reason=reason)


def asked(text: str, held: int | None) -> int | None:
    """The months to look at: those asked for where they may be a policy, else those in force."""
    months = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
    return months if months is not None and not policy.check({"months": months}) else held


def preview(months: int | None, at: datetime) -> dict[str, Any]:
    """Whom a policy would erase now: how many, counted no further than `COUNTED`, and the longest silent."""
    rows = silent_since(policy.before(at, months)) if months else Person.objects.none()
    return {
        "months": months,
        "since": policy.before(at, months) if months else None,
        "count": rows.order_by()[: COUNTED + 1].count(),
        "most": COUNTED,
        "people": list(rows[:SHOWN]),
    }
