"""The switch in the top bar: a rep says available, busy until, away; routing's absences do the rest. It stores nothing itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leadops.access import Actor
from leadops.desk.account import safe_next
from leadops.desk.lead_view import tomorrow_at_nine
from leadops.errors import NotFound, Refused
from leadops.models import Absence, Rep, Role
from leadops.unit import Unit, in_unit
from routing import services as routing

BUSY = {"busy30": 30, "busy60": 60, "busy120": 120}  # choice -> minutes
AWAY, OFF, AVAILABLE = "away", "off", "available"
CHOICES = (AVAILABLE, *BUSY, OFF, AWAY)


def now_of(actor: Actor, at: datetime) -> Absence | None:
    """The absence a person is in, as known now."""
    return Absence.objects.filter(rep=actor.user_id).state_at(at).first()


def state_of(absence: Absence | None) -> str:
    if absence is None:
        return AVAILABLE
    return "busy" if absence.kind == Absence.Kind.BUSY else AWAY


def switch(actor: Actor, absence: Absence | None) -> dict[str, Any]:
    """What the top bar shows a rep, who may be in an absence; nothing for everybody else."""
    if not actor.has(Role.REP):
        return {}
    return {
        "availability_template": "desk/availability.html",
        "availability": {
            "absence": absence,
            "state": state_of(absence),
            "rep": actor.user_id,
            "choices": [
                ("busy30", _("Busy for 30 minutes"), "clock"),
                ("busy60", _("Busy for an hour"), "clock"),
                ("busy120", _("Busy for two hours"), "clock"),
                (OFF, _("Away until tomorrow morning"), "moon"),
                (AWAY, _("Away until I am back"), "circle-pause"),
            ],
        },
    }


@require_POST
def set_availability(request: HttpRequest) -> HttpResponse:
    """One press: the choice holds from now on, and replaces what held."""
    rep = Rep.objects.filter(pk=request.actor.user_id).first()  # type: ignore[attr-defined]
    if rep is None:
        raise NotFound(_("Only reps have an availability."))
    choice = request.POST.get("choice", "")
    in_unit(lambda unit: choose(rep, choice, unit), actor=request.actor)  # type: ignore[attr-defined]
    messages.success(
        request,
        _("You are available: new leads reach you.") if choice == AVAILABLE else _("New leads go to others meanwhile."),
    )
    return redirect(safe_next(request))


def choose(rep: Rep, choice: str, unit: Unit) -> None:
    """The choice holds from the unit's moment on; routing's absences keep it. Of two presses at once, one waits."""
    Rep.objects.select_for_update(no_key=True).get(pk=rep.pk)
    if choice == AVAILABLE:
        routing.end_absence(rep, unit)
    elif choice in BUSY:
        _absent(rep, Absence.Kind.BUSY, unit.at + timedelta(minutes=BUSY[choice]), unit)
    elif choice == OFF:
        _absent(rep, Absence.Kind.AWAY, tomorrow_at_nine(unit.at), unit)
    elif choice == AWAY:
        _absent(rep, Absence.Kind.AWAY, None, unit)
    else:
        raise Refused("unknown-choice", _("Choose available, busy or away."))


def _absent(rep: Rep, kind: str, until: datetime | None, unit: Unit) -> None:
    """The present absence ends first, so that a shorter one really is shorter; leave planned for later stays."""
    if Absence.objects.filter(rep=rep).state_at(unit.at).exists():
        routing.end_absence(rep, unit)
    routing.set_absence(rep, unit.at, until, kind, unit)
