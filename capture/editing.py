"""What capture knows of a lead, a source or a campaign, corrected by a person: the columns it owns, and no other.

Each runs inside the unit its door opened. A correction overwrites, where a later submission only fills what is empty.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from capture import attribution, hosted_fields, live_sources
from capture.attributes import coerce
from capture.models import Campaign, Form, Source
from capture.selectors import channel_draft
from capture.services import scheme_of, set_source_state
from leadops import access, sealed
from leadops.audited import changes
from leadops.errors import NotFound, Refused
from leadops.fold import clean_text, fold
from leadops.journal import Kind
from leadops.models import AttributeDef, Lead
from leadops.sealed import Secret
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version

FACTS = ("company", "title", "industry", "employees", "country", "region", "postcode", "city", "language")
_FOLDED = {"company": 250, "title": 200, "city": 120}
ROTATION = timedelta(hours=24)  # the former secret stays good that long beside the new one
SOURCE_FIELDS = (
    "name", "channel", "campaign", "mapping", "scheme", "signed", "hand_raiser", "trigger", "language", "country",
    "phone_region", "product_line",
)  # fmt: skip
FORM_FIELDS = ("title", "intro", "thanks", "consent", "fields", "active")
CAMPAIGN_FIELDS = ("name", "channel", "utm_campaign", "starts_on", "ends_on", "active")


def edit_lead(lead: Lead, values: Mapping[str, Any], unit: Unit) -> Lead:
    """Correct the snapshot of a lead; what did not change is not journalled, and what changed is scored again."""
    access.require(unit.actor, "update_lead", lead)
    (mine,) = unit.leads([lead.pk])
    fresh = {name: _plain(values[name]) for name in FACTS if name in values}
    if "attributes" in values:
        fresh |= _attributes(mine, values["attributes"])
    fresh = {name: value for name, value in fresh.items() if getattr(mine, name) != value}
    if not fresh:
        return mine
    named = [name for name in fresh if not name.endswith("_folded")]
    fresh |= {f"{name}_folded": fold(fresh[name])[:most] for name, most in _FOLDED.items() if name in fresh}
    for name, value in fresh.items():
        setattr(mine, name, value)
    mine.version += 1
    Lead.objects.filter(pk=mine.pk).update(version=F("version") + 1, **fresh)
    unit.record(Kind.EDITED, mine, data={"fields": sorted(named)})
    return mine


def _plain(value: Any) -> Any:
    return clean_text(value, 2000).strip() if isinstance(value, str) else value


def _attributes(lead: Lead, given: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields by their definitions; null empties one, an unknown or unreadable one is refused."""
    kept = {name: value for name, value in given.items() if value is not None}
    read = coerce(kept, list(AttributeDef.objects.filter(owner=AttributeDef.Owner.LEAD)))
    if read.rest:
        wrong = ", ".join(sorted(read.rest))[:200]
        raise Refused("unknown-attribute", _("No such field, or not a value of its kind: %(names)s") % {"names": wrong})
    emptied = {name for name, value in given.items() if value is None}
    values = {k: v for k, v in lead.attributes.items() if k not in emptied} | read.values
    folded = {k: v for k, v in lead.attributes_folded.items() if k not in emptied} | read.folded
    return {"attributes": values, "attributes_folded": folded}


def update_source(source_id: uuid.UUID, values: Mapping[str, Any], *, unit: Unit) -> Source:
    """Change how a source is read and verified; key, name in figures and adapter never change. A secret rotates in."""
    access.require(unit.actor, "edit_sources")
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise NotFound(_("There is no such source."))
    if "state" in values:
        source = set_source_state(source.pk, values["state"], unit=unit)
    if values.get("secret"):
        rotate_secret(source, values["secret"], unit)
    if values.get("signed", source.signed) and not {"signed", "scheme"}.isdisjoint(values):
        values = {**values, "scheme": scheme_of(source.adapter, values.get("scheme", source.scheme))}
    told = changes({n: getattr(source, n) for n in SOURCE_FIELDS}, {n: values[n] for n in SOURCE_FIELDS if n in values})
    changed = told["fields"]
    for name in changed:
        setattr(source, name, values[name])
    if source.signed and not sealed.live(f"source:{source.slug}", unit.at):
        raise Refused("secret-needed", _("A source that asks for signatures needs its secret."))
    if changed:
        source.save(update_fields=changed)
        unit.record(Kind.SETTING_CHANGED, data={"what": "source", "key": source.slug, **told})
    unit.after_commit(live_sources.forget)
    return source


def rotate_secret(source: Source, secret: str, unit: Unit) -> None:
    """The new secret counts at once, those before it for a day more."""
    owner = f"source:{source.slug}"
    Secret.objects.filter(owner=owner, retires_at__isnull=True).update(retires_at=unit.at + ROTATION)
    sealed.put(owner, secret, unit.at)
    unit.record(Kind.SETTING_CHANGED, data={"what": "source_secret", "key": source.slug})


def update_campaign(campaign_id: uuid.UUID, values: Mapping[str, Any], *, unit: Unit) -> Campaign:
    """Change a campaign; its key never changes: leads and touches carry it."""
    access.require(unit.actor, "edit_sources")
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound(_("There is no such campaign."))
    utm = values.get("utm_campaign")
    if utm and Campaign.objects.filter(utm_campaign=utm).exclude(pk=campaign.pk).exists():
        raise Refused("utm-taken", _("Another campaign has this utm_campaign."), status=409)
    before = {name: getattr(campaign, name) for name in CAMPAIGN_FIELDS}
    told = changes(before, {name: values[name] for name in CAMPAIGN_FIELDS if name in values})
    changed = told["fields"]
    for name in changed:
        setattr(campaign, name, values[name])
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        raise Refused("dates", _("The last day comes after the first."))
    if changed:
        campaign.save(update_fields=changed)
        unit.record(Kind.SETTING_CHANGED, data={"what": "campaign", "key": campaign.key, **told})
    return campaign


# -- the channel table: bodies of its drafts -----------------------------------------------------------------


def start_channel_draft(unit: Unit) -> Version:
    """A draft of the table in force to be edited; the one already begun where there is one."""
    begun = channel_draft()
    if begun is not None:
        return begun
    live = versions.in_force(attribution.KIND, attribution.KEY, unit)
    body = live.body if live else {"rules": [], "channels": [{"code": attribution.UNKNOWN, "labels": {}}]}
    return versions.draft(attribution.KIND, attribution.KEY, body, actor=unit.actor, at=unit.at, based_on=live)


def rule_named(body: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """A rule as its form shows it."""
    for rule in body.get("rules", ()):
        if rule["key"] == key:
            label = rule.get("label") or {}
            names = {"label_fr": label.get("fr", ""), "label_en": label.get("en", "")}
            return {**names, "when": rule["when"], "channel": rule["channel"]}
    return None


def with_rule(body: Mapping[str, Any], key: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The table with a rule in the place it had; a new one comes first and gets its key for ever."""
    rules = list(body.get("rules", ()))
    taken = {rule["key"] for rule in rules}
    rule = {
        "key": key or _fresh_key(typed["label_en"], taken),
        "label": {"fr": typed["label_fr"], "en": typed["label_en"]},
        "when": typed["when"],
        "channel": typed["channel"],
    }
    rules = [rule if each["key"] == key else each for each in rules] if key in taken else [rule, *rules]
    return {**body, "rules": rules}


def without_rule(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {**body, "rules": [rule for rule in body.get("rules", ()) if rule["key"] != key]}


def in_order(body: Mapping[str, Any], places: Mapping[str, Any]) -> dict[str, Any]:
    """Rules by the numbers given; equal numbers keep the order they had."""
    return {**body, "rules": sorted(body.get("rules", ()), key=lambda rule: places[rule["key"]])}


def _fresh_key(label: str, taken: set[str]) -> str:
    stem = slugify(label).replace("-", "_")[:60] or "rule"
    return next(name for name in (stem, *(f"{stem}_{n}" for n in range(2, 1000))) if name not in taken)


def keep_form(form: Form, values: Mapping[str, Any], *, unit: Unit) -> Form:
    """A new hosted form, or other words and questions of one; its address and its source never change."""
    access.require(unit.actor, "edit_sources")
    new = form._state.adding
    if new and Form.objects.filter(Q(slug=form.slug) | Q(source=form.source)).exists():
        raise Refused("form-exists", _("This address or this source has a form already."), status=409)
    if new and form.source.adapter != "hosted":
        raise Refused("not-hosted", _("Only a source of the kind “hosted” has a form."))
    changed = sorted(name for name in FORM_FIELDS if name in values and (new or getattr(form, name) != values[name]))
    for name in changed:
        setattr(form, name, values[name])
    fault = hosted_fields.fault_of(form.fields)
    if fault:
        raise Refused("bad-questions", fault)
    if new or changed:
        form.save()
        unit.record(Kind.SETTING_CHANGED, data={"what": "form", "key": form.slug, "fields": changed})
    return form
