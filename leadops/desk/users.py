"""/users: who works here, in which roles; invite, give and end roles, disable. For revenue ops, on the services of `people`."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leadops import access
from leadops.desk import first_run, invitations, passwords, people, second_factor
from leadops.desk.acting import acted
from leadops.effects import stop
from leadops.errors import NotFound
from leadops.models import Membership, Role, Team, User
from leadops.unit import Unit, in_unit

LANGUAGES = [("fr", _("French")), ("en", _("English"))]
MOST = 500
Invited = tuple[User, bool]  # and whether the link leaves by mail


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.order_by("name"),
        required=False,
        empty_label=_("The whole house"),
        help_text=_("Without a team the role holds for the whole house."),
    )


class InviteForm(RoleForm):
    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    field_order = ("name", "email", "role", "team", "language")


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    zone = forms.ChoiceField(label=_("Time zone"), choices=first_run.zones)


@require_safe
def list_users(request: HttpRequest) -> HttpResponse:
    access.require(request.actor, "edit_users")  # type: ignore[attr-defined]
    return _list(request, InviteForm(initial={"language": request.LANGUAGE_CODE}))


@never_cache
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """A new user with one role; their link leaves by mail, or is shown this once where no mail leaves."""
    access.require(request.actor, "edit_users")  # type: ignore[attr-defined]
    form = InviteForm(request.POST)

    def work(unit: Unit) -> Invited:
        data = form.cleaned_data
        made = people.create_user(
            data["email"], data["name"], data["role"], data["team"], unit, language=data["language"]
        )
        return made, invitations.send(made, unit)

    made = acted(request, form, work)
    if made is None:
        return _list(request, form, status=422)
    return _with_link(request, *made) or redirect("desk:list_users")


@require_safe
def show_user(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    return _page(request, _user(request, user_id))


@require_POST
def change_profile(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    user, form = _user(request, user_id), ProfileForm(request.POST)
    if acted(request, form, lambda unit: people.change_user(user, form.cleaned_data, unit)) is None:
        return _page(request, user, profile=form, status=422)
    messages.success(request, _("Saved."))
    return redirect("desk:show_user", user_id)


@require_POST
def give_role(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    user, form = _user(request, user_id), RoleForm(request.POST)

    def work(unit: Unit) -> Membership:
        return people.set_membership(user, form.cleaned_data["role"], form.cleaned_data["team"], unit)

    if acted(request, form, work) is None:
        return _page(request, user, role=form, status=422)
    messages.success(request, _("From now on they have this role."))
    return redirect("desk:show_user", user_id)


@require_POST
def end_role(request: HttpRequest, user_id: uuid.UUID, membership_id: int) -> HttpResponse:
    rows = Membership.objects.select_related("user", "team").filter(user=_user(request, user_id))
    row = rows.filter(pk=membership_id).first()
    if row is None:
        raise NotFound(_("There is no such role."))
    in_unit(lambda unit: people.end_membership(row, unit), actor=request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The role has ended."))
    return redirect("desk:show_user", user_id)


@require_POST
def set_active(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """Disable: no session, password or token opens anything any more, a rep's leads move on. Or let them back in."""
    user, on = _user(request, user_id), request.POST.get("on") == "1"
    act = people.reactivate_user if on else people.deactivate_user
    in_unit(lambda unit: act(user, unit), actor=request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("They sign in again.") if on else _("They are out: every session and token has ended."))
    return redirect("desk:show_user", user_id)


@require_POST
def take_factor(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """For who lost phone and codes: the password alone opens until they set a second factor up anew."""
    user = _user(request, user_id)
    in_unit(lambda unit: second_factor.take_from(user, unit), actor=request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("Their second factor is removed, and every session of theirs has ended."))
    return redirect("desk:show_user", user_id)


@never_cache
@require_POST
def new_link(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """The old password stops, and a new link leaves, or is shown this once where no mail leaves."""
    user = _user(request, user_id)

    def work(unit: Unit) -> bool:
        return invitations.send(people.reset_password(user, unit), unit)

    sent = in_unit(work, actor=request.actor)  # type: ignore[attr-defined]
    return _with_link(request, user, sent) or redirect("desk:show_user", user_id)


# -- what they share -------------------------------------------------------------------------------------


def _user(request: HttpRequest, user_id: uuid.UUID) -> User:
    access.require(request.actor, "edit_users")  # type: ignore[attr-defined]
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("There is no such user."))
    return found


def _with_link(request: HttpRequest, user: User, sent: bool) -> HttpResponse | None:
    """The page with the link where no mail leaves: an answer of its own, kept nowhere."""
    if sent:
        messages.success(request, _("An invitation leaves for %(email)s.") % {"email": user.email})
        return None
    return _page(request, user, link=request.build_absolute_uri(passwords.path_for(user)), status=201)


def _list(request: HttpRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    rows = User.objects.prefetch_related("memberships__team")
    context = {"users": rows.order_by("-is_active", "name", "pk")[:MOST], "form": form, "silence": stop.silence()}
    return render(request, "desk/users.html", context, status=status)


def _page(request: HttpRequest, user: User, *, status: int = 200, link: str = "", **forms_given: Any) -> HttpResponse:
    start = {name: getattr(user, name) for name in people.PROFILE}
    context = {
        "who": user,
        "link": link,
        "silence": stop.silence(),
        "roles": user.memberships.select_related("team").order_by("role", "team__name"),
        "profile": forms_given.get("profile") or ProfileForm(initial=start),
        "role_form": forms_given.get("role") or RoleForm(),
        "factor": second_factor.has(user),
        "tokens": user.api_tokens.filter(revoked_at__isnull=True).count(),
    }
    return render(request, "desk/user.html", context, status=status)
