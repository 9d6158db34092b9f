"""Named sets of places, over time. No verbs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.models.columns import address, labels, no_overlap
from leadops.models.twotimes import TwoTimes


class Territory(models.Model):
    """A named set of places; what it covers is two-time in TerritoryPlace."""

    id = address()
    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = labels()
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("territory")
        verbose_name_plural = _("territories")

    def __str__(self) -> str:
        return self.key


class TerritoryPlace(TwoTimes):
    """One place of a territory: a country, a region (ISO 3166-2) or a postcode prefix within a country; two-time."""

    class Kind(models.TextChoices):
        COUNTRY = "country", _("Country")
        REGION = "region", _("Region")
        POSTCODE = "postcode", _("Postcode prefix")

    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="places")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    country = models.CharField(max_length=2)
    value = models.CharField(max_length=16, blank=True, default="")

    class Meta(TwoTimes.Meta):
        constraints = [*TwoTimes.Meta.constraints, no_overlap("territoryplace_no_overlap", "kind", "country", "value")]

    def __str__(self) -> str:
        return f"{self.territory}: {self.kind} {self.country} {self.value}"
