"""The second factor of a person: a code that changes every half minute, and ten codes for the day the phone is lost.

allauth keeps and reckons them; here stands that each counts once in the whole house, whichever process is asked, and
that whoever sets one up or ends it is told of in the journal. It sees no request.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from leadops import access, moment
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import User
from leadops.unit import Unit

APP, PAPER = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
STEP = "step"  # in an authenticator's data: the last half minute whose code was used


def has(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=APP).exists())


def new_secret() -> str:
    secret: str = generate_totp_secret()
    return secret


def picture(user: User, secret: str) -> str:
    """The QR code an app reads, as an image inside the page's own address."""
    adapter = get_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def set_up(user: User, secret: str, code: str, unit: Unit) -> list[str]:
    """From now on a code is asked for; the recovery codes, which are shown this once. The code proves the app has the secret."""
    User.objects.select_for_update().get(pk=user.pk)
    if has(user):
        raise Refused("factor-exists", _("A second factor is set up already."), status=409)
    step = _step(secret, code)
    if not step:
        raise Refused("wrong-code", _("This code is not right. Look at the app again: it changes every half minute."))
    row = TOTP.activate(user, secret).instance
    row.data[STEP] = step
    row.save(update_fields=["data"])
    unit.record(Kind.SECOND_FACTOR, data={"act": "set_up", "user": str(user.pk)})
    return _fresh_codes(user)


def new_codes(user: User, unit: Unit) -> list[str]:
    """Ten other recovery codes; the old ones open nothing any more."""
    User.objects.select_for_update().get(pk=user.pk)
    if not has(user):
        raise Refused("no-factor", _("No second factor is set up."), status=409)
    unit.record(Kind.SECOND_FACTOR, data={"act": "new_codes", "user": str(user.pk)})
    return _fresh_codes(user)


def remove(user: User, unit: Unit) -> None:
    """From now on the password alone opens; by the person, or by who lets people in when a phone is lost."""
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise Refused("no-factor", _("No second factor is set up."), status=409)
    unit.record(Kind.SECOND_FACTOR, data={"act": "removed", "user": str(user.pk)})


def codes_left(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=PAPER).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def take_from(user: User, unit: Unit) -> None:
    """By who lets people in, when phone and codes are lost: the password alone opens, and every open session ends."""
    access.require(unit.actor, "edit_users")
    remove(user, unit)
    User.objects.filter(pk=user.pk).update(sessions_end_at=unit.at)


def people_without(roles: Iterable[str]) -> int:
    """How many active people work in one of these roles and have none yet."""
    held = Authenticator.objects.filter(type=APP).values("user")
    people = User.objects.filter(is_active=True, memberships__role__in=list(roles)).exclude(pk__in=held)
    return people.distinct().count()


def accepts(user: User, code: str) -> str:
    """Which of the two the code is, empty when it is none; whatever is accepted is used up in the same transaction."""
    with transaction.atomic():
        rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=user)}
        app, paper = rows.get(APP), rows.get(PAPER)
        found = (
            APP if app and _used_now(app, code) else PAPER if paper and RecoveryCodes(paper).validate_code(code) else ""
        )
        if found:
            Authenticator.objects.filter(pk=rows[found].pk).update(last_used_at=moment.now())
        return str(found)


def _used_now(row: Authenticator, code: str) -> bool:
    """Whether it is a code of a half minute later than the last one used."""
    step = _step(decrypt(row.data["secret"]), code)
    if step <= row.data.get(STEP, 0):
        return False
    row.data[STEP] = step
    row.save(update_fields=["data"])
    return True


def _step(secret: str, code: str) -> int:
    """The half minute whose code this is, of those allowed now; 0 = of none."""
    given = "".join(code.split())
    steps = (
        step for step in yield_hotp_counters_from_time() if _same(format_hotp_value(hotp_value(secret, step)), given)
    )
    return next(steps, 0)


def _same(expected: str, given: str) -> bool:
    return given.isascii() and constant_time_compare(expected, given)


def _fresh_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=PAPER).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes
