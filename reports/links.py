"""Where a figure leads: the list of exactly the leads it counts, as a query string of `LeadFilter`. Builds addresses only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from leadops.cohorts import EMPTY
from reports.periods import Period


def leads_url(count: int | None, **wanted: Any) -> str:
    """The list behind a count; nothing is behind none. None and "" leave a parameter out."""
    if not count:
        return ""
    given = {name: value for name, value in wanted.items() if value not in (None, "")}
    return f"{reverse('desk:list_leads')}?{urlencode({**given, 'merged': 'false', 'of': 'report'})}"


def received(period: Period) -> dict[str, str]:
    return {"received_after": _instant(period.since), "received_before": _instant(period.until)}


def refused(period: Period, use: str, reason: str | None = None) -> dict[str, str]:
    """The parameters of acts that said no in the period, in one way and for one reason or any."""
    span = {"refused_after": _instant(period.since), "refused_before": _instant(period.until), "refused": use}
    return span if reason is None else {**span, "refused_reason": reason or EMPTY}


def happened(period: Period, stage: str) -> dict[str, str]:
    """The parameters of what happened in the period: received, first in a stage, or won (a deal)."""
    if stage in ("new", "leads"):
        return received(period)
    if stage == "deal":
        return {"won_after": _instant(period.since), "won_before": _instant(period.until)}
    return {"entered": stage, "entered_after": _instant(period.since), "entered_before": _instant(period.until)}


def staged(before: datetime | None, after: datetime | None) -> dict[str, str]:
    """The parameters of open leads by how long they are in their stage."""
    found = {"open": "true"}
    if before is not None:
        found["staged_before"] = _instant(before)
    if after is not None:
        found["staged_after"] = _instant(after)
    return found


def breached(period: Period) -> dict[str, str]:
    """The parameters of leads with a clock whose due time was in the period and missed."""
    return {"breached_after": _instant(period.since), "breached_before": _instant(period.until)}


def asked(period: Period, everyone: bool) -> dict[str, str]:
    """The parameters of a cohort of askings; by default of those who asked to be contacted."""
    span = {"asked_after": _instant(period.since), "asked_before": _instant(period.until)}
    return span if everyone else {**span, "hand_raiser": "true"}


def origin(column: str, key: str | None) -> dict[str, str]:
    """One source, campaign or channel by touch; None = all of them."""
    return {} if key is None else {column: key or EMPTY}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shade(share: float) -> int:
    """The step (0 to 4) in which a heat table draws a cell: its number says the same."""
    return 0 if share <= 0 else min(4, 1 + int(share * 4))
