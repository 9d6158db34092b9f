"""The mail that lets somebody in: planned as an effect, its link made at the moment of sending. It gives no right."""

from __future__ import annotations

from django.utils.translation import gettext as _

from leadops.desk import passwords
from leadops.effects import plan, stop
from leadops.effects.models import Effect
from leadops.effects.runner import Letter, register
from leadops.models import User
from leadops.unit import Unit

PURPOSE = "invited"


def send(user: User, unit: Unit) -> bool:
    """Whether it leaves; where mail reaches nobody nothing is planned, and who invites passes the link on."""
    if stop.silence():
        return False
    plan.mail(
        unit, user_id=user.pk, key=f"{PURPOSE}:{user.pk}:{unit.at.timestamp()}", purpose=PURPOSE, lead=None, body={}
    )
    return True


def letter(effect: Effect) -> Letter:
    """No word of it is stored: the link opens an account."""
    user = effect.user
    if user is None:
        raise ValueError("an invitation has a reader")
    lines = (
        _("Hello %(name)s,") % {"name": user.name},
        _("you have an account in leadops. Choose your password here, within three days:"),
        passwords.address_for(user),
        _("You sign in with %(email)s.") % {"email": user.email},
    )
    return Letter(subject=_("Your account in leadops"), text="\n\n".join(lines) + "\n")


def too_late(effect: Effect) -> str:
    """Who has a password needs no link any more."""
    return "has a password" if effect.user is not None and effect.user.has_usable_password() else ""


def register_letters() -> None:
    register(PURPOSE, letter, guard=too_late, again=True)
