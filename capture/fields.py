"""The fields capture brings into the lead's vocabulary: where a lead came from, who asks, how often, custom attributes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Count, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from capture import words
from capture.models import Campaign, Source
from leadops import moment
from leadops.conditions.attributes import attribute
from leadops.conditions.fields import LEAD, Field, column
from leadops.models import AttributeDef, Lead, Touch
from leadops.places import countries
from leadops.templatetags.house import said
from leadops.versions import services as versions

ORIGIN, WHO, ACTIVITY, CUSTOM = _("Origin"), _("Who asks"), _("Activity"), _("Custom fields")
WINDOWS = (7, 30)  # days in which touches are counted
KEEP_DEFINITIONS = 0.0 if settings.MODE == "test" else 2.0  # seconds a process trusts its list of custom fields


def _sources() -> Iterable[tuple[str, str | Promise]]:
    return list(Source.objects.order_by("name").values_list("slug", "name"))


def _campaigns() -> Iterable[tuple[str, str | Promise]]:
    return list(Campaign.objects.order_by("name").values_list("key", "name"))


def channel_choices() -> list[tuple[str, str]]:
    """The channels of the table in force, labelled in the active language."""
    version = versions.version_at("channels", "house", moment.now())
    return [(c["code"], said(c.get("labels")) or c["code"]) for c in version.body["channels"]] if version else []


def _touches_read(leads: Sequence[Lead], at: datetime) -> dict[str, dict[Any, int]]:
    """The touches of these people within each window, in one statement."""
    people = {lead.canonical_id for lead in leads}
    longest = timedelta(days=max(WINDOWS))
    rows = Touch.objects.filter(person__canonical__any=people, occurred_at__gt=at - longest, occurred_at__lte=at)
    within = [Count("id", filter=Q(occurred_at__gt=at - timedelta(days=days))) for days in WINDOWS]
    named = {f"n{days}": count for days, count in zip(WINDOWS, within, strict=True)}
    counted = {row[0]: row[1:] for row in rows.order_by().values_list("person__canonical").annotate(**named)}
    none = (0,) * len(WINDOWS)
    return {
        f"touches_{days}d": {lead.pk: counted.get(lead.canonical_id, none)[place] for lead in leads}
        for place, days in enumerate(WINDOWS)
    }


def _touches(days: int) -> tuple[Any, Any]:
    window = timedelta(days=days)

    def read(leads: Sequence[Lead], at: datetime) -> dict[Any, int]:
        return _touches_read(leads, at)[f"touches_{days}d"]

    def sql(at: datetime) -> Subquery:
        rows = Touch.objects.filter(
            person__canonical=OuterRef("canonical"), occurred_at__gt=at - window, occurred_at__lte=at
        )
        counted = rows.order_by().values("person__canonical").annotate(n=Count("id")).values("n")
        return Subquery(counted, output_field=BigIntegerField())

    return read, sql


def _read_postcode(leads: Sequence[Lead], at: datetime) -> dict[Any, str]:
    """Kept in capitals with single spaces, asked in small letters as every text is."""
    return {lead.pk: lead.postcode.lower() for lead in leads}


FIELDS = (
    column("source", _("Source"), "choice", choices=_sources, group=ORIGIN, subject=_("the source")),
    column("channel", _("Channel"), "choice", choices=channel_choices, group=ORIGIN, subject=_("the channel")),
    column("campaign", _("Campaign"), "choice", choices=_campaigns, group=ORIGIN, subject=_("the campaign")),
    column("first_source", _("First source"), "choice", choices=_sources, group=ORIGIN, subject=_("the first source")),
    column("last_source", _("Last source"), "choice", choices=_sources, group=ORIGIN, subject=_("the last source")),
    column("hand_raiser", _("Asks to be contacted"), "flag", group=ORIGIN, says=words.ASKED),
    column("product_line", _("Product line"), "choice", group=ORIGIN, subject=_("the product line")),
    column("company", _("Company"), "text", "company_folded", group=WHO, subject=_("the company’s name")),
    column("title", _("Job title"), "text", "title_folded", group=WHO, subject=_("the job title")),
    column("industry", _("Industry"), "choice", group=WHO, subject=_("the industry"), names=words.industry_name),
    column("employees", _("Employees"), "number", group=WHO, says=words.STAFF),
    column("country", _("Country"), "choice", choices=countries, group=WHO, subject=_("the country")),
    column("region", _("Region"), "choice", group=WHO, subject=_("the region"), names=words.spaced),
    Field(
        "postcode", _("Postcode"), "text", _read_postcode, lambda at: Lower("postcode"), group=WHO,
        subject=_("the postcode"),
    ),
    column("city", _("City"), "text", "city_folded", group=WHO, subject=_("the city")),
    column(
        "language", _("Language of the prospect"), "choice", group=WHO, subject=_("the person’s language"),
        names=words.language_name,
    ),
    column("free_mail", _("Free e-mail address"), "flag", group=WHO, says=words.FREE_MAIL),
    column("received_at", _("Received"), "instant", group=ACTIVITY, says=words.ARRIVED),
    column(
        "last_inbound_at", _("Last sign of life"), "instant", group=ACTIVITY, subject=_("the last sign of life"),
        says=words.SIGN_OF_LIFE,
    ),
    Field(
        "touches_7d", _("Touches in 7 days"), "count", *_touches(7), group=ACTIVITY, together=_touches_read,
        subject=_("the number of touches in the last 7 days"),
    ),
    Field(
        "touches_30d", _("Touches in 30 days"), "count", *_touches(30), group=ACTIVITY, together=_touches_read,
        subject=_("the number of touches in the last 30 days"),
    ),
)  # fmt: skip

_kept: tuple[float, list[Field]] = (-1e9, [])


def _choices_of(row: AttributeDef) -> Any:
    if row.kind not in ("choice", "multi"):
        return None
    return lambda: [(c["code"], said(c.get("labels")) or c["code"]) for c in row.choices]


def custom(row: AttributeDef) -> Field:
    """The field of a custom attribute."""
    held = "attributes" if row.owner == AttributeDef.Owner.LEAD else f"{row.owner}__attributes"
    return attribute(
        f"{row.owner}_{row.key}".replace("-", "_"),
        lazy(lambda: said(row.labels) or row.key, str)(),  # kept for readers of either language
        row.kind,
        row.key,
        column=held,
        personal=row.personal,
        choices=_choices_of(row),
        group=CUSTOM,
    )


def custom_fields() -> list[Field]:
    """One field for each attribute somebody defined; read again every few seconds."""
    global _kept
    if time.monotonic() - _kept[0] >= KEEP_DEFINITIONS:
        _kept = (time.monotonic(), [custom(row) for row in AttributeDef.objects.order_by("owner", "key")])
    return _kept[1]


def register_fields() -> None:
    LEAD.register(*FIELDS)
    LEAD.register_source(custom_fields)
