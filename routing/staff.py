"""Who may receive leads and on which terms, and who owns an account: effective-dated, from a moment on.

It makes no user and no membership, and it moves no lead that somebody has already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from leadops import access
from leadops.audited import changes
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import Account, AccountOwner, Membership, Rep, RepTerms, Role, Team, User
from leadops.unit import Unit
from leadops.versions import services as versions
from routing import memberships
from routing.defaults import EVERYONE
from routing.models import Pool, PoolMember
from routing.reps import look_again

LIMITS = ("capacity", "cap_hour", "cap_day", "cap_month")
TERMS = (*LIMITS, "skills", "languages", "calendar")
MOST = 100_000
LEVELS = 10


def create_rep(user: User, team: Team, unit: Unit, terms: Mapping[str, Any] | None = None) -> Rep:
    """From now on this user may receive leads, in this team and the pool of everybody; a rep who had left starts again."""
    access.require(unit.actor, "edit_reps")
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    known = Rep.objects.filter(pk=user.pk).first()
    if known is not None and known.active:
        raise Refused("already-rep", _("This user is a rep already."), status=409)
    if not user.is_active:
        raise Refused("user-inactive", _("This user is not active."))
    if not Membership.objects.filter(user=user, team=team, role=Role.REP).exists():
        raise Refused("no-membership", _("Give the user the role of a rep in this team first."), status=409)
    rep, _new = Rep.objects.update_or_create(user=user, defaults={"team": team, "active": True, "ended_at": None})
    said = {"table": "rep", "row": str(rep.pk), "fields": ["team"], "team": team.key, "new": known is None}
    unit.record(Kind.SETTING_CHANGED, data=said)
    set_terms(rep, {"calendar": _first_calendar(team, unit.at), **(terms or {})}, unit)
    everyone = Pool.objects.filter(key=EVERYONE, active=True).first()
    if (
        everyone is not None
        and not PoolMember.objects.filter(pool=everyone, rep=rep).overlapping(unit.at, None).exists()
    ):
        memberships.join(everyone, rep, unit)
    return rep


def _first_calendar(team: Team, at: datetime) -> str:
    """The team's calendar while there is one of that key, else the house's."""
    return team.calendar if team.calendar in calendar_keys(at) else "house"


def calendar_keys(at: datetime) -> list[str]:
    """Keys of the calendars in force."""
    return sorted(version.key for version in versions.all_at("calendar", at))


def terms_at(rep: Rep, at: datetime) -> RepTerms | None:
    row: RepTerms | None = RepTerms.objects.filter(rep=rep).state_at(at).first()
    return row


def set_terms(rep: Rep, values: Mapping[str, Any], unit: Unit, start: datetime | None = None) -> RepTerms:
    """From `start` (default: now) these terms hold; what is not named stays. Earlier terms stay on record."""
    access.require(unit.actor, "edit_terms", rep)
    start = start or unit.at
    if start < unit.at:
        raise Refused("bad-span", _("Terms hold from now on or from a moment to come."))
    rep = Rep.objects.select_for_update(no_key=True).get(pk=rep.pk)
    before = terms_at(rep, start) if start == unit.at else _planned(rep, start)
    held = {name: getattr(before, name) for name in TERMS} if before is not None else _unset()
    fresh = held | _checked(values, unit.at)
    if before is not None and fresh == held:
        return before
    row: RepTerms = RepTerms.objects.change(identity={"rep": rep}, values=fresh, valid_from=start, known_at=unit.at)
    fields = sorted(name for name in TERMS if before is None or fresh[name] != held[name])
    said = {"table": "repterms", "row": str(rep.pk), "new": before is None, "from": start.isoformat()}
    said |= changes(held if before is not None else {}, fresh) | {"fields": fields}
    unit.record(Kind.SETTING_CHANGED, data=said)
    look_again(unit)
    return row


def _planned(rep: Rep, start: datetime) -> RepTerms | None:
    row: RepTerms | None = RepTerms.objects.filter(rep=rep, valid_from__lte=start).overlapping(start, None).first()
    return row


def _unset() -> dict[str, Any]:
    return dict.fromkeys(LIMITS) | {"skills": {}, "languages": [], "calendar": "house"}


def _checked(values: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The values in the shape of their columns, or one clear line."""
    unknown = sorted(set(values) - set(TERMS))
    if unknown:
        raise Refused("unknown-term", _("There is no such term: %(names)s") % {"names": ", ".join(unknown)[:200]})
    for name in LIMITS:
        number = values.get(name)
        if number is not None and not (type(number) is int and 0 <= number <= MOST):
            raise Refused("bad-limit", _("A limit is a whole number from 0 to %(most)s, or empty.") % {"most": MOST})
    found = dict(values)
    if "skills" in values:
        found["skills"] = _skills(values["skills"])
    if "languages" in values:
        found["languages"] = _languages(values["languages"])
    if "calendar" in values and values["calendar"] not in calendar_keys(at):
        raise Refused("unknown-calendar", _("There is no calendar of this name in force."))
    return found


def _skills(given: Any) -> dict[str, int]:
    fits = isinstance(given, Mapping) and all(
        isinstance(code, str) and 0 < len(code) <= 40 and code.isprintable() and type(level) is int
        and 1 <= level <= LEVELS for code, level in given.items()
    )  # fmt: skip
    if not fits:
        raise Refused("bad-skill", _("A skill is a code with a level from 1 to %(most)s.") % {"most": LEVELS})
    return dict(given)


def _languages(given: Any) -> list[str]:
    fits = isinstance(given, list | tuple) and all(
        isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() for code in given
    )
    if not fits:
        raise Refused("bad-language", _("A language is its code of two letters: fr, en, de."))
    return list(dict.fromkeys(code.lower() for code in given))


def owner_at(account: Account, at: datetime) -> AccountOwner | None:
    row: AccountOwner | None = AccountOwner.objects.filter(account=account).state_at(at).select_related("rep").first()
    return row


def own_account(account: Account, rep: Rep | None, unit: Unit) -> AccountOwner | None:
    """From now on this rep (or nobody) owns the account: rules that follow the known owner give them its new leads."""
    access.require(unit.actor, "own_account", rep)
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if rep is not None and not Rep.objects.filter(pk=rep.pk, active=True).exists():
        raise Refused("rep-inactive", _("This rep receives no more leads."))
    present = owner_at(account, unit.at)
    if present is not None:
        access.require(unit.actor, "own_account", present.rep)
    if (present.rep_id if present else None) == (rep.pk if rep else None):
        return present
    row: AccountOwner | None = AccountOwner.objects.change(
        identity={"account": account}, values={"rep": rep} if rep else None, valid_from=unit.at, known_at=unit.at
    )
    said = {"table": "accountowner", "row": str(account.pk), "fields": ["rep"], "rep": str(rep.pk) if rep else None}
    unit.record(Kind.SETTING_CHANGED, data=said)
    return row
