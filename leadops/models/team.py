"""Teams, reps, and what holds for a rep over time (terms, absences); decides nothing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops.conditions.kinds import KINDS
from leadops.models.columns import address, labels, no_overlap
from leadops.models.twotimes import TwoTimes
from leadops.models.user import User


class Team(models.Model):
    id = address()
    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    zone = models.CharField(_("time zone"), max_length=64, default="Europe/Paris")
    calendar = models.SlugField(_("calendar"), default="house", help_text=_("Key of the calendar its clocks follow."))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class Rep(models.Model):
    """What routing needs of a user; `active` off = gets nothing more, ever, until switched on."""

    user = models.OneToOneField(
        User, verbose_name=_("user"), primary_key=True, on_delete=models.PROTECT, related_name="rep"
    )
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT, related_name="reps")
    active = models.BooleanField(_("receives leads"), default=True)
    ended_at = models.DateTimeField(_("left at"), null=True, blank=True)

    class Meta:
        verbose_name = _("rep")
        verbose_name_plural = _("reps")

    def __str__(self) -> str:
        return self.user.name


class RepTerms(TwoTimes):
    """Capacity in work units, caps per window, skills {code: level}, languages, calendar key; two-time."""

    rep = models.ForeignKey(Rep, verbose_name=_("rep"), on_delete=models.CASCADE, related_name="terms")
    capacity = models.PositiveIntegerField(_("capacity (units of open work)"), null=True, blank=True)
    cap_hour = models.PositiveIntegerField(_("at most per hour"), null=True, blank=True)
    cap_day = models.PositiveIntegerField(_("at most per 24 hours"), null=True, blank=True)
    cap_month = models.PositiveIntegerField(_("at most per 30 days"), null=True, blank=True)
    skills = models.JSONField(_("skills"), default=dict, blank=True)
    languages = models.JSONField(_("languages"), default=list, blank=True)
    calendar = models.SlugField(_("calendar"), default="house")

    class Meta(TwoTimes.Meta):
        verbose_name = _("terms of a rep")
        verbose_name_plural = _("terms of reps")
        constraints = [*TwoTimes.Meta.constraints, no_overlap("repterms_no_overlap", "rep")]

    def __str__(self) -> str:
        return f"{self.rep} {self.valid_from:%Y-%m-%d}"


class Absence(TwoTimes):
    """A span in which a rep receives nothing: leave, illness, busy, away; two-time."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("Leave")
        SICK = "sick", _("Illness")
        BUSY = "busy", _("Busy")
        AWAY = "away", _("Away")

    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="absences")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.LEAVE)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(TwoTimes.Meta):
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [*TwoTimes.Meta.constraints, no_overlap("absence_no_overlap", "rep")]

    def __str__(self) -> str:
        return f"{self.rep} {self.get_kind_display()}"


class Reason(models.Model):
    """Closed lists of reasons: hand back, disqualify, lost, recycle, hold; shipped filled, both languages."""

    class Use(models.TextChoices):
        HAND_BACK = "hand_back", _("Hand back")
        DISQUALIFY = "disqualify", _("Disqualify")
        LOST = "lost", _("Lost")
        RECYCLE = "recycle", _("Recycle")
        TAKE_AWAY = "take_away", _("Take away")

    use = models.CharField(_("what it is for"), max_length=12, choices=Use.choices)
    key = models.SlugField(_("key"), max_length=40)
    labels = labels()
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["use", "position"]
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        constraints = [models.UniqueConstraint(fields=["use", "key"], name="reason_once")]

    def __str__(self) -> str:
        return f"{self.use}:{self.key}"


class Status(models.Model):
    """Current work disposition inside a stage; free to move back; shipped filled, both languages."""

    key = models.SlugField(_("key"), max_length=40, primary_key=True)
    labels = labels()
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["position"]
        verbose_name = _("status")
        verbose_name_plural = _("statuses")

    def __str__(self) -> str:
        return self.key


class AttributeDef(models.Model):
    """A custom field of a lead, person or account; key and kind never change."""

    class Owner(models.TextChoices):
        LEAD = "lead", _("Lead")
        PERSON = "person", _("Person")
        ACCOUNT = "account", _("Account")

    owner = models.CharField(_("belongs to"), max_length=8, choices=Owner.choices)
    key = models.SlugField(_("key"), max_length=40)
    kind = models.CharField(
        _("kind of value"),
        max_length=8,
        choices=[(k, KINDS[k].label) for k in ("text", "choice", "multi", "number", "day", "instant", "flag")],
    )
    choices = models.JSONField(default=list, blank=True, help_text='[{"code": "x", "labels": {"fr": …, "en": …}}]')
    personal = models.BooleanField(_("personal data"), default=False)
    indexed = models.BooleanField(_("indexed"), default=False)
    labels = labels()

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="attribute_once")]

    def __str__(self) -> str:
        return f"{self.owner}.{self.key}"
