"""Where a lead came from, for the lead page: first and last touch, every touch with what was sent, consent, raw submission."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from capture.models import Source, Submission
from capture.selectors import names_of
from leadops import access, moment
from leadops.access import Actor
from leadops.models import Consent, Lead, Touch, TouchDetail, User
from leadops.panels import Panel
from leadops.templatetags.house import said
from leadops.versions import services as versions

SHOWN = 20


def channel_labels() -> dict[str, str]:
    """Channel code to its label in the active language."""
    version = versions.version_at("channels", "house", moment.now())
    channels = version.body.get("channels", []) if version else []
    return {row["code"]: said(row.get("labels")) or row["code"] for row in channels}


def panel(lead: Lead, actor: Actor) -> Panel:
    """Touches of the person, newest first; free text only for who may read contacts."""
    rows = list(Touch.objects.filter(person__canonical=lead.canonical_id).order_by("-occurred_at", "-id")[: SHOWN + 1])
    personal = not access.masks_contacts(actor)
    details: dict[int, TouchDetail] = TouchDetail.objects.in_bulk([row.pk for row in rows]) if personal else {}
    names = _names(lead, rows)
    return Panel(
        "capture/panel.html",
        {
            "lead": lead,
            "first": _origin(lead.first_source, lead.first_campaign, lead.first_channel, names),
            "last": _origin(lead.last_source, lead.last_campaign, lead.last_channel, names),
            "touches": [_shown(row, details.get(row.pk), names) for row in rows[:SHOWN]],
            "more": len(rows) > SHOWN,
            "consents": list(Consent.objects.filter(person__canonical=lead.canonical_id).order_by("-id")[:5])
            if personal
            else [],
            "submission": lead.submission if access.can(actor, "read_submissions") else None,
        },
    )


def _names(lead: Lead, rows: list[Touch]) -> dict[str, dict[str, str]]:
    sources = {lead.first_source, lead.last_source, *(row.source for row in rows)}
    campaigns = {lead.first_campaign, lead.last_campaign, *(row.campaign for row in rows)}
    named = names_of(sources, campaigns)
    return {
        "source": named.sources,
        "campaign": named.campaigns,
        "channel": channel_labels(),
    }


def _origin(source: str, campaign: str, channel: str, names: dict[str, dict[str, str]]) -> list[str]:
    parts = (("channel", channel), ("source", source), ("campaign", campaign))
    return [names[kind].get(key, key) for kind, key in parts if key]


def _shown(row: Touch, detail: TouchDetail | None, names: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "touch": row,
        "origin": _origin(row.source, row.campaign, row.channel, names),
        "message": detail.message if detail else "",
        "landing_url": detail.landing_url if detail else "",
        "fields": sorted(detail.fields.items()) if detail else [],
    }


OURS = ("import", "trigger", "owner")  # what our own people said with it, where a sender has headers


def instructions(row: Submission) -> list[tuple[str, str, str]]:
    """(what, in words, address) of what our own people said with a submission: its file, its owner, when it is routed."""
    said_with = row.headers if row.created_by_id or row.file_id else {}
    found = []
    if row.file is not None:
        place = _("%(file)s, row %(n)s") % {"file": row.file.name, "n": row.row}
        found.append((_("Import"), place, reverse("capture:show_import", args=[row.file_id])))
    if said_with.get("trigger") in Source.Trigger.values:
        found.append((_("Routing"), str(Source.Trigger(said_with["trigger"]).label), ""))
    if said_with.get("owner"):
        name = User.objects.filter(pk=said_with["owner"]).values_list("name", flat=True).first()
        found.append((_("Given to"), name or "—", ""))
    if row.created_by is not None:
        found.append((_("Entered by"), row.created_by.name, ""))
    return found


def panels(lead: Lead, actor: Actor) -> list[Panel]:
    return [panel(lead, actor)]
