"""/settings: a person's own language, zone, theme and shortcuts, and the API tokens they made. Their own, nobody else's."""

from __future__ import annotations

import uuid
import zoneinfo
from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from leadops import access, moment
from leadops.apitables import ApiToken
from leadops.desk import tokens
from leadops.desk.account import YEAR
from leadops.desk.middleware import LANGUAGE_COOKIE
from leadops.errors import NotFound
from leadops.models import User
from leadops.unit import Unit, in_unit

DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("A year")), ("", _("Never"))]


def zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones()) if "/" in name or name == "UTC"]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones)

    class Meta:
        model = User
        fields = ("language", "zone", "theme", "shortcuts")
        labels = {"theme": _("Theme")}


AREAS = {
    "leads": _("leads"),
    "people": _("people"),
    "opportunities": _("opportunities"),
    "reports": _("reports"),
    "sources": _("sources"),
    "costs": _("costs"),
    "submissions": _("submissions"),
    "imports": _("imports"),
    "rules": _("rules and SLA policies"),
    "criteria": _("scorecards and MQL definitions"),
    "settings": _("settings of the house"),
    "reps": _("reps and their absences"),
    "operations": _("stalled leads and unsent mail"),
    "users": _("users"),
    "sequences": _("sequences"),
    "suppressions": _("addresses nobody writes to"),
    "audit": _("the audit"),
    "privacy": _("copies and erasures of personal data"),
}


def scope_words(scope: str) -> str:
    """A scope in words, its code behind."""
    area, _colon, act = scope.partition(":")
    words = _("Change %(area)s (%(scope)s)") if act == "write" else _("Read %(area)s (%(scope)s)")
    return words % {"area": AREAS.get(area, area), "scope": scope}


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What the token is for"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Never more than you may yourself."),
        error_messages={"required": _("Tick what the token may do, or “Everything I may”.")},
    )
    days = forms.ChoiceField(label=_("Expires after"), choices=DAYS, required=False, initial="90")

    def __init__(self, *args: Any, actor: access.Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(scope, scope_words(scope)) for scope in access.scopes_of(actor)]
        self.fields["scopes"].choices = [("all", _("Everything I may")), *known]  # type: ignore[attr-defined]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_settings(request: HttpRequest) -> HttpResponse:
    """The page; a POST saves the person's own settings."""
    user = _me(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=user.pk).update(**form.cleaned_data)
        messages.success(request, _("Saved."))
        response = redirect("desk:settings")
        for name in (LANGUAGE_COOKIE, "theme"):  # what this device kept must not win over the choice just made
            value = form.cleaned_data["language" if name == LANGUAGE_COOKIE else "theme"]
            unseen = name == LANGUAGE_COOKIE
            response.set_cookie(
                name, value, max_age=YEAR, samesite="Lax", httponly=unseen, secure=django_settings.HTTPS
            )
        return response
    return _page(request, form, _token_form(request), 422 if form.errors else 200)


@never_cache
@login_required
@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once: the answer is not a redirect and is kept nowhere."""
    form = _token_form(request, request.POST)
    if not form.is_valid():
        return _page(request, _profile(request), form, 422)
    given, user = form.cleaned_data, _me(request)
    days = int(given["days"]) if given["days"] else None

    def work(unit: Unit) -> str:
        return tokens.grant(user, given["name"], given["scopes"], unit, days)

    text = in_unit(work, actor=request.actor)  # type: ignore[attr-defined]
    return _page(request, _profile(request), _token_form(request), 201, made=text)


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """End a token of one's own at once."""
    mine = ApiToken.objects.filter(pk=token_id, user=_me(request)).first()
    if mine is None:
        raise NotFound(_("There is no such token."))
    in_unit(lambda unit: tokens.revoke(mine, unit), actor=request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The token is revoked: it opens nothing any more."))
    return redirect("desk:settings")


def _me(request: HttpRequest) -> User:
    """The person at the desk; every page here is behind the sign-in."""
    return User.objects.get(pk=request.actor.user_id)  # type: ignore[attr-defined]


def _profile(request: HttpRequest) -> ProfileForm:
    return ProfileForm(instance=_me(request))


def _token_form(request: HttpRequest, data: Any = None) -> TokenForm:
    """Only the scopes the reader's roles can use are offered."""
    return TokenForm(data, actor=request.actor)  # type: ignore[attr-defined]


def _page(request: HttpRequest, form: ProfileForm, token_form: TokenForm, status: int, made: str = "") -> HttpResponse:
    rows = ApiToken.objects.filter(user=_me(request)).order_by("-created_at")
    context = {"form": form, "token_form": token_form, "tokens": rows, "made": made, "at": moment.now()}
    context["may_keep"] = access.can(request.actor, "edit_house", access.WHOLE_HOUSE)  # type: ignore[attr-defined]
    return render(request, "desk/settings.html", context, status=status)
