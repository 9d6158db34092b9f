"""Segments: a condition on leads with a name, kept by people. Fields and constraints only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models.columns import address, labels
from leadops.models.team import Team
from leadops.models.user import User


class Segment(models.Model):
    """A saved condition on leads; seen by its owner, or by a team, or (`shared` without a team) by the whole house."""

    id = address()
    key = models.SlugField(max_length=50, unique=True)
    name = labels()
    when = models.JSONField(help_text="A condition, as rules have it.")
    schema = models.PositiveSmallIntegerField(default=1)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="segments")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="segments")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.CheckConstraint(name="segment_of_a_team_is_shared", condition=Q(team__isnull=True) | Q(shared=True))
        ]

    def __str__(self) -> str:
        return self.key
