"""What routing's pages show, gathered: rules as sentences, pools with their turns, decisions, the pool to claim from."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import access
from leadops.access import Actor
from leadops.errors import NotFound
from leadops.models import Absence, Rep
from leadops.templatetags.house import number, said
from leadops.versions import services as versions
from leadops.versions.models import Version
from routing import availability, board, claims, decision_list, departures, kinds, leaving, panels, selectors, services
from routing.deciding import HOUSE
from routing.departures import Span
from routing.fields import HELD
from routing.filters import DecisionFilter
from routing.leaving import Wish
from routing.models import Departure, Pool, Territory

CARDS = 60


def rules_page(actor: Actor, at: datetime, query: QueryDict) -> dict[str, Any]:
    in_force, history = versions.version_at("ruleset", HOUSE, at), versions.history("ruleset", HOUSE)
    version = next((row for row in history if str(row.pk) == query.get("version")), in_force)
    found = DecisionFilter(query, queryset=selectors.decisions_seen_by(actor))
    rules, pools = _rules(version) if version else [], _pools(actor, at)
    shown, older = decision_list.page_of(found, query)
    return {
        "version": version,
        "in_force": in_force,
        "rules": rules,
        "fallback": kinds.said_fallback(version.body) if version else "",
        "warnings": kinds.warnings(version.body, at) if version and version == in_force else [],
        "history": history,
        "pools": pools,
        "territories": Territory.objects.filter(active=True).order_by("key"),
        "decisions": panels.decision_rows(shown),
        "older": older,
        "filter": decision_list.by_name(found.form, rules, pools),
        "may_edit_pools": access.can(actor, "edit_reps"),
    }


def _rules(version: Version) -> list[dict[str, Any]]:
    return [
        {
            "key": rule.get("key", ""),
            "label": said(rule.get("label")) or rule.get("key", ""),
            "text": kinds.said_rule(rule),
        }
        for rule in version.body.get("rules", [])
    ]


def _pools(actor: Actor, at: datetime) -> list[dict[str, Any]]:
    """Each pool with its members, why one cannot take a lead now, and the turns of each."""
    pools = list(Pool.objects.filter(active=True).order_by("key"))
    members = selectors.members_of(pools, at)
    state = availability.state_for(pools, at)
    held = selectors.waiting_counts()
    return [
        {
            "pool": pool,
            "waiting": held.get(pool.key, 0),
            "members": [_member(row, actor, state, fair) for row in members[pool.pk]],
        }
        for pool in pools
        for fair in [_fair(pool, {row.rep_id for row in members[pool.pk]})]
    ]


def _fair(pool: Pool, present: Container[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Turns each present member had, and how many beyond their share, against the others who are there now: what
    somebody who left was owed is nobody's lead."""
    rows = [row for row in selectors.credits_of(pool) if row["rep_id"] in present]
    middle = sum(row["credit"] for row in rows) / len(rows) if rows else 0
    return {row["rep_id"]: {"taken": row["taken"], "ahead": float(middle - row["credit"])} for row in rows}


def _member(row: Any, actor: Actor, state: Any, fair: dict[uuid.UUID, dict[str, Any]]) -> dict[str, Any]:
    reason = services.why_not_now(state, str(row.rep_id))
    rep = state.reps.get(str(row.rep_id))
    turns = fair.get(row.rep_id, {"ahead": 0.0, "taken": 0})
    shown = {"load": rep.load, "capacity": rep.capacity, "until": rep.back_at or rep.opens_at} if rep else {}
    return {
        "rep": row.rep,
        "may_lead": access.can(actor, "deactivate_rep", row.rep),
        "weight": row.weight,
        "share": panels.share_words(turns["ahead"]),
        "taken": turns["taken"],
        "why_not": panels.reason_words(reason, shown) if reason else "",
        "load": rep.load if rep else None,
        "capacity": rep.capacity if rep else None,
    }


def pool_page(actor: Actor, at: datetime, chosen: str = "") -> dict[str, Any]:
    """The leads this rep may take now, oldest first, those waiting long apart; how many more; what can be given back."""
    pools = selectors.pools_of(actor.user_id, at) if actor.user_id else []
    left = {
        pool.key: max(pool.claim_limit - selectors.claims_since(actor.user_id, pool, at), 0)
        for pool in pools
        if actor.user_id
    }
    shown = [pool for pool in pools if pool.key == chosen] or pools
    cards = panels.pool_cards(list(selectors.claimable(shown)[:CARDS]), at)
    return {
        "pools": pools,
        "tabs": _pool_tabs(pools, left, chosen) if len(pools) > 1 else [],
        "left": left,
        "shelves": [
            ("aging", [card for card in cards if card["aging"]]),
            ("fresh", [card for card in cards if not card["aging"]]),
        ],
        "cards": cards,
        "allowance": sum(left[pool.key] for pool in shown),
        "mine": claims.fresh_claims(actor.user_id, at),
    }


def _pool_tabs(pools: list[Pool], left: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    """One tab a pool with what is left to take there; the first shows all."""
    known = {pool.key for pool in pools}
    every = {"label": _("All pools"), "url": "?", "count": sum(left.values()), "current": chosen not in known}
    return [every] + [
        {"label": said(p.name) or p.key, "url": f"?pool={p.key}", "count": left[p.key], "current": p.key == chosen}
        for p in pools
    ]


def rep_for(actor: Actor, rep_id: uuid.UUID | None, verb: str) -> Rep:
    """A rep the actor may use the verb on; others do not exist for them."""
    rep = Rep.objects.select_related("user", "team").filter(pk=rep_id).first()
    own = rep is not None and verb == "set_absence" and actor.user_id == rep.pk
    if rep is None or not (own or access.can(actor, "deactivate_rep", rep)):
        raise NotFound(_("There is no such rep, or they are not in your team."))
    return rep


def active_rep(rep_id: uuid.UUID | None) -> Rep | None:
    """A rep who receives leads, or None where none is named."""
    if rep_id is None:
        return None
    found = Rep.objects.select_related("user", "team").filter(pk=rep_id, active=True).first()
    if found is None:
        raise NotFound(_("There is no such active rep."), code="no-such-rep")
    return found


def departure_page(rep: Rep, at: datetime) -> dict[str, Any]:
    """What stands against switching a rep off, and what they hold: leads, places in pools, accounts."""
    leads = selectors.open_leads_of(rep).select_related("person")
    last = leaving.departure_of(rep) if not rep.active else None
    accounts, alone = leaving.accounts_of(rep, at), selectors.lonely_pools(rep, at)
    return {
        "rep": rep,
        "leads": leads[:CARDS],
        "count": leads.count(),
        "rules": services.rules_naming_only(rep, at),
        "places": [
            {"pool": said(row.pool.name) or row.pool.key, "weight": row.weight, "alone": row.pool.key in alone}
            for row in leaving.pools_of(rep, at)
        ],
        "accounts": accounts[:CARDS],
        "owned": len(accounts),
        "last": last,
        "may_undo": last is not None and leaving.may_undo(last, at),
    }


def wish_of(data: Mapping[str, str]) -> Wish:
    """What the form of a departure says."""
    accounts_to = data["accounts_to"]
    return Wish(data["leads_to"], active_rep(uuid.UUID(accounts_to)) if accounts_to else None)


def departure_words(made: Departure) -> str:
    """What a departure did, in a sentence."""
    moved = departures.moved(made)
    leads = ngettext("%(n)s open lead moved on", "%(n)s open leads moved on", moved) % {"n": number(moved)}
    accounts = ngettext("%(n)s account changed hands", "%(n)s accounts changed hands", made.accounts) % {
        "n": number(made.accounts)
    }
    return _("%(name)s receives no more leads; %(leads)s, %(accounts)s.") % {
        "name": made.rep.user.name, "leads": leads, "accounts": accounts,
    }  # fmt: skip


def foreseen_page(rep: Rep, wish: Wish, actor: Actor) -> list[tuple[str, int]]:
    """(who would get them, how many leads), those nobody could take last."""
    rows = departures.preview(rep, wish, actor)
    names = dict(Rep.objects.filter(pk__in={row.foreseen_id for row in rows}).values_list("pk", "user__name"))
    counted = Counter(names[row.foreseen_id] if row.foreseen_id else "" for row in rows)
    waits, later = counted.pop("", 0), selectors.open_leads_of(rep).count() - len(rows)
    found = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    last = [(_("Nobody yet: they wait"), waits), (_("Seen when their turn comes"), later)]
    return found + [pair for pair in last if pair[1] > 0]


def absence_page(rep: Rep, at: datetime) -> dict[str, Any]:
    rows = list(Absence.objects.filter(rep=rep).overlapping(at, None).order_by("valid_from"))
    return {"rep": rep, "absences": rows, "away_now": any(row.valid_from <= at for row in rows)}


def span_shown(rows: list[Absence], asked: str, at: datetime) -> Span:
    """What the form begins with: the absence asked for, else the next one to come, else from now on."""
    named = [row for row in rows if str(row.pk) == asked]
    to_come = [row for row in rows if row.valid_from > at]
    if row := next(iter([*named, *to_come]), None):
        return Span(row.kind, row.valid_from, row.valid_to)
    return Span(Absence.Kind.LEAVE, at)


def forecast_page(rep: Rep, span: Span, actor: Actor) -> dict[str, Any]:
    """What the absence would leave undone, and whom the rules would ask, lead by lead."""
    found = departures.forecast(rep, span, actor)
    names = selectors.names([outcome.rep for outcome in found.outcomes])
    rows = [
        {"lead": lead, "due_at": due_at, "to": names.get(outcome.rep, ""), "why": HELD.get(outcome.reason, "")}
        for (lead, due_at), outcome in zip(found.due, found.outcomes, strict=True)
    ]
    counts = {"held": found.held, "due": len(rows), "late": found.late}
    return counts | {"rows": rows[:CARDS], "start": span.start, "end": span.end}


def absence_words(moved: int) -> str:
    """What setting the absence did."""
    if not moved:
        return _("The absence is set.")
    said = ngettext(
        "The absence is set; %(n)s lead goes to others.", "The absence is set; %(n)s leads go to others.", moved
    )
    return said % {"n": moved}


# -- the board -------------------------------------------------------------------------------------------


def team_page(found: board.Board, actor: Actor, only_at_risk: bool) -> dict[str, Any]:
    """The board with its words; `only_at_risk` leaves the reps with something late, soon late or over capacity."""
    lines = [line for line in found.lines if not only_at_risk or line.breached or line.soon or line.over]
    return {
        "board": found,
        "lines": [
            {"line": line, "state": state_words(line), "tone": STATE_TONES.get(line.state, "neutral")}
            | _behind(line, found)
            for line in lines
        ],
        "overdue_url": _leads(found.breached, led="true", overdue="true", open="true"),
        "soon_url": _leads(found.soon, led="true", clock="half_hour", open="true"),
        "only_at_risk": only_at_risk,
        "reasons": [(HELD.get(code, code), n) for code, n in found.reasons],
        "waiting": [{"lead": lead, "reason": HELD.get(lead.held, lead.held)} for lead in found.waiting],
        "most": board.MOST,
        "may_assign": access.can(actor, "assign"),
    }


def _leads(n: int, **wanted: str) -> str:
    """The list of the leads behind a number of the board; nothing is behind none."""
    return f"{reverse('desk:list_leads')}?{urlencode(wanted)}" if n else ""


def _behind(line: board.Line, found: board.Board) -> dict[str, str]:
    owner = str(line.rep.pk)
    start, end = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in found.day)
    return {
        "new_url": _leads(line.new, given_to=owner, given_after=start),
        "due_url": _leads(line.due, owner=owner, open="true", due_before=end),
        "late_url": _leads(line.breached, owner=owner, overdue="true", open="true"),
        "soon_url": _leads(line.soon, owner=owner, clock="half_hour", open="true"),
    }


STATE_TONES = {"available": "good", "busy": "warn", "leave": "info", "sick": "info", "away": "info"}


def state_words(line: board.Line) -> str:
    """Whether somebody takes leads now, in one word."""
    if line.state == "available":
        return _("Available")
    return _("Outside hours") if line.state == "off" else str(Absence.Kind(line.state).label)
