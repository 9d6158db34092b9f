"""Organisations and who owns them over time; decides nothing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadops.models.columns import address, no_overlap
from leadops.models.team import Rep
from leadops.models.twotimes import TwoTimes


class Account(models.Model):
    id = address()
    name = models.CharField(_("name"), max_length=250)
    name_folded = models.CharField(max_length=250, db_index=True)
    domain = models.CharField(
        _("domain"), max_length=253, blank=True, help_text=_("Its own mail domain; free mail never.")
    )
    country = models.CharField(_("country"), max_length=2, blank=True)
    industry = models.CharField(max_length=80, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    customer_since = models.DateField(_("customer since"), null=True, blank=True)
    external_key = models.CharField(max_length=120, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    attributes_folded = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=~Q(domain=""), name="account_domain_once"),
            models.UniqueConstraint(
                fields=["external_key"], condition=~Q(external_key=""), name="account_external_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/accounts/{self.pk}"


class AccountOwner(TwoTimes):
    """Who owns an account, two-time."""

    account = models.ForeignKey(Account, verbose_name=_("account"), on_delete=models.CASCADE, related_name="owners")
    rep = models.ForeignKey(Rep, verbose_name=_("rep"), on_delete=models.PROTECT, related_name="accounts_owned")

    class Meta(TwoTimes.Meta):
        verbose_name = _("owner of an account")
        verbose_name_plural = _("owners of accounts")
        constraints = [*TwoTimes.Meta.constraints, no_overlap("accountowner_no_overlap", "account")]

    def __str__(self) -> str:
        return f"{self.account} · {self.rep}"
