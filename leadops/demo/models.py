"""How far the demo company's past is told and how its trickle runs: one row, in demo mode only."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models


class Demo(models.Model):
    """The one demo of this database; without a row there is none."""

    class State(models.TextChoices):
        PLAYING = "playing"
        LIVE = "live"
        ERASED = "erased"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLAYING)
    seed = models.BigIntegerField()
    leads = models.PositiveIntegerField(help_text="Arrivals of the whole past.")
    from_at = models.DateTimeField()
    until = models.DateTimeField(help_text="Where the past ends: the moment the demo was begun.")
    played_to = models.DateTimeField()
    paused = models.BooleanField(default=False)
    speed = models.PositiveSmallIntegerField(default=1, help_text="How many times faster than a lead in 30 s.")
    wanted = models.PositiveIntegerField(default=0, help_text="Hot requests asked for and not yet sent.")
    sent = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="demo_only_one", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"demo {self.state}"

    @property
    def day(self) -> int:
        """The day that is being told, counted from one."""
        return min((self.played_to - self.from_at) // timedelta(days=1) + 1, self.days)

    @property
    def days(self) -> int:
        return (self.until - self.from_at) // timedelta(days=1)


def current() -> Demo | None:
    return Demo.objects.filter(pk=1).first()


def begin(seed: int, leads: int, from_at: datetime, until: datetime) -> Demo:
    return Demo.objects.create(seed=seed, leads=leads, from_at=from_at, until=until, played_to=from_at)
