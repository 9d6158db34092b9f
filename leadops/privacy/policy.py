"""How long people are kept: the version kind `retention`, off until somebody publishes a number of months. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadops.versions import services as versions
from leadops.versions.kinds import Fault, Kind, register

KIND, KEY = "retention", "house"
SHORTEST, LONGEST = 6, 240  # months
MONTH = timedelta(days=365.25) / 12


def check(body: dict[str, Any]) -> list[Fault]:
    months = body.get("months")
    whole = isinstance(months, int) and not isinstance(months, bool)
    if set(body) - {"months"} or (months is not None and not (whole and SHORTEST <= months <= LONGEST)):
        span = {"least": SHORTEST, "most": LONGEST}
        return [("months", _("Months are a whole number from %(least)s to %(most)s, or nothing.") % span)]
    return []


def compile_months(body: dict[str, Any]) -> int | None:
    months: int | None = body.get("months")
    return months


def sentence(body: dict[str, Any]) -> str:
    months = body.get("months")
    if not months:
        return _("Nobody is erased by age.")
    text = ngettext(
        "Who gave no sign for %(n)s month is erased.", "Who gave no sign for %(n)s months is erased.", months
    )
    return text % {"n": months}


def months_at(at: datetime) -> int | None:
    """What holds; None: nobody is erased by age."""
    version = versions.version_at(KIND, KEY, at)
    found: int | None = versions.compiled(version) if version else None
    return found


def before(at: datetime, months: int) -> datetime:
    """Who gave no sign since then was kept long enough."""
    return at - months * MONTH


def register_kind() -> None:
    register(Kind(KIND, gettext_lazy("Retention"), "edit_house", check, compile_months, sentence))
