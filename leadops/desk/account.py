"""Signing in and out, the reader's language and theme, and where each role lands."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from capture import doors
from leadops.access import Actor
from leadops.desk import people as house_people
from leadops.desk import sessions, signin
from leadops.desk.middleware import LANGUAGE_COOKIE
from leadops.limit import network
from leadops.models import Membership, Role, User

YEAR = 365 * 24 * 3600


class SignInForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request
        self.user: User | None = None
        self.wait = 0

    def clean(self) -> None:
        email, password = self.cleaned_data.get("email"), self.cleaned_data.get("password")
        if email and password:
            sender = doors.sender(self.request.META)
            self.wait = signin.must_wait(email, sender)
            if self.wait:
                if signin.WAITS_NOTED.take(network(sender)) == 0:
                    sessions.note_refusal(self.request, email, "wait")
                raise forms.ValidationError(_("Too many tries. Wait a quarter of an hour."))
            found = authenticate(self.request, username=email, password=password)
            if not isinstance(found, User):
                signin.failed(email, sender)
                sessions.note_refusal(self.request, email, "password")
                raise forms.ValidationError(_("This e-mail and password do not match an active account."))
            self.user = found


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: an address of this house, else the landing page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    inside = wanted.startswith("/") and wanted.isprintable()
    if inside and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("desk:home")


def enter(request: HttpRequest, user: User) -> HttpResponse:
    """On with somebody who proved who they are: to where they wanted, or to the question for their code first."""
    answer: HttpResponse = perform_login(request, Login(user=user, redirect_url=safe_next(request)))
    return answer


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.user is not None:
        return enter(request, form.user)
    people = demo_people() if settings.MODE == "demo" else []
    context = {"form": form, "next": safe_next(request), "people": people}
    context["nobody"] = settings.MODE != "demo" and not house_people.anybody()
    response = render(request, "desk/sign_in.html", context, status=429 if form.wait else 422 if form.errors else 200)
    if form.wait:
        response["Retry-After"] = str(form.wait)
    return response


def demo_people() -> list[dict[str, Any]]:
    """A button for everybody of the demo company on the sign-in page, in demo mode only; `first` of each role."""
    rows = Membership.objects.filter(user__email__endswith="@demo.example", user__is_active=True).select_related("user")
    order = list(Role.values)
    people = sorted(rows, key=lambda row: (order.index(row.role), row.user.created_at))
    once = {row.user_id: row for row in reversed(people)}  # one button for who leads several teams
    shown = [row for row in people if once[row.user_id] is row]
    first = {row.role: row for row in reversed(shown)}
    return [
        {
            "email": row.user.email,
            "name": row.user.name,
            "role": str(Role(row.role).label),
            "first": first[row.role] is row,
        }
        for row in shown
    ]


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as a person of the demo company; exists in demo mode only."""
    user = User.objects.filter(
        email=request.POST.get("email", ""), email__endswith="@demo.example", is_active=True
    ).first()
    if settings.MODE != "demo" or user is None:
        return redirect("desk:sign_in")
    return enter(request, user)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("desk:sign_in")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the reader's language and come back to the same page."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(safe_next(request))
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
        else:
            request.session[sessions.CHOSEN] = language
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.HTTPS
        )
    return response


def landing(actor: Actor) -> str:
    """Each role lands on its own screen."""
    if actor.has(Role.REP):
        return "desk:inbox"
    if actor.has(Role.EXECUTIVE):
        return "reports:show_executive"
    if actor.has(Role.MARKETING_OPS) and not actor.has(Role.MANAGER, Role.REVENUE_OPS):
        return "capture:list_sources"
    return "desk:list_leads"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect(landing(request.actor))  # type: ignore[attr-defined]
