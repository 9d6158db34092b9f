"""What a visitor may do to the demo: pause and hurry its trickle, ask for a hot request. The only writer of these columns."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from leadops.demo.models import Demo
from leadops.errors import Refused

FAST = 10
MOST_WANTED = 20


def turn(act: str) -> None:
    """`pause`, `resume`, `faster`, `slower` or `hot`; only while leads trickle in."""
    live = Demo.objects.filter(pk=1, state=Demo.State.LIVE)
    if act not in ACTS:
        raise Refused("unknown-act", _("There is no such control."))
    if not live.update(**ACTS[act]):
        raise Refused("demo-not-live", _("The demo is still being built, or was erased."), status=409)
    live.filter(wanted__gt=MOST_WANTED).update(wanted=MOST_WANTED)


ACTS: dict[str, dict[str, Any]] = {
    "pause": {"paused": True},
    "resume": {"paused": False},
    "faster": {"speed": FAST},
    "slower": {"speed": 1},
    "hot": {"wanted": F("wanted") + 1},
}
