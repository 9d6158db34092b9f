"""Versions and publications: everything that changes behaviour is a frozen document with a number."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from leadops.models import Team, User
from leadops.models.columns import address
from leadops.models.twotimes import TwoTimes


class Version(models.Model):
    """One document of a kind and key. Frozen by trigger once it left draft; `team` empty = the house.

    `reason` says why it was made, `answer` why it was declined; why it was put in force, each time, stands on its publications.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        REPLACED = "replaced", _("Replaced")
        ROLLED_BACK = "rolled_back", _("Rolled back")
        DECLINED = "declined", _("Declined")

    id = address()
    kind = models.CharField(max_length=24)
    key = models.SlugField(max_length=50)
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT)
    body = models.JSONField(default=dict)
    schema = models.PositiveSmallIntegerField(default=1)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="versions")
    author = models.ForeignKey(User, verbose_name=_("author"), on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    answer = models.CharField(max_length=500, blank=True, default="")
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    review_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["kind", "key", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "number"], name="version_number_once"),
            models.CheckConstraint(name="version_published_has_reason", condition=Q(state="draft") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key} v{self.number}"


class Publication(TwoTimes):
    """Which version held when, and since when we knew: live ones of one key never overlap. `reason` is the one given then."""

    class Mode(models.TextChoices):
        LIVE = "live", _("Live")
        SHADOW = "shadow", _("Shadow")
        ARM = "arm", _("Experiment arm")

    id = address()
    kind = models.CharField(max_length=24)
    key = models.SlugField(max_length=50)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="publications")
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.LIVE)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500)

    class Meta(TwoTimes.Meta):
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        constraints = [
            *TwoTimes.Meta.constraints,
            ExclusionConstraint(
                name="publication_one_live",
                expressions=[
                    ("kind", "="),
                    ("key", "="),
                    (Func(F("valid_from"), F("valid_to"), function="tstzrange"), "&&"),
                ],
                condition=Q(mode="live", known_to__isnull=True),
            ),
            models.CheckConstraint(name="publication_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.mode}"
