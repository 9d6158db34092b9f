"""Pools with their members and territories with their places in the admin, through the same services as any screen."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.adminsite import HouseAdmin
from leadops.models import Rep
from leadops.unit import Unit, in_unit
from routing import memberships, selectors
from routing.models import Pool, Territory, TerritoryPlace
from routing.territories import overlaps


class NamedForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name in both languages, and rows written as lines."""

    name_fr = forms.CharField(label=_("Name in French"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=120)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for language in ("fr", "en"):
            self.fields[f"name_{language}"].initial = (self.instance.name or {}).get(language, "")

    def save(self, commit: bool = True) -> Any:
        self.instance.name = {language: self.cleaned_data[f"name_{language}"].strip() for language in ("fr", "en")}
        return super().save(commit)


def member_lines(pool: Pool) -> str:
    rows = selectors.members_of([pool], moment.now())[pool.pk]
    return "\n".join(f"{row.rep.user.email} | {row.weight}" for row in rows)


def place_lines(territory: Territory) -> str:
    rows = TerritoryPlace.objects.state_at(moment.now()).filter(territory=territory).order_by("country")
    return "\n".join(r.country if r.kind == "country" else f"{r.country} | {r.kind} | {r.value}" for r in rows)


class PoolForm(NamedForm):
    members = forms.CharField(
        label=_("Members"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One per line: e-mail | weight."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding:
            self.fields["members"].initial = member_lines(self.instance)

    def clean_members(self) -> dict[uuid.UUID, Decimal]:
        found: dict[uuid.UUID, Decimal] = {}
        for line in filter(str.strip, self.cleaned_data["members"].splitlines()):
            email, _bar, weight = (part.strip() for part in line.partition("|"))
            rep = Rep.objects.filter(user__email=email.lower(), active=True).first()
            if rep is None:
                raise ValidationError(_("There is no active rep “%(name)s”."), params={"name": email[:80]})
            found[rep.pk] = _weight(weight or "1")
        return found


def _weight(text: str) -> Decimal:
    try:
        weight = Decimal(text.replace(",", "."))
    except InvalidOperation as fault:
        raise ValidationError(_("“%(text)s” is no weight."), params={"text": text[:20]}) from fault
    if not weight.is_finite() or not Decimal("0.01") <= weight <= 1000:
        raise ValidationError(_("“%(text)s” is no weight."), params={"text": text[:20]})
    return weight


class TerritoryForm(NamedForm):
    places = forms.CharField(
        label=_("Places"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One per line: FR for a country, FR | region | FR-ARA, or FR | postcode | 69."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding:
            self.fields["places"].initial = place_lines(self.instance)

    def clean_places(self) -> list[memberships.Place]:
        found: list[memberships.Place] = []
        for line in filter(str.strip, self.cleaned_data["places"].splitlines()):
            parts = [part.strip().upper() for part in line.split("|")]
            kind = parts[1].lower() if len(parts) == 3 else "country"
            if len(parts) not in (1, 3) or len(parts[0]) != 2 or kind not in TerritoryPlace.Kind.values:
                raise ValidationError(_("“%(line)s” is no place."), params={"line": line[:60]})
            found.append((kind, parts[0], parts[2] if len(parts) == 3 else ""))
        held = TerritoryPlace.objects.state_at(moment.now()).exclude(territory=self.instance)
        others = [(r.kind, r.country, r.value, str(r.territory_id)) for r in held]
        twice = overlaps([*others, *((*place, "") for place in found)])
        if twice:
            raise ValidationError(_("Another territory holds %(place)s."), params={"place": " ".join(twice[0])})
        return found


class _Admin(HouseAdmin):
    actions = None
    edit_verb = "edit_reference"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("key",) if obj is not None else ()

    # for who may look and not change: the form's own fields are no fields of the row
    @admin.display(description=_("Name in French"))
    def name_fr(self, row: Pool | Territory) -> str:
        return str((row.name or {}).get("fr", ""))

    @admin.display(description=_("Name in English"))
    def name_en(self, row: Pool | Territory) -> str:
        return str((row.name or {}).get("en", ""))


def known(obj: Any, change: bool) -> Any:
    """The row as it stands, so that the service sees what changes."""
    return type(obj).objects.get(pk=obj.pk) if change else obj


@admin.register(Pool)
class PoolAdmin(_Admin):
    form = PoolForm
    list_display = ("key", "team", "method", "claimable", "active")
    fields = (
        "key", "name_fr", "name_en", "team", "method", "absence", "claimable", "claim_limit", "active", "members",
    )  # fmt: skip

    @admin.display(description=_("Members"))
    def members(self, pool: Pool) -> str:
        return member_lines(pool)

    def save_model(self, request: HttpRequest, obj: Pool, form: Any, change: bool) -> None:
        def work(unit: Unit) -> None:
            kept = {name: getattr(obj, name) for name in memberships.POOL_FIELDS}
            memberships.keep_pool(known(obj, change), kept, unit)
            memberships.set_members(obj, form.cleaned_data["members"], unit)

        in_unit(work, actor=request.actor)  # type: ignore[attr-defined]


@admin.register(Territory)
class TerritoryAdmin(_Admin):
    form = TerritoryForm
    list_display = ("key", "active")
    fields = ("key", "name_fr", "name_en", "active", "places")

    @admin.display(description=_("Places"))
    def places(self, territory: Territory) -> str:
        return place_lines(territory)

    def save_model(self, request: HttpRequest, obj: Territory, form: Any, change: bool) -> None:
        def work(unit: Unit) -> None:
            kept = {name: getattr(obj, name) for name in memberships.TERRITORY_FIELDS}
            memberships.keep_territory(known(obj, change), kept, unit)
            memberships.set_places(obj, form.cleaned_data["places"], unit)

        in_unit(work, actor=request.actor)  # type: ignore[attr-defined]
