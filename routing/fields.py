"""The fields routing brings into the lead's vocabulary: territory, known owners, pool, why held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Exists, Expression, ExpressionWrapper, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadops.conditions.fields import LEAD, Field, column
from leadops.conditions.phrases import Says
from leadops.models import AccountOwner, Lead
from leadops.templatetags.house import said
from routing import territories
from routing.models import Pool, Territory

GROUP = _("Routing")
HELD = {
    "no_rule": _("No rule"),
    "no_capacity": _("Everybody is full"),
    "off_hours": _("Outside hours"),
    "all_absent": _("Everybody is absent"),
    "no_skill": _("Nobody has the skill or the language"),
    "no_members": _("Nobody in the pool receives leads"),
    "all_had_it": _("Everybody has had it"),
    "handed_back": _("Handed back"),
    "by_rule": _("A rule holds it"),
    "error": _("A step failed"),
    "loop": _("Went in circles"),
}


def _territories() -> Iterable[tuple[str, str | Promise]]:
    return [(t.key, said(t.name) or t.key) for t in Territory.objects.order_by("key")]


def _pools() -> Iterable[tuple[str, str | Promise]]:
    return [(p.key, said(p.name) or p.key) for p in Pool.objects.order_by("key")]


def _owner_known(leads: Sequence[Lead], at: datetime) -> dict[Any, bool]:
    return {lead.pk: lead.owner_id is not None for lead in leads}


def _owner_known_sql(at: datetime) -> Expression:
    return ExpressionWrapper(Q(owner__isnull=False), output_field=BooleanField())


def _account_owner(leads: Sequence[Lead], at: datetime) -> dict[Any, bool]:
    accounts = {lead.account_id for lead in leads if lead.account_id}
    owned = set(
        AccountOwner.objects.state_at(at)
        .filter(account__any=accounts, rep__active=True)
        .values_list("account_id", flat=True)
    )
    return {lead.pk: lead.account_id in owned for lead in leads}


def _account_owner_sql(at: datetime) -> Exists:
    return Exists(AccountOwner.objects.state_at(at).filter(account=OuterRef("account"), rep__active=True))


OWNED: Says = {
    "yes": pgettext_lazy("condition", "the lead has an owner"),
    "no": pgettext_lazy("condition", "the lead has no owner"),
    "known": pgettext_lazy("condition", "we know whether the lead has an owner"),
    "unknown": pgettext_lazy("condition", "we do not know whether the lead has an owner"),
}
ACCOUNT_OWNED: Says = {
    "yes": pgettext_lazy("condition", "the account has an owner"),
    "no": pgettext_lazy("condition", "the account has no owner"),
    "known": pgettext_lazy("condition", "we know whether the account has an owner"),
    "unknown": pgettext_lazy("condition", "we do not know whether the account has an owner"),
}
HELD_AT_ALL: Says = {
    "known": pgettext_lazy("condition", "the lead is held"),
    "unknown": pgettext_lazy("condition", "the lead is not held"),
}
IN_A_POOL: Says = {
    "known": pgettext_lazy("condition", "the lead is in a pool"),
    "unknown": pgettext_lazy("condition", "the lead is in no pool"),
}

FIELDS = (
    Field(
        "territory", _("Territory"), "choice", territories.read, territories.sql, choices=_territories, group=GROUP,
        subject=_("the territory"),
    ),
    Field("owner_known", _("Has an owner"), "flag", _owner_known, _owner_known_sql, group=GROUP, says=OWNED),
    Field(
        "account_owner_known", _("Account has an owner"), "flag", _account_owner, _account_owner_sql, group=GROUP,
        says=ACCOUNT_OWNED,
    ),
    column("pool", _("Pool"), "choice", choices=_pools, group=GROUP, subject=_("the pool"), says=IN_A_POOL),
    column(
        "held", _("Held because"), "choice", choices=lambda: HELD.items(), group=GROUP,
        subject=_("the reason why it is held"), says=HELD_AT_ALL,
    ),
)  # fmt: skip


def register_fields() -> None:
    LEAD.register(*FIELDS)
