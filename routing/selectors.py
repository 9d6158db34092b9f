"""What routing's pages, tasks and services read; writes nothing, decides nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from leadops.access import Actor, leads_visible_to
from leadops.decisions import Decision
from leadops.journal import JournalEntry, Kind
from leadops.models import IS_OPEN, AccountOwner, Lead, Membership, Rep, Role, Stage, User
from leadops.stalled import is_apart
from leadops.versions.services import compiled, version_at
from routing.models import Assignment, Departure, Pool, PoolMember

# reasons that time or a rep's return can end; the others wait for a person
DRAINABLE = ("no_capacity", "off_hours", "all_absent", "no_skill", "no_members", "all_had_it", "no_rule")
CLAIMABLE = ("", *DRAINABLE)
# what no time ends, and what only a change of rules would: somebody has to look
FOR_A_PERSON = ("no_rule", "no_members", "all_had_it", "handed_back", "by_rule", "loop", "error")
CLAIM_WINDOW = timedelta(hours=24)
# what ends by itself: an hour that comes, a rep who is back or has room again
BY_ITSELF = tuple(reason for reason in DRAINABLE if reason not in FOR_A_PERSON)
EVERYONE = "everyone"


def to_claim() -> Q:
    """The condition on leads that wait in a pool to be claimed."""
    keys = Pool.objects.filter(active=True, claimable=True).exclude(key="").values("key")
    return IS_OPEN & Q(owner__isnull=True, held="", pool__in=keys)


def next_held_at(at: datetime) -> datetime | None:
    """When the ticker has to drain: the first moment a held lead may move, or now for leads whose rep is gone."""
    if leads_left_behind(1) or departures_to_finish().exists():
        return at
    rows = held().filter(~is_apart("held leads"), held_until__isnull=False).order_by("held_until")
    return rows.values_list("held_until", flat=True).first()


def held() -> QuerySet[Lead]:
    return Lead.objects.filter(IS_OPEN, held__in=DRAINABLE, owner__isnull=True)


def waiting(pools: Iterable[str], at: datetime, limit: int, but: Iterable[uuid.UUID] = ()) -> list[Lead]:
    """Leads that wait for these pools and may move now, oldest first, locked; those others hold are passed over."""
    rows = held().filter(Q(held_until__lte=at) | Q(held="no_capacity"), pool__in=set(pools)).exclude(pk__any=but)
    return _locked(rows, limit)


def due(at: datetime, limit: int) -> list[uuid.UUID]:
    """Held leads to look at again, oldest first."""
    rows = held().filter(~is_apart("held leads"), held_until__lte=at).order_by("received_at", "id")
    return list(rows.values_list("pk", flat=True)[:limit])


def unplaced(lead_ids: Sequence[uuid.UUID]) -> list[Lead]:
    """Those of these leads that nobody has and that may be decided, locked; those others hold are passed over."""
    if not lead_ids:
        return []
    rows = Lead.objects.filter(IS_OPEN, pk__in=lead_ids, owner__isnull=True, held__in=CLAIMABLE)
    return _locked(rows, len(lead_ids))


def is_unplaced(lead: Lead) -> bool:
    """The same of a lead at hand."""
    return lead.is_open and lead.owner_id is None and lead.held in CLAIMABLE


def _locked(rows: QuerySet[Lead], limit: int) -> list[Lead]:
    locked = rows.select_for_update(of=("self",), skip_locked=True)
    return list(locked.select_related("person", "account", "owner__user").order_by("received_at", "id")[:limit])


def leads_left_behind(limit: int, rep_id: uuid.UUID | None = None) -> list[uuid.UUID]:
    """Open leads of reps who receive nothing any more, or of one of them, rep by rep, oldest first: to be moved on.

    Asked at each look of the ticker: by the few who left, never through the leads of those who stay.
    """
    gone = Rep.objects.filter(active=False)
    some = list((gone if rep_id is None else gone.filter(pk=rep_id)).values_list("pk", flat=True))
    if not some:
        return []
    rows = Lead.objects.filter(~is_apart("left behind"), IS_OPEN, owner__any=some).order_by("owner_id", "id")
    return list(rows.values_list("pk", flat=True)[:limit])


def departures_to_finish() -> QuerySet[Departure]:
    """Those whose leads are still on their way."""
    return Departure.objects.filter(undone_at__isnull=True, plan__isnull=False, plan__done_at__isnull=True)


def open_leads_of(rep: Rep) -> QuerySet[Lead]:
    return Lead.objects.filter(IS_OPEN, owner=rep).order_by("id")


def account_owners(leads: Sequence[Lead], at: datetime) -> dict[Any, str]:
    """Account id -> the rep who owns it at a moment."""
    accounts = {lead.account_id for lead in leads if lead.account_id}
    if not accounts:
        return {}
    rows = AccountOwner.objects.state_at(at).filter(account__any=accounts).values_list("account_id", "rep_id")
    return {account: str(rep) for account, rep in rows}


def watchers(name: str) -> list[uuid.UUID]:
    """Who watches a fallback: a person by e-mail, else everybody of the role so named."""
    if "@" in name:
        return list(User.objects.filter(email=name.lower(), is_active=True).values_list("pk", flat=True))
    rows = Membership.objects.filter(role=name or Role.REVENUE_OPS, user__is_active=True)
    return list(rows.values_list("user_id", flat=True).distinct())


# -- pools ---------------------------------------------------------------------------------------------


def pools_of(rep_id: uuid.UUID | None, at: datetime) -> list[Pool]:
    """Pools a rep may take from now."""
    members = PoolMember.objects.state_at(at).filter(rep=rep_id).values("pool")
    return list(Pool.objects.filter(active=True, claimable=True, pk__in=members).order_by("key"))


def claimable(pools: Iterable[Pool]) -> QuerySet[Lead]:
    """Leads anybody of these pools may take. The rows show no contact: see `panels.pool_cards`."""
    keys = [pool.key for pool in pools if pool.claimable]
    rows = Lead.objects.filter(IS_OPEN, owner__isnull=True, held__in=CLAIMABLE, pool__in=keys)
    return rows.order_by("received_at", "id")


def may_claim_from(rep_id: uuid.UUID | None, pool_key: str, at: datetime) -> bool:
    """Whether a rep is in this claimable pool: a lead elsewhere does not exist for them."""
    return rep_id is not None and any(pool.key == pool_key for pool in pools_of(rep_id, at))


def waiting_counts() -> dict[str, int]:
    """Pool key -> held leads."""
    return dict(held().order_by().values_list("pool").annotate(n=Count("pk")))


def claims_since(rep_id: uuid.UUID, pool: Pool, at: datetime) -> int:
    rows = Assignment.objects.filter(rep=rep_id, pool=pool, how=Assignment.How.CLAIMED)
    return rows.filter(started_at__gt=at - CLAIM_WINDOW).count()


def members_of(pools: Sequence[Pool], at: datetime) -> dict[uuid.UUID, list[PoolMember]]:
    """Pool id -> its members now, by name."""
    found: dict[uuid.UUID, list[PoolMember]] = {pool.pk: [] for pool in pools}
    rows = PoolMember.objects.state_at(at).filter(pool__in=pools).select_related("rep__user")
    for row in rows.order_by("rep__user__name"):
        found[row.pool_id].append(row)
    return found


def lonely_pools(rep: Rep, at: datetime) -> set[str]:
    """Pools in which this rep is the only active member."""
    rows = PoolMember.objects.state_at(at).filter(rep__active=True).values("pool__key")
    alone = rows.annotate(n=Count("rep", distinct=True), mine=Count("rep", filter=Q(rep=rep))).filter(n=1, mine=1)
    return {row["pool__key"] for row in alone}


# -- decisions -----------------------------------------------------------------------------------------


def decisions_seen_by(actor: Actor) -> QuerySet[Decision]:
    """Routing decisions on leads the actor may see, newest first."""
    rows = Decision.objects.filter(kind=Decision.Kind.ROUTING, lead__in=leads_visible_to(actor))
    return rows.select_related("version", "lead__person").order_by("-id")


def last_decision(lead: Lead) -> Decision | None:
    rows = Decision.objects.filter(lead=lead, kind=Decision.Kind.ROUTING).select_related("version")
    return rows.order_by("-id").first()


def current_assignment(lead: Lead) -> Assignment | None:
    rows = Assignment.objects.filter(lead=lead, ended_at__isnull=True)
    return rows.select_related("rep__user", "by", "pool").first()


def names(rep_ids: Iterable[str]) -> Mapping[str, str]:
    """Rep id -> name, looked up when something is shown: records keep ids only."""
    wanted = [rep for rep in rep_ids if rep]
    return {str(pk): name for pk, name in User.objects.filter(pk__in=wanted).values_list("pk", "name")}


def credits_of(pool: Pool) -> list[dict[str, Any]]:
    rows = pool.credits.values("rep_id", "credit", "taken", name=F("rep__user__name")).order_by("name")
    return [dict(row) for row in rows]


def astray(at: datetime) -> QuerySet[Lead]:
    """Open leads that nobody answers for: neither owned, nor held, nor in a pool, nor resting. There should be none.

    Resting is a lead not yet an MQL that nothing has wanted routed: no decision, and captured by a source or as a kind
    of request that waits for the MQL.
    """
    version = version_at("ruleset", "house", at)
    wanted = Q(data__trigger="now")
    if version is None or compiled(version).hand_raiser is None:  # with a condition of its own only its decisions tell
        wanted |= Q(data__trigger="rules", data__hand_raiser=True)
    mine = {"lead": OuterRef("pk")}
    asked = Exists(JournalEntry.objects.filter(wanted, kind__in=[Kind.CAPTURED, Kind.CAME_BACK], **mine))
    decided = Exists(Decision.objects.filter(kind=Decision.Kind.ROUTING, **mine))
    rows = Lead.objects.filter(IS_OPEN, owner__isnull=True, held="", pool="")
    return rows.filter(~Q(stage__in=(Stage.NEW, Stage.ENGAGED)) | decided | asked).order_by("id")


# -- who leads whom --------------------------------------------------------------------------------------


def reps_led_by(actor: Actor) -> QuerySet[Rep]:
    """Reps of the teams the actor leads, those who left included; everybody for who runs the house."""
    rows = Rep.objects.select_related("user", "team")
    if actor.is_system or actor.has(Role.REVENUE_OPS):
        return rows
    teams = actor.teams(Role.MANAGER)
    return rows if teams is None else rows.filter(team__in=teams)
