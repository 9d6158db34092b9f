# CHECK BEFORE COMMITTING: this replaced an uncommitted file of the same name by mistake (04:45); compare it with
# the version you wrote, restore what differs, then delete these two lines.
"""A person's correction of what a lead says: overwrites, unlike a submission, and tells the journal which fields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from capture import live_sources, services
from capture.attributes import coerce
from capture.models import Campaign, Source
from capture.rows import update_rows
from capture.snapshot import LEAD_FACTS
from leadops import access, sealed
from leadops.errors import NotFound, Refused
from leadops.fold import clean_text, fold
from leadops.journal import Kind
from leadops.models import AttributeDef, Lead
from leadops.unit import Unit

EDITABLE = frozenset(
    {"company", "title", "industry", "employees", "country", "region", "postcode", "city", "language", "external_key"}
)
FOLDED = {"company": "company_folded", "title": "title_folded", "city": "city_folded"}


def edit_lead(lead: Lead, values: Mapping[str, Any], unit: Unit) -> Lead:
    """Set these facts of a lead; attributes in canonical form or refused. The caller checked the right."""
    (held,) = unit.leads([lead.pk])
    unknown = set(values) - EDITABLE - {"attributes"}
    if unknown:
        raise Refused("not-editable", _("These fields cannot be edited."), fields=sorted(unknown))
    changed = [name for name in EDITABLE & set(values) if _set(held, name, values[name])]
    if "attributes" in values:
        changed += _set_attributes(held, values["attributes"] or {})
    if changed:
        held.version += 1
        update_rows([held], [*LEAD_FACTS, "version"])
        unit.record(Kind.EDITED, held, data={"fields": sorted(changed)})
    return held


def _set(lead: Lead, name: str, value: Any) -> bool:
    if isinstance(value, str):
        value = clean_text(value, Lead._meta.get_field(name).max_length or 250).strip()
    if getattr(lead, name) == value:
        return False
    setattr(lead, name, value)
    if name in FOLDED:
        setattr(lead, FOLDED[name], fold(value)[: Lead._meta.get_field(FOLDED[name]).max_length])
    return True


def _set_attributes(lead: Lead, given: Mapping[str, Any]) -> list[str]:
    """Given keys replace, None takes away, the others stay."""
    found = coerce(
        {key: value for key, value in given.items() if value is not None},
        list(AttributeDef.objects.filter(owner=AttributeDef.Owner.LEAD)),
    )
    if found.rest:
        raise Refused("attribute-unreadable", _("These attributes cannot be read."), fields=sorted(found.rest))
    gone = {key for key, value in given.items() if value is None}
    before = lead.attributes
    lead.attributes = {k: v for k, v in {**before, **found.values}.items() if k not in gone}
    folded = {**lead.attributes_folded, **found.folded}
    lead.attributes_folded = {k: v for k, v in folded.items() if k in lead.attributes and k not in gone}
    return [key for key in {*found.values, *gone} if before.get(key) != lead.attributes.get(key)]


def update_source(source_id: uuid.UUID, values: Mapping[str, Any], *, unit: Unit) -> Source:
    """Change how a source is read and verified; a given secret is added beside those that live."""
    access.require(unit.actor, "edit_sources")
    changes = {name: value for name, value in values.items() if name not in ("secret", "state")}
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise NotFound(_("There is no such source."))
    for name, value in changes.items():
        setattr(source, name, value)
    source.save(update_fields=list(changes) or None)
    if values.get("secret"):
        sealed.put(f"source:{source.slug}", values["secret"], unit.at)
    if changes or values.get("secret"):
        unit.record(
            Kind.SETTING_CHANGED, data={"what": "source", "key": source.slug, "fields": sorted({*values} - {"state"})}
        )
        unit.after_commit(live_sources.forget)
    return services.set_source_state(source.pk, values["state"], unit=unit) if "state" in values else source


def update_campaign(campaign_id: uuid.UUID, values: Mapping[str, Any], *, unit: Unit) -> Campaign:
    access.require(unit.actor, "edit_sources")
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound(_("There is no such campaign."))
    utm = values.get("utm_campaign")
    if utm and Campaign.objects.filter(utm_campaign=utm).exclude(pk=campaign.pk).exists():
        raise Refused("utm-taken", _("Another campaign has this utm_campaign."), status=409)
    for name, value in values.items():
        setattr(campaign, name, value)
    if values:
        campaign.save(update_fields=list(values))
        unit.record(Kind.SETTING_CHANGED, data={"what": "campaign", "key": campaign.key, "fields": sorted(values)})
    return campaign
