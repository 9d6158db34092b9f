"""One access policy for every surface: which rows an actor sees, and which verbs an actor may use.

Lists, counts, search, panels, exports, the API and the admin all start from here; nothing else decides a right.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from leadops.errors import NotFound, Refused
from leadops.models import Account, Lead, Membership, Opportunity, Person, Role, Team, Touch, User

MASKED = (
    "title",
    "postcode",
    "city",
    "external_key",
)  # hidden with name, e-mail and phone from whom contacts are masked
HOUSE = None  # a membership without a team holds for the whole house


@dataclass(frozen=True, slots=True)
class WholeHouse:
    """What holds for everybody, as the object of a verb: only a membership without a team reaches it."""

    team_id: None = None


WHOLE_HOUSE = WholeHouse()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, a token (never more than its maker), a visitor, or a named part of the system.

    `code` names system actors for the journal ("pipeline", "ticker", "import:<id>"); `roles` are
    (role, team id or None for the house); `scopes` is None for people and a set of scope names for tokens.
    `origin` is the network address they came from, for the audit alone.
    """

    kind: str
    code: str = ""
    user_id: uuid.UUID | None = None
    roles: frozenset[tuple[str, uuid.UUID | None]] = field(default_factory=frozenset)
    scopes: frozenset[str] | None = None
    origin: str = field(default="", compare=False)

    @property
    def is_system(self) -> bool:
        return self.kind == "system"

    def has(self, *roles: str) -> bool:
        return any(role in roles for role, _team in self.roles)

    def teams(self, role: str) -> set[uuid.UUID] | None:
        """Teams in which the actor has `role`; None means the whole house."""
        held = [team for name, team in self.roles if name == role]
        return None if HOUSE in held else {team for team in held if team is not None}


def system(code: str) -> Actor:
    return Actor(kind="system", code=code)


SYSTEM = system("system")
VISITOR = Actor(kind="visitor", code="visitor")


def visitor(origin: str) -> Actor:
    """Somebody who has not signed in, as the audit names them: by where they came from."""
    return Actor(kind="visitor", code="visitor", origin=origin)


def actor_of(user: User, scopes: frozenset[str] | None = None, origin: str = "") -> Actor:
    """The actor for a signed-in user, or for a token of theirs when `scopes` is given (one query)."""
    if not user.is_active:
        return VISITOR
    roles = frozenset(Membership.objects.filter(user=user).values_list("role", "team_id"))
    kind = "user" if scopes is None else "token"
    return Actor(kind=kind, user_id=user.pk, roles=roles, scopes=scopes, origin=origin)


# -- verbs ---------------------------------------------------------------------------------------------

_WORKING = (Role.REP, Role.MANAGER, Role.REVENUE_OPS)
_LEADING = (Role.MANAGER, Role.REVENUE_OPS)
_EVERYONE = tuple(Role.values)

# verb -> (roles that may use it, scope a token needs)
VERBS: dict[str, tuple[tuple[str, ...], str]] = {
    "read_leads": (_EVERYONE, "leads:read"),
    "read_contacts": ((Role.REP, Role.MANAGER, Role.REVENUE_OPS, Role.MARKETING_OPS), "leads:read"),
    "create_lead": (_WORKING, "leads:write"),
    "update_lead": (_WORKING, "leads:write"),
    "accept": (_WORKING, "leads:write"),
    "hand_back": (_WORKING, "leads:write"),
    "log_attempt": (_WORKING, "leads:write"),
    "note": (_WORKING, "leads:write"),
    "snooze": (_WORKING, "leads:write"),
    "set_status": (_WORKING, "leads:write"),
    "disqualify": (_WORKING, "leads:write"),
    "recycle": (_WORKING, "leads:write"),
    "qualify": (_WORKING, "leads:write"),
    "answer": (_WORKING, "leads:write"),
    "open_opportunity": (_WORKING, "opportunities:write"),
    "win": (_WORKING, "opportunities:write"),
    "lose": (_WORKING, "opportunities:write"),
    "claim": (_WORKING, "leads:write"),
    "assign": (_LEADING, "leads:write"),
    "read_reports": ((Role.MANAGER, Role.MARKETING_OPS, Role.REVENUE_OPS, Role.EXECUTIVE), "reports:read"),
    "read_own_report": (_EVERYONE, "reports:read"),
    "read_sources": ((Role.MANAGER, Role.MARKETING_OPS, Role.REVENUE_OPS), "sources:read"),
    "edit_sources": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "sources:write"),
    "edit_costs": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "costs:write"),
    "read_submissions": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "submissions:read"),
    "import_leads": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "imports:write"),
    "replay_submission": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "submissions:write"),
    "read_rules": (_EVERYONE, "rules:read"),
    "ask_route": (_EVERYONE, "rules:read"),
    "edit_ruleset": (_LEADING, "rules:write"),
    "edit_sla": (_LEADING, "rules:write"),
    "edit_calendar": (_LEADING, "rules:write"),
    "edit_scorecard": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "criteria:write"),
    "edit_mql": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "criteria:write"),
    "edit_framework": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "criteria:write"),
    "read_sequences": (_EVERYONE, "sequences:read"),
    "edit_sequences": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "sequences:write"),
    "enrol": ((*_WORKING, Role.MARKETING_OPS), "sequences:write"),
    "read_letters": ((Role.REP, Role.MANAGER, Role.MARKETING_OPS, Role.REVENUE_OPS), "sequences:read"),
    "read_suppressions": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "suppressions:read"),
    "edit_suppressions": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "suppressions:write"),
    "edit_channels": ((Role.MARKETING_OPS, Role.REVENUE_OPS), "sources:write"),
    "edit_house": ((Role.REVENUE_OPS,), "settings:write"),
    "set_absence": (_WORKING, "reps:write"),
    "deactivate_rep": (_LEADING, "reps:write"),
    "edit_reps": ((Role.REVENUE_OPS,), "reps:write"),
    "edit_terms": (_LEADING, "reps:write"),
    "own_account": (_LEADING, "reps:write"),
    "read_team": ((Role.MANAGER, Role.REVENUE_OPS), "reps:read"),
    "read_audit": ((Role.REVENUE_OPS,), "audit:read"),
    "read_operations": ((Role.REVENUE_OPS,), "operations:read"),
    "run_operations": ((Role.REVENUE_OPS,), "operations:write"),
    "open_admin": ((Role.MARKETING_OPS, Role.REVENUE_OPS), ""),
    "edit_users": ((Role.REVENUE_OPS,), "users:write"),
    "edit_reference": ((Role.REVENUE_OPS,), "settings:write"),
    "erase_person": ((Role.REVENUE_OPS,), "privacy:write"),
    "export_person": ((Role.REVENUE_OPS,), "privacy:read"),
}
_OWNER_VERBS = {
    "update_lead", "accept", "hand_back", "log_attempt", "note", "snooze", "set_status", "disqualify", "recycle",
    "qualify", "answer", "open_opportunity", "win", "lose", "enrol",
}  # fmt: skip

# What concerns everybody whatever its object: a role held in a team alone does not give it.
_HOUSE_VERBS = {
    "edit_users", "edit_house", "edit_reference", "read_audit", "read_operations", "run_operations", "erase_person",
    "export_person",
}  # fmt: skip


def can(actor: Actor, verb: str, obj: Any = None) -> bool:
    """Whether `actor` may use `verb`, on `obj` when given (a Lead, a Team, WHOLE_HOUSE or anything with `team_id`)."""
    if actor.is_system:
        return True
    roles, scope = VERBS[verb]
    if actor.scopes is not None and "all" not in actor.scopes and scope not in actor.scopes:
        return False
    held = [(role, team) for role, team in actor.roles if role in roles and (team is HOUSE or verb not in _HOUSE_VERBS)]
    if not held:
        return False
    return obj is None or any(_reaches(actor, verb, role, team, obj) for role, team in held)


def _reaches(actor: Actor, verb: str, role: str, team: uuid.UUID | None, obj: Any) -> bool:
    if isinstance(obj, WholeHouse):
        return team is HOUSE
    if isinstance(obj, Lead) and role == Role.REP:
        return obj.owner_id == actor.user_id if verb in _OWNER_VERBS else True
    if role == Role.MANAGER and team is not HOUSE:
        of = obj.pk if isinstance(obj, Team) else getattr(obj, "team_id", None)
        # an unrouted lead has no team yet: any manager may take care of it
        return of == team or (isinstance(obj, Lead) and of is None)
    return True


def require(actor: Actor, verb: str, obj: Any = None) -> None:
    """Refuse with one clear message unless `can`."""
    if not can(actor, verb, obj):
        raise Refused("not-allowed", _("Your role does not allow this."), status=403, verb=verb)


# -- rows ----------------------------------------------------------------------------------------------


def _lead_scope(actor: Actor, prefix: str = "") -> Q | None:
    """The condition on leads an actor sees; None = all of them."""
    if actor.is_system or actor.has(Role.REVENUE_OPS, Role.MARKETING_OPS, Role.EXECUTIVE):
        return None
    seen = Q(pk__in=[])
    if actor.has(Role.REP):
        seen |= Q(**{f"{prefix}owner": actor.user_id})
    if actor.has(Role.MANAGER):
        teams = actor.teams(Role.MANAGER)
        if teams is None:
            return None
        seen |= Q(**{f"{prefix}team__in": teams}) | Q(**{f"{prefix}team__isnull": True})
    return seen


def sees_every_lead(actor: Actor) -> bool:
    """Whether figures of this actor are those of the whole house (costs are, so they need no smaller circle)."""
    return can(actor, "read_leads") and _lead_scope(actor) is None


def leads_visible_to(actor: Actor) -> QuerySet[Lead]:
    """Every lead the actor may see, merged ones included; the only start of any query on leads by people."""
    rows = Lead.objects.all()
    if not can(actor, "read_leads"):
        return rows.none()
    scope = _lead_scope(actor)
    return rows if scope is None else rows.filter(scope)


def people_visible_to(actor: Actor) -> QuerySet[Person]:
    rows = Person.objects.all()
    if not can(actor, "read_leads"):
        return rows.none()
    if _lead_scope(actor) is None:
        return rows
    return rows.filter(pk__in=leads_visible_to(actor).values("person"))


def accounts_visible_to(actor: Actor) -> QuerySet[Account]:
    rows = Account.objects.all()
    if not can(actor, "read_leads"):
        return rows.none()
    if _lead_scope(actor) is None:
        return rows
    return rows.filter(pk__in=leads_visible_to(actor).values("account"))


def touches_visible_to(actor: Actor) -> QuerySet[Touch]:
    """Acts of prospects, through the lead they belong to; those without one belong to who sees everything."""
    rows = Touch.objects.all()
    if not can(actor, "read_leads"):
        return rows.none()
    return rows if _lead_scope(actor) is None else rows.filter(lead__in=leads_visible_to(actor))


def opportunities_visible_to(actor: Actor) -> QuerySet[Opportunity]:
    rows = Opportunity.objects.all()
    if not can(actor, "read_leads"):
        return rows.none()
    scope = _lead_scope(actor, "lead__")
    if scope is None:
        return rows
    return rows.filter(scope | Q(owner=actor.user_id)) if actor.has(Role.REP) else rows.filter(scope)


def lead_for(actor: Actor, lead_id: uuid.UUID | str, verb: str = "read_leads") -> Lead:
    """One lead the actor sees and may use `verb` on; what one may not see answers 404, never 403."""
    try:
        lead = leads_visible_to(actor).select_related("person", "account", "owner__user", "team").get(pk=lead_id)
    except (Lead.DoesNotExist, ValueError) as missing:
        raise NotFound(_("There is no such lead, or it is not yours to see.")) from missing
    require(actor, verb, lead)
    return lead


def masks_contacts(actor: Actor) -> bool:
    """Executives open the leads behind a figure with initials and company only, whatever role they have in one team besides."""
    leads_all = actor.has(Role.MANAGER) and actor.teams(Role.MANAGER) is None
    small = actor.has(Role.EXECUTIVE) and not (leads_all or actor.has(Role.REVENUE_OPS, Role.MARKETING_OPS))
    return small or not can(actor, "read_contacts")


def scopes_known() -> list[str]:
    return sorted({scope for _roles, scope in VERBS.values() if scope})


def scopes_of(actor: Actor) -> list[str]:
    """Scopes that open something to the roles of this actor."""
    return sorted({scope for roles, scope in VERBS.values() if scope and actor.has(*roles)})


def check_scopes(names: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(names)
    unknown = wanted - set(scopes_known()) - {"all"}
    if unknown:
        raise Refused("unknown-scope", _("Unknown scope: %(names)s") % {"names": ", ".join(sorted(unknown))})
    return wanted
