"""How leads are told apart by origin: which column holds it, what its keys are called, how its figures are opened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from capture.models import Campaign, Source
from leadops.templatetags.house import said
from leadops.versions import services as versions

BY = ("source", "campaign", "channel")
MODELS = ("first", "last")
UNKNOWN_CHANNEL = "unknown"


def column(by: str, model: str) -> str:
    """The lead's column, which is also the name of the filter that opens its figures."""
    if by not in BY or model not in MODELS:
        raise ValueError(f"no such origin: {by} by {model} touch")
    return f"{model}_{by}"


def labels(by: str, keys: Iterable[str], at: datetime) -> dict[str, str]:
    """What readers call the keys, in one query; a key nobody describes any more is its own name."""
    wanted = {key for key in keys if key}
    if by == "source":
        named = dict(Source.objects.filter(slug__in=wanted).values_list("slug", "name"))
    elif by == "campaign":
        named = dict(Campaign.objects.filter(key__in=wanted).values_list("key", "name"))
    else:
        named = _channels(at)
    missing = _("No campaign") if by == "campaign" else _("Not recorded")
    return {key: named.get(key) or key for key in wanted} | {"": missing}


def _channels(at: datetime) -> dict[str, str]:
    table = versions.version_at("channels", "house", at)
    rows = table.body.get("channels", ()) if table else ()
    return {UNKNOWN_CHANNEL: _("Unknown")} | {row["code"]: said(row.get("labels")) for row in rows}
