"""Who signs in and in which roles; what each role may do is decided in `leadops/access.py`, never here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from leadops.models.columns import address


class Role(models.TextChoices):
    REP = "rep", _("Sales rep")
    MANAGER = "manager", _("Manager")
    MARKETING_OPS = "marketing_ops", _("Marketing ops")
    REVENUE_OPS = "revenue_ops", _("Revenue ops")
    EXECUTIVE = "executive", _("Executive")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """E-mail is the login: stored lower-cased, unique."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    id = address()
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", _("French")), ("en", _("English"))], default="fr"
    )
    zone = models.CharField(_("time zone"), max_length=64, default="Europe/Paris")
    theme = models.CharField(
        max_length=5, choices=[("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))], default="auto"
    )
    shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField()
    sessions_end_at = models.DateTimeField(null=True, blank=True)  # what was open before is worthless

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.CheckConstraint(name="user_email_is_lower", condition=Q(email=Lower("email")))]

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """A session is good for this password and since the last time all of them were ended."""
        return super().get_session_auth_hash() + (
            f"@{self.sessions_end_at.timestamp()}" if self.sessions_end_at else ""
        )

    @property
    def is_staff(self) -> bool:
        """The stock admin asks this; our admin site asks `access` instead."""
        return self.is_active

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Django's own permissions are not used: `access.can` decides everywhere."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class Membership(models.Model):
    """One role of one user in one team, or in the whole house when `team` is empty."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(
        "leadops.Team",
        verbose_name=_("team"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "team", "role"], nulls_distinct=False, name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Heartbeat(models.Model):
    """Heartbeats of processes, read by the parent and by /readyz: row `cluster:now`, `cluster:long`, `ticker`, `live`."""

    name = models.CharField(primary_key=True, max_length=64)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
