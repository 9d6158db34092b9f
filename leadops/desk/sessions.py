"""Where a session begins, what is noted of it, and who is held at its door until a second factor is set up. It decides no right."""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access
from leadops.desk import errors, factor_policy, second_factor
from leadops.errors import Refused
from leadops.journal import Kind
from leadops.models import User
from leadops.unit import in_unit

CHOSEN = "language_chosen"
SINCE, SEEN = "since", "seen"  # in a session: when they signed in, and when they last did something (seconds)
PROVED = "second_factor"  # in a session: who it belongs to has a second factor
# what somebody may still reach who has to set one up first
DOORS = ("desk:security", "desk:set_up_factor", "desk:sign_out", "desk:set_language")


def begin(request: HttpRequest, user: User) -> None:
    """Sign in; a language chosen at the door, in this session, becomes the person's own."""
    chosen = request.session.pop(CHOSEN, "")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[SINCE] = request.session[SEEN] = int(time.time())
    request.session[PROVED] = second_factor.has(user)
    if chosen:
        User.objects.filter(pk=user.pk).update(language=chosen)
    came = access.Actor("user", user_id=user.pk, origin=request.actor.origin)  # type: ignore[attr-defined]
    factor = bool(request.session[PROVED])
    in_unit(lambda unit: unit.record(Kind.SIGNED_IN, data={"second_factor": factor}), actor=came)


def note_refusal(request: HttpRequest, email: str, why: str) -> None:
    """A try that failed, by whom it was meant for where that is somebody; what was typed is kept nowhere."""
    known = User.objects.filter(email=email.strip().lower()).values_list("pk", flat=True).first()
    data = {"why": why, "user": str(known) if known else ""}
    in_unit(lambda unit: unit.record(Kind.SIGN_IN_REFUSED, data=data), actor=request.actor)  # type: ignore[attr-defined]


def held_at_the_door(request: HttpRequest) -> HttpResponse | None:
    """The answer to who works in a role that needs a second factor and has none: set it up first; None: they may pass."""
    actor: access.Actor = request.actor  # type: ignore[attr-defined]
    if actor.user_id is None or request.session.get(PROVED) or not actor.has(*factor_policy.roles_now()):
        return None
    if second_factor.has(
        User(pk=actor.user_id)
    ):  # set up in another session: this one was opened by the password alone
        logout(request)
        return errors.sign_in_first(request)
    if request.path in {reverse(name) for name in DOORS}:
        return None
    if request.method == "GET" and not errors.wants_json(request) and "HX-Request" not in request.headers:
        return redirect("desk:security")
    words = _("Your role needs a second factor: set it up first, under “Security” in your menu.")
    return errors.refused(request, Refused("second-factor-needed", words, status=403))
