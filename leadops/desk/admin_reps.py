"""Reps with their terms, and account owners, in the admin for revenue ops: forms on `routing.staff`, whose refusals they
show. Nothing here writes a row by itself.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.desk import people
from leadops.desk.admin_people import Acting, PeopleAdmin, TeamField
from leadops.models import Account, Rep, RepTerms, Role, User
from leadops.unit import Unit
from leadops.versions.calendars import names_at
from routing import staff

COUNTED = 1000

# -- reps and their terms ------------------------------------------------------------------------------


class TermsForm(Acting):
    """What holds for a rep from a moment on: limits, skills as lines, languages, calendar."""

    capacity = forms.IntegerField(label=_("Capacity (units of open work)"), required=False, min_value=0)
    cap_hour = forms.IntegerField(label=_("At most per hour"), required=False, min_value=0)
    cap_day = forms.IntegerField(label=_("At most per 24 hours"), required=False, min_value=0)
    cap_month = forms.IntegerField(label=_("At most per 30 days"), required=False, min_value=0)
    skills = forms.CharField(
        label=_("Skills"), required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One per line: code | level from 1 to 10."),
    )  # fmt: skip
    languages = forms.CharField(label=_("Languages"), required=False, help_text=_("Codes with commas: fr, en."))
    calendar = forms.ChoiceField(label=_("Calendar"))

    class Meta:
        model = Rep
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        at = moment.now()
        held = staff.terms_at(self.instance, at) if not self.instance._state.adding else None
        self.fields["calendar"].choices = list(names_at(at).items())  # type: ignore[attr-defined]
        self.fields["calendar"].initial = held.calendar if held else "house"
        for name in staff.LIMITS:
            self.fields[name].initial = getattr(held, name, None)
        if held is not None:
            self.fields["skills"].initial = "\n".join(f"{code} | {level}" for code, level in held.skills.items())
            self.fields["languages"].initial = ", ".join(held.languages)

    def clean_skills(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in filter(str.strip, self.cleaned_data["skills"].splitlines()):
            code, _bar, level = (part.strip() for part in line.partition("|"))
            if not code or not (level or "1").isdecimal():
                raise ValidationError(_("“%(line)s” is not: code | level."), params={"line": line[:60]})
            found[code] = int(level or "1")
        return found

    def clean_languages(self) -> list[str]:
        return [code.strip() for code in self.cleaned_data["languages"].split(",") if code.strip()]

    def act(self, unit: Unit, data: dict[str, Any]) -> Rep:
        staff.set_terms(self.instance, {name: data[name] for name in staff.TERMS}, unit)
        rep: Rep = self.instance
        return rep


class NewRep(TermsForm):
    user = forms.ModelChoiceField(
        label=_("User"), queryset=User.objects.filter(is_active=True).exclude(rep__active=True).order_by("name")
    )
    team = TeamField(required=True)
    field_order = ("user", "team")

    class Meta:
        model = Rep
        fields: tuple[str, ...] = ()

    def act(self, unit: Unit, data: dict[str, Any]) -> Rep:
        people.set_membership(data["user"], Role.REP, data["team"], unit)
        return staff.create_rep(data["user"], data["team"], unit, {name: data[name] for name in staff.TERMS})


@admin.register(Rep)
class RepAdmin(PeopleAdmin):
    edit_verb = "edit_reps"
    list_display = ("user", "team", "active", "ended_at", "verbs")
    list_filter = ("team", "active")
    list_select_related = ("user", "team")

    def get_acting(self, obj: Any) -> type[Acting]:
        return NewRep if obj is None else TermsForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("who", "where", "active", "verbs") if obj is not None else ()

    @admin.display(description=_("User"))
    def who(self, obj: Rep) -> str:
        return str(obj.user)

    @admin.display(description=_("Team"))
    def where(self, obj: Rep) -> str:
        return str(obj.team)

    @admin.display(description=_("Also"))
    def verbs(self, obj: Rep) -> str:
        """The pages on which a rep is absent or leaves."""
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            reverse("routing:absence", args=[obj.pk]), _("Absences"),
            reverse("routing:deactivate", args=[obj.pk]), _("Deactivate"),
        )  # fmt: skip


@admin.register(RepTerms)
class RepTermsAdmin(PeopleAdmin):
    """The history of terms in both times: to look at."""

    edit_verb = "edit_reps"
    list_display = ("rep", "capacity", "cap_hour", "cap_day", "cap_month", "valid_from", "valid_to", "known_to")
    list_select_related = ("rep__user",)
    ordering = ("rep", "-valid_from")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super(PeopleAdmin, self).get_form(request, obj, change, **options)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.opts.concrete_fields if field.name != "id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# -- accounts ------------------------------------------------------------------------------------------


class Capped(Paginator):  # type: ignore[type-arg]
    """A page of a table that may have a million rows: nobody counts them all."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


class OwnerForm(Acting):
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        required=False,
        queryset=Rep.objects.filter(active=True).select_related("user").order_by("user__name"),
        help_text=_("Rules that follow the known owner give new leads of this account to them."),
    )

    class Meta:
        model = Account
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        held = staff.owner_at(self.instance, moment.now())
        self.fields["owner"].initial = held.rep_id if held else None

    def act(self, unit: Unit, data: dict[str, Any]) -> Account:
        account: Account = self.instance
        staff.own_account(account, data["owner"], unit)
        return account


@admin.register(Account)
class AccountAdmin(PeopleAdmin):
    """Accounts come from leads; who owns one is set here."""

    edit_verb = "own_account"
    list_display = ("name", "domain", "country", "customer_since")
    search_fields = ("name_folded__startswith", "domain__exact", "external_key__exact")
    paginator = Capped
    show_full_result_count = False
    ordering = ("-id",)

    def get_acting(self, obj: Any) -> type[Acting]:
        return OwnerForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name", "domain", "country", "customer_since")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
