"""Users and memberships in the admin, for revenue ops: forms on the services of `people`, whose refusals they show.

Nothing here writes a row by itself.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leadops.access import Actor
from leadops.adminsite import HouseAdmin
from leadops.desk import passwords, people
from leadops.errors import Refused
from leadops.models import Membership, Role, Team, User
from leadops.templatetags.house import stamp
from leadops.unit import Unit, in_unit


class Acting(forms.ModelForm):  # type: ignore[type-arg]
    """The service runs while the form is checked, so that a refusal stands in the form beside what was typed."""

    actor: Actor
    made: Any = None

    def act(self, unit: Unit, data: dict[str, Any]) -> Any:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                self.made = in_unit(lambda unit: self.act(unit, data), actor=self.actor)
            except Refused as refusal:
                raise ValidationError(str(refusal.message), code=refusal.code) from refusal
        return data

    def _post_clean(self) -> None:
        """The services have checked and written: the form's own instance takes nothing from what was typed."""

    def save(self, commit: bool = True) -> Any:
        return self.made if self.made is not None else self.instance

    def save_m2m(self) -> None:
        """There is nothing left to save."""


class PeopleAdmin(HouseAdmin):
    """Shown to and changed by those who have the verb; a refusal leaves nothing behind."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._can(request, self.edit_verb)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._can(request, self.edit_verb)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """Fields of the form itself as declared; the admin adds none of the model's columns."""
        form: type[Acting] = self.get_acting(obj)
        return type(form.__name__, (form,), {"actor": request.actor})  # type: ignore[attr-defined]

    def get_acting(self, obj: Any) -> type[Acting]:
        raise NotImplementedError

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.get_acting(obj).base_fields) + list(self.get_readonly_fields(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Done by the form's service."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:  # the journal has it
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:  # the journal has it
        return None


def teams() -> Any:
    return Team.objects.order_by("name")


class TeamField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=teams(), **{"label": _("Team"), "required": False, **options})


WHOLE_HOUSE = _("Without a team the role holds for the whole house.")

# -- users ---------------------------------------------------------------------------------------------


class NewUser(Acting):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150)
    language = forms.ChoiceField(label=_("Language"), choices=[("fr", _("French")), ("en", _("English"))])
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    team = TeamField(help_text=WHOLE_HOUSE)

    class Meta:
        model = User
        fields: tuple[str, ...] = ()

    def act(self, unit: Unit, data: dict[str, Any]) -> User:
        language = {"language": data["language"]}
        return people.create_user(data["email"], data["name"], data["role"], data["team"], unit, **language)


class ChangedUser(Acting):
    name = forms.CharField(label=_("Name"), max_length=150)
    language = forms.ChoiceField(label=_("Language"), choices=[("fr", _("French")), ("en", _("English"))])
    zone = forms.CharField(label=_("Time zone"), max_length=64)
    active = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("Off: nobody signs in, no token counts, a rep's leads move on.")
    )
    reset = forms.BooleanField(
        label=_("Reset the password"),
        required=False,
        help_text=_("The old one stops at once; you get a link to pass on."),
    )

    class Meta:
        model = User
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in people.PROFILE:
            self.fields[name].initial = getattr(self.instance, name)
        self.fields["active"].initial = self.instance.is_active

    def act(self, unit: Unit, data: dict[str, Any]) -> User:
        user = people.change_user(self.instance, data, unit)
        if data["active"] != user.is_active:
            (people.reactivate_user if data["active"] else people.deactivate_user)(user, unit)
        if data["reset"]:
            people.reset_password(user, unit)
        return user


@admin.register(User)
class UserAdmin(PeopleAdmin):
    edit_verb = "edit_users"
    list_display = ("name", "email", "language", "zone", "is_active")
    list_filter = ("is_active", "language")
    search_fields = ("name", "email")

    def get_acting(self, obj: Any) -> type[Acting]:
        return NewUser if obj is None else ChangedUser

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("email", "since") if obj is not None else ()

    @admin.display(description=_("Since"))
    def since(self, user: User) -> str:
        return stamp(user.created_at)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whoever has no password gets a link; it is shown once, to pass on."""
        user: User = form.made
        if not change or form.cleaned_data.get("reset"):
            text = _("Pass this link on: with it %(name)s sets a password, once, within three days: %(link)s")
            messages.warning(
                request, text % {"name": user.name, "link": request.build_absolute_uri(passwords.path_for(user))}
            )


# -- memberships ---------------------------------------------------------------------------------------


class NewMembership(Acting):
    user = forms.ModelChoiceField(label=_("User"), queryset=User.objects.filter(is_active=True).order_by("name"))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    team = TeamField(help_text=WHOLE_HOUSE)

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()

    def act(self, unit: Unit, data: dict[str, Any]) -> Membership:
        return people.set_membership(data["user"], data["role"], data["team"], unit)


class EndedMembership(Acting):
    end = forms.BooleanField(label=_("End this role"), help_text=_("From now on the user does not have it any more."))

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()

    def act(self, unit: Unit, data: dict[str, Any]) -> None:
        people.end_membership(Membership.objects.get(pk=self.instance.pk), unit)


@admin.register(Membership)
class MembershipAdmin(PeopleAdmin):
    edit_verb = "edit_users"
    list_display = ("user", "role", "team")
    list_filter = ("role", "team")
    list_select_related = ("user", "team")

    def get_acting(self, obj: Any) -> type[Acting]:
        return NewMembership if obj is None else EndedMembership

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "role", "team") if obj is not None else ()
