"""/first-run: the first administrator of an empty house, let in by the token its terminal shows; gone for ever afterwards.

It decides no right: who comes in this way has the role revenue ops, and everybody else is let in by them.
"""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from leadops.access import system
from leadops.desk import people
from leadops.desk.account import enter
from leadops.errors import NotFound
from leadops.models import User
from leadops.unit import in_unit

SETUP = system("first-run")


def token() -> str:
    """What only who sees the terminal (or knows the secret key) knows; worthless as soon as anybody has an account."""
    return salted_hmac("leadops.first-run", "", algorithm="sha256").hexdigest()[:40]


def address() -> str:
    return f"{settings.PUBLIC_URL}{reverse('desk:first_run')}?token={token()}"


def zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones()) if "/" in name or name == "UTC"]


class FirstRunForm(forms.Form):
    """Who they are and where they work; the password meets the same rules as everybody's."""

    company = forms.CharField(
        label=_("Company"), max_length=120, help_text=_("Names the first team; you add others later.")
    )
    name = forms.CharField(label=_("Your name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), max_length=254, help_text=_("You sign in with it."))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters."),
    )
    again = forms.CharField(
        label=_("Password, once more"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("fr", _("French")), ("en", _("English"))])
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        if data.get("password"):
            try:
                person = User(email=data.get("email", ""), name=data.get("name", ""))
                password_validation.validate_password(data["password"], person)
            except ValidationError as fault:
                self.add_error("password", fault)
        return data


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """One page with the token of the terminal; without it, or once there is anybody, nothing is here."""
    if people.anybody() or not constant_time_compare(request.GET.get("token", ""), token()):
        raise NotFound(_("There is nothing here, or it is not yours to see."))
    start = {"language": get_language() or settings.HOUSE_LANGUAGE, "zone": settings.REPORTING_ZONE}
    form = FirstRunForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        user = in_unit(lambda unit: people.found_house(form.cleaned_data, unit), actor=SETUP)
        return enter(request, user)
    return render(request, "desk/first_run.html", {"form": form}, status=422 if form.errors else 200)
