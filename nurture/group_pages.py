"""What the pages of a group show: who would enter, who not and why, how far it is, what became of everybody. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from leadops import access
from leadops.access import Actor
from nurture import eligibility, groups, selectors
from nurture.models import GroupEnrolment, GroupMember

SHOWN = 200
TONES = {"entered": "good", "kept_out": "neutral", "undone": "warn", "stopped": "warn", "ended": "neutral", "": "info"}


def list_context(actor: Actor) -> dict[str, Any]:
    """Newest first, with how many leads each has and how many entered."""
    rows = list(
        groups.visible_to(actor).annotate(n=Count("members"), entered=Count("members", filter=_ever_in()))[:SHOWN]
    )
    names = selectors.names(row.sequence for row in rows)
    lines = [
        {
            "pk": row.pk,
            "planned_at": row.planned_at,
            "name": names.get(row.sequence, row.sequence),
            "by": row.by,
            "n": row.n,
            "entered": row.entered,
            "state": state_of(row),
        }
        for row in rows
    ]
    return {"rows": lines}


def _ever_in() -> Q:
    return Q(members__enrolment__isnull=False)


def state_of(row: GroupEnrolment) -> str:
    """planned | entering | entered | leaving | undone"""
    if row.undone_at:
        return "undone"
    if row.undo_at:
        return "leaving"
    if row.done_at:
        return "entered"
    return "entering" if row.confirmed_at else "planned"


def context(row: GroupEnrolment, actor: Actor, at: datetime, why: str = "") -> dict[str, Any]:
    """One group; `why` shows only the members with that reason or result."""
    members = row.members.select_related("lead__person").filter(lead__in=access.leads_visible_to(actor))
    shown = members.filter(Q(result=why) | Q(why=why)) if why else members
    masked, state = access.masks_contacts(actor), state_of(row)
    counts = _counts(row)
    return {
        "group": row,
        "name": selectors.names([row.sequence]).get(row.sequence, row.sequence),
        "state": state,
        "moving": state in ("entering", "leaving"),
        "count": counts["all"],
        "willing": counts["willing"],
        "waits": row.members.exclude(waits="").count() if state == "planned" else 0,
        "done": counts["done"],
        "reasons": [each | {"current": each["code"] == why} for each in counts["reasons"]],
        "results": [each | {"current": each["code"] == why} for each in counts["results"]],
        "chosen": why,
        "members": [_line(member, masked) for member in shown.order_by("pk")[:SHOWN]],
        "more": max(shown.count() - SHOWN, 0),
        "may_confirm": state == "planned" and row.by_id == actor.user_id and counts["willing"] > 0,
        "may_undo": groups.may_undo(row, at),
        "undo_until": row.done_at + groups.UNDO if row.done_at else None,
    }


def _line(member: GroupMember, masked: bool) -> dict[str, Any]:
    return {
        "lead": member.lead,
        "who": "" if masked else str(member.lead.person),
        "why": eligibility.words(member.why or member.waits) if member.why or member.waits else "",
        "result": member.get_result_display() if member.result else "",
        "tone": TONES[member.result],
    }


def _counts(row: GroupEnrolment) -> dict[str, Any]:
    found = row.members.order_by().values_list("why", "result").annotate(n=Count("pk"))
    reasons: dict[str, int] = {}
    results: dict[str, int] = {}
    willing = done = 0
    for why, result, n in found:
        if why:
            reasons[why] = reasons.get(why, 0) + n
        else:
            willing += n
        if result:
            results[result] = results.get(result, 0) + n
        moved = result not in ("", GroupMember.Result.ENTERED) if row.undo_at else bool(result)
        done += n if moved else 0
    labels = dict(GroupMember.Result.choices)
    return {
        "all": sum(reasons.values()) + willing,
        "willing": willing,
        "done": done,
        "reasons": [
            {"code": code, "label": eligibility.words(code), "n": n}
            for code, n in sorted(reasons.items(), key=lambda pair: -pair[1])
        ],
        "results": [{"code": code, "label": labels[code], "n": n} for code, n in sorted(results.items())],
    }
