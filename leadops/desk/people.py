"""Who signs in and in which roles: users and memberships, made and ended by revenue ops or the operator.

It hands out no rights of its own (`leadops/access.py` decides) and sees no password but that of the first administrator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from leadops import access
from leadops.apitables import ApiToken
from leadops.audited import changes
from leadops.errors import NotFound, Refused
from leadops.fold import fold
from leadops.journal import Kind
from leadops.models import Membership, Rep, Role, Team, User
from leadops.unit import Unit
from routing import leaving, staff

FOUNDING = 7_201_804  # the advisory lock of who founds the house
PROFILE = ("name", "language", "zone")
IN_A_TEAM = (Role.REP,)  # a rep belongs to a team; every other role may hold for the whole house


def create_user(email: str, name: str, role: str, team: Team | None, unit: Unit, **profile: Any) -> User:
    """A new user with one role and no password yet: who has the link sets it. A rep is made ready to receive leads."""
    access.require(unit.actor, "edit_users")
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as fault:
        raise Refused("bad-email", _("This is no e-mail address.")) from fault
    if User.objects.filter(email=address).exists():
        raise Refused("user-exists", _("There is a user with this e-mail already. Nothing was changed."), status=409)
    values = {"language": settings.HOUSE_LANGUAGE, "zone": team.zone if team else settings.REPORTING_ZONE, **profile}
    values["name"] = name.strip() or address.partition("@")[0]
    _check_profile(values)
    user = User.objects.create_user(address, None, created_at=unit.at, **values)
    _said(unit, "user", str(user.pk), [], new=True)
    set_membership(user, role, team, unit)
    if role == Role.REP and team is not None:
        staff.create_rep(user, team, unit)
    return user


def anybody() -> bool:
    """Whether this house has a user at all, whatever became of them."""
    return User.objects.exists()


def found_house(data: Mapping[str, Any], unit: Unit) -> User:
    """The first team and the first administrator of an empty house, once: two who ask together do not both come in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FOUNDING])
    if anybody():
        raise NotFound(_("This house has its first administrator already."), code="house-founded")
    team = Team(key=slugify(data["company"])[:50] or "team", name=data["company"].strip(), zone=data["zone"])
    team.save(force_insert=True)
    _said(unit, "team", str(team.pk), [], new=True)
    profile = {"language": data["language"], "zone": data["zone"]}
    user = create_user(data["email"], data["name"], Role.REVENUE_OPS, None, unit, **profile)
    user.set_password(data["password"])
    User.objects.filter(pk=user.pk).update(password=user.password)
    return user


def former_reps(names: Sequence[str], team: str, unit: Unit) -> dict[str, Rep]:
    """Folded name -> rep, for people who sold once and are unknown here: nobody signs in as them, no lead reaches them.

    Their addresses end in `.invalid`, which no mail server may have. The maker's right was asked when he chose it.
    """
    home = Team.objects.get(key=team)
    found: dict[str, Rep] = {}
    for name in names:
        address = f"{'.'.join(re.findall('[a-z0-9]+', fold(name))) or 'former'}@former-rep.invalid"
        user = User.objects.filter(email=address).first()
        if user is None:
            user = User(email=address, name=name, is_active=False, created_at=unit.at)
            user.set_unusable_password()
            user.save(force_insert=True)
            _said(unit, "user", str(user.pk), [], new=True)
        rep, _created = Rep.objects.get_or_create(
            user=user, defaults={"team": home, "active": False, "ended_at": unit.at}
        )
        found[fold(name)] = rep
    return found


def _check_profile(values: Mapping[str, Any]) -> None:
    if not str(values.get("name", "x")).strip() or len(str(values.get("name", ""))) > 150:
        raise Refused("bad-name", _("A name has 1 to 150 characters."))
    if values.get("language", "fr") not in dict(settings.LANGUAGES):
        raise Refused("unknown-language", _("There is no such language here."))
    if values.get("zone", "UTC") not in available_timezones():
        raise Refused("unknown-zone", _("There is no such time zone."))


def change_user(user: User, values: Mapping[str, Any], unit: Unit) -> User:
    """Name, language and time zone; the e-mail is the login and stays."""
    access.require(unit.actor, "edit_users")
    wanted = {name: values[name] for name in PROFILE if name in values}
    _check_profile(wanted)
    changed = sorted(name for name, value in wanted.items() if getattr(user, name) != value)
    if changed:
        User.objects.filter(pk=user.pk).update(**{name: wanted[name] for name in changed})
        told = changes(
            {n: getattr(user, n) for n in wanted if n != "name"}, {n: wanted[n] for n in wanted if n != "name"}
        )
        _said(unit, "user", str(user.pk), changed, before=told["before"], after=told["after"])
    user.refresh_from_db()
    return user


def reset_password(user: User, unit: Unit) -> User:
    """The old password stops, and with it every open session; the link made afterwards sets a new one."""
    access.require(unit.actor, "edit_users")
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(password=user.password)
    _said(unit, "user", str(user.pk), ["password"])
    return user


def deactivate_user(user: User, unit: Unit) -> User:
    """Nobody signs in as this user any more, no token of theirs counts; a rep gets nothing more, their leads move on."""
    access.require(unit.actor, "edit_users")
    _keep_one_head(user, unit)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        raise Refused("user-inactive", _("This user is not active."), status=409)
    rep = Rep.objects.select_related("user").filter(pk=user.pk, active=True).first()
    if rep is not None:
        leaving.leave(rep, leaving.Wish(), unit)
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=unit.at)
    User.objects.filter(pk=user.pk).update(sessions_end_at=unit.at)  # let back in, they sign in anew
    _said(unit, "user", str(user.pk), ["is_active"])
    user.is_active = False
    return user


def reactivate_user(user: User, unit: Unit) -> User:
    """They sign in again; whether they receive leads again is said apart."""
    access.require(unit.actor, "edit_users")
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise Refused("user-active", _("This user is active."), status=409)
    _said(unit, "user", str(user.pk), ["is_active"])
    user.is_active = True
    return user


def set_membership(user: User, role: str, team: Team | None, unit: Unit) -> Membership:
    """One role more, in a team or (without one) in the whole house; a role held already is left alone."""
    access.require(unit.actor, "edit_users")
    if role not in Role.values:
        raise Refused("unknown-role", _("There is no such role."))
    if role in IN_A_TEAM and team is None:
        raise Refused("team-needed", _("A rep belongs to a team: name it."))
    row, created = Membership.objects.get_or_create(user=user, role=role, team=team)
    if created:
        _said(unit, "membership", str(user.pk), [role], new=True, team=team.key if team else "")
    return row


def end_membership(row: Membership, unit: Unit) -> None:
    """From now on the user does not have this role there; the last head of the house stays."""
    access.require(unit.actor, "edit_users")
    if row.role == Role.REP and Rep.objects.filter(pk=row.user_id, active=True, team=row.team_id).exists():
        raise Refused("rep-active", _("This rep still receives leads: deactivate the rep first."), status=409)
    if row.role == Role.REVENUE_OPS and row.team_id is None:
        _keep_one_head(row.user, unit)
    row.delete()
    _said(unit, "membership", str(row.user_id), [row.role], ended=True, team=row.team.key if row.team else "")


def _keep_one_head(user: User, unit: Unit) -> None:
    """Without revenue ops nobody could ever let anybody in again."""
    heads = Membership.objects.select_for_update().filter(
        Q(role=Role.REVENUE_OPS, team__isnull=True, user__is_active=True)
    )
    found = set(heads.order_by("pk").values_list("user_id", flat=True))
    if found == {user.pk}:
        raise Refused("last-revenue-ops", _("This is the last active revenue ops of the house."), status=409)


def _said(unit: Unit, table: str, row: str, fields: list[str], **more: Any) -> None:
    unit.record(Kind.SETTING_CHANGED, data={"table": table, "row": row, "fields": fields, "new": False, **more})
