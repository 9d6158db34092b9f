"""The verbs of capture: resolve, take in by hand, replay, and the keeping of sources, campaigns and costs.

Each runs inside the unit its door opened; none opens a transaction, none decides who a person is (`resolution`).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from capture import live_sources, resolution
from capture.adapters import ADAPTERS, UNSIGNED
from capture.defaults import SHIPPED_SOURCES
from capture.items import Ahead
from capture.models import Campaign, Cost, Source, Submission
from capture.reading import EDITABLE
from leadops import access, ids, money, sealed
from leadops.errors import NotFound, Refused
from leadops.fold import clean_text, fold
from leadops.journal import Kind
from leadops.models import ExchangeRate, Rep
from leadops.unit import Unit

REPLAYABLE = (Submission.End.QUARANTINED, Submission.End.SPAM)
MANUAL = "manual"
ROUTE_IT, ME = "route", "me"


def resolve(submission_ids: Sequence[uuid.UUID], *, unit: Unit, ahead: Ahead | None = None) -> list[Submission]:
    """The first phase: each pending submission gets its person, its lead and its end. Called by the pipeline."""
    return resolution.resolve(submission_ids, unit, ahead)


# -- by hand -------------------------------------------------------------------------------------------------


def new_lead(
    values: Mapping[str, Any], *, unit: Unit, nonce: str, owner: str = ROUTE_IT, source_slug: str = MANUAL
) -> Submission:
    """Take in what a person typed or a program created, as a submission; the same nonce again is the same one.

    `owner`: `route`, `me`, or the id of a rep. The pipeline resolves it (`pipeline.run_now`).
    """
    access.require(unit.actor, "create_lead")
    source = Source.objects.filter(slug=source_slug).first()
    if source is None or source.state == Source.State.ENDED:
        raise NotFound(_("There is no such source."))
    kept = {name: value for name, value in values.items() if value not in ("", None)}
    if not kept:
        raise Refused("nothing-given", _("Give at least a name, an e-mail address or a phone number."))
    body = json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str).encode()
    headers = {"owner": str(_owner(owner, unit))} if owner != ROUTE_IT else {}
    made, _created = Submission.objects.get_or_create(
        source=source,
        delivery_key=f"n:{nonce}"[:190],
        variant=b"",
        defaults={
            "received_at": unit.at,
            "content_type": "application/json",
            "headers": headers,
            "body": body,
            "digest": hashlib.sha256(body).digest(),
            "verified": True,
            "created_by_id": unit.actor.user_id,
        },
    )
    if bytes(made.digest) != hashlib.sha256(body).digest():
        raise Refused("another-body", _("This form was sent before with other content."), status=409)
    return made


def _owner(owner: str, unit: Unit) -> uuid.UUID:
    """The rep a new lead is given to: oneself, or with the right to assign anybody."""
    wanted = unit.actor.user_id if owner == ME else _uuid(owner)
    rep = Rep.objects.filter(pk=wanted, active=True).first() if wanted else None
    if rep is None:
        raise Refused("no-such-rep", _("There is no such active rep."))
    if rep.pk != unit.actor.user_id:
        access.require(unit.actor, "assign", rep)
    key: uuid.UUID = rep.pk
    return key


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# -- replay --------------------------------------------------------------------------------------------------


def replay(submission_id: uuid.UUID, edited: Mapping[str, str], *, unit: Unit) -> Submission:
    """Let a submission set aside run again, with a person's corrections; what was received stays as received."""
    access.require(unit.actor, "replay_submission")
    row = Submission.objects.select_for_update().filter(pk=submission_id).first()
    if row is None:
        raise NotFound(_("There is no such submission."))
    if row.end not in REPLAYABLE:
        raise Refused("not-replayable", _("Only a submission in quarantine or spam can be replayed."), status=409)
    corrections = {
        name: clean_text(value, 2000).strip() for name, value in edited.items() if name in EDITABLE and value.strip()
    }
    unit.record(
        Kind.SUBMISSION_REPLAYED,
        data={"submission": str(row.pk), "end": row.end, "reason": row.reason, "fields": sorted(corrections)},
    )
    row.edited = {**(row.edited or {}), **corrections} or None
    row.end, row.reason, row.error, row.ended_at = Submission.End.PENDING, "", "", None
    row.starts, row.failures, row.lease_until = 0, 0, None
    row.save(update_fields=["edited", "end", "reason", "error", "ended_at", "starts", "failures", "lease_until"])
    return row


# -- sources -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source and, when it asks for signatures, its secret: shown once, kept sealed."""

    source: Source
    secret: str = ""


def create_source(values: Mapping[str, Any], *, unit: Unit) -> NewSource:
    """A new source with an address of its own."""
    access.require(unit.actor, "edit_sources")
    if values["adapter"] not in ADAPTERS:
        raise Refused("unknown-adapter", _("There is no such kind of source."))
    slug = values.get("slug") or _free_slug(values["name"])
    if Source.objects.filter(slug=slug).exists():
        raise Refused("slug-taken", _("Another source has this name in figures."), status=409)
    taken = {k: v for k, v in values.items() if k not in ("slug", "secret")}
    if taken.get("signed"):
        taken["scheme"] = scheme_of(taken["adapter"], taken.get("scheme", ""))
    source = Source.objects.create(
        slug=slug, key=ids.token(18), created_at=unit.at, owner_id=unit.actor.user_id, **taken
    )
    secret = ""
    if source.signed:
        secret = values.get("secret") or ids.token(32)
        sealed.put(f"source:{source.slug}", secret, unit.at)
    unit.record(Kind.SETTING_CHANGED, data={"what": "source", "key": slug, "to": source.state})
    unit.after_commit(live_sources.forget)
    return NewSource(source, secret)


def scheme_of(adapter: str, scheme: str) -> str:
    """How a source that asks for signatures checks them: as it was told, else as its kind signs."""
    if adapter == "form" or (adapter in UNSIGNED and not scheme):
        raise Refused("cannot-sign", _("Nothing signs what this kind of source sends: all of it would be refused."))
    return scheme or ADAPTERS[adapter].scheme


def _free_slug(name: str) -> str:
    base = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in fold(name)).split())[:56] or "source"
    taken = set(Source.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return ids.unused(base, taken)


def set_source_state(source_id: uuid.UUID, state: str, *, unit: Unit) -> Source:
    """Pause, resume or end a source. A paused one still takes what arrives: nothing is lost, its leads wait nowhere."""
    access.require(unit.actor, "edit_sources")
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise NotFound(_("There is no such source."))
    if source.state == Source.State.ENDED or state not in Source.State.values:
        raise Refused("source-ended", _("An ended source does not start again: create a new one."), status=409)
    if source.state != state:
        unit.record(
            Kind.SETTING_CHANGED, data={"what": "source", "key": source.slug, "from": source.state, "to": state}
        )
        source.state = state
        source.save(update_fields=["state"])
        unit.after_commit(live_sources.forget)
    return source


def ensure_shipped_sources(*, unit: Unit) -> list[Source]:
    """The sources every house has: what people type in, what programs create. Safe to run again."""
    found = []
    for slug, names, adapter, channel in SHIPPED_SOURCES:
        name = names.get(settings.HOUSE_LANGUAGE, names["en"])
        row, _created = Source.objects.get_or_create(
            slug=slug,
            defaults={
                "key": ids.token(18),
                "name": name,
                "adapter": adapter,
                "channel": channel,
                "trigger": Source.Trigger.NOW,
                "created_at": unit.at,
            },
        )
        found.append(row)
    return found


# -- campaigns and costs -------------------------------------------------------------------------------------


def create_campaign(values: Mapping[str, Any], *, unit: Unit) -> Campaign:
    access.require(unit.actor, "edit_sources")
    if Campaign.objects.filter(key=values["key"]).exists():
        raise Refused("key-taken", _("Another campaign has this key."), status=409)
    if values.get("utm_campaign") and Campaign.objects.filter(utm_campaign=values["utm_campaign"]).exists():
        raise Refused("utm-taken", _("Another campaign has this utm_campaign."), status=409)
    unit.record(Kind.SETTING_CHANGED, data={"what": "campaign", "key": values["key"], "to": "live"})
    return Campaign.objects.create(created_at=unit.at, **values)


@dataclass(frozen=True, slots=True)
class CostOf:
    """What a cost is for and over which days; a correction names the row it replaces."""

    from_on: date
    to_on: date
    amount_minor: int
    currency: str
    source: Source | None = None
    campaign: Campaign | None = None
    note: str = ""
    corrects: uuid.UUID | None = None


def add_cost(cost: CostOf, *, unit: Unit) -> Cost:
    """Append a cost; what was recorded is never edited: a correction is a new row that names the old one."""
    access.require(unit.actor, "edit_costs")
    if cost.source is None and cost.campaign is None:
        raise Refused("cost-of-nothing", _("Say which source or campaign the cost is for."))
    if cost.to_on < cost.from_on or cost.amount_minor < 0:
        raise Refused("cost-unreadable", _("The last day comes after the first and the amount is not negative."))
    before = None
    if cost.corrects:
        before = Cost.objects.select_for_update().filter(pk=cost.corrects).first()
        if before is None:
            raise NotFound(_("There is no such cost."))
        if Cost.objects.filter(corrects=before).exists():
            raise Refused("corrected-already", _("This cost was corrected already: correct the newer row."), status=409)
    house, rate_on = _in_house_currency(cost.amount_minor, cost.currency, cost.to_on)
    unit.record(
        Kind.SETTING_CHANGED,
        data={"what": "cost", "amount_minor": cost.amount_minor, "currency": cost.currency, "correction": bool(before)},
    )
    return Cost.objects.create(
        source=cost.source or (before.source if before else None),
        campaign=cost.campaign or (before.campaign if before else None),
        from_on=cost.from_on,
        to_on=cost.to_on,
        amount_minor=cost.amount_minor,
        currency=cost.currency,
        house_minor=house,
        rate_on=rate_on,
        corrects=before,
        recorded_at=unit.at,
        by_id=unit.actor.user_id,
        note=cost.note,
    )


def _in_house_currency(minor: int, currency: str, on: date) -> tuple[int | None, date | None]:
    """The amount in the house's currency with the rate's day; nothing when no rate is known, never zero."""
    if currency == settings.HOUSE_CURRENCY:
        return minor, on
    rate = ExchangeRate.objects.filter(currency=currency, day__lte=on).order_by("-day", "-recorded_at").first()
    if rate is None:
        return None, None
    return money.convert(minor, rate.rate, currency, settings.HOUSE_CURRENCY), rate.day
