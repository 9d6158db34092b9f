"""/account/security: a person's second factor, their own; the question for its code at the door; the house's policy on who needs one."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStageController
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from capture import doors
from leadops import access, moment, sealed
from leadops.access import WHOLE_HOUSE
from leadops.desk import factor_policy, second_factor, sessions, signin
from leadops.desk.acting import acted
from leadops.desk.adapters import CodeStage
from leadops.models import Role, User
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions

KEY = "second_factor_secret"  # in a session, sealed: what the app is about to be given
WAIT = _("Too many tries. Wait a quarter of an hour.")


class Guarded(forms.Form):
    """A form whose tries are counted: what is wrong counts, and who tried too often waits, however right."""

    def __init__(self, request: HttpRequest, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user, self.wait = request, user, 0

    def count(self, bucket: str, right: bool, message: Any) -> None:
        signin_wait = signin.must_wait(bucket, doors.sender(self.request.META))
        if signin_wait:
            self.wait = signin_wait
            raise forms.ValidationError(WAIT)
        if not right:
            signin.failed(bucket, doors.sender(self.request.META))
            raise forms.ValidationError(message)


class CodeForm(Guarded):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
        help_text=_("The six digits your app shows now, or one of your recovery codes."),
    )

    def clean_code(self) -> str:
        bucket, sender = signin.code_of(self.user), doors.sender(self.request.META)
        waits = signin.must_wait(bucket, sender)
        used = "" if waits else second_factor.accepts(self.user, self.cleaned_data["code"])
        if not used and not waits:
            sessions.note_refusal(self.request, self.user.email, "code")
        self.count(bucket, bool(used), _("This code is not right, or was used already."))
        return used


class PasswordForm(Guarded):
    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def clean_password(self) -> str:
        given: str = self.cleaned_data["password"]
        waits = signin.must_wait(self.user.email, doors.sender(self.request.META))
        right = not waits and self.user.check_password(given)
        self.count(self.user.email, right, _("This is not your password."))
        return given


class SetUpForm(PasswordForm):
    code = forms.CharField(
        label=_("Code the app shows"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    field_order = ("code", "password")


class PolicyForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles that need a second factor"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def give_code(request: HttpRequest) -> HttpResponse:
    """After the right password, before a session: the code. Five minutes later one starts anew."""
    stage = LoginStageController.enter(request, CodeStage.key)
    if stage is None or not isinstance(stage.login.user, User):
        return redirect("desk:sign_in")
    form = CodeForm(request, stage.login.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer: HttpResponse = stage.exit()
        if form.cleaned_data["code"] == second_factor.PAPER:
            left = second_factor.codes_left(stage.login.user)
            messages.warning(request, _("That recovery code is used up. Codes left: %(n)s.") % {"n": left})
        return answer
    return _answer(request, "desk/give_code.html", {"form": form}, form)


@never_cache
@require_safe
def show_security(request: HttpRequest) -> HttpResponse:
    return _page(request)


@never_cache
@sensitive_post_parameters("password", "code")
@require_POST
def set_up_factor(request: HttpRequest) -> HttpResponse:
    """The recovery codes are in the answer, this once: it is no redirect and is kept nowhere."""
    user, sealed_secret = _me(request), request.session.get(KEY, "")
    form = SetUpForm(request, user, request.POST)
    if not sealed_secret:
        return redirect("desk:security")

    def work(unit: Unit) -> list[str]:
        return second_factor.set_up(user, sealed.unseal(sealed_secret), form.cleaned_data["code"], unit)

    codes = acted(request, form, work)
    if codes is None:
        return _page(request, set_up=form)
    request.session.pop(KEY)
    request.session[sessions.PROVED] = True
    return _page(request, codes=codes)


@never_cache
@sensitive_post_parameters("password")
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    form = PasswordForm(request, user, request.POST, prefix="codes")
    codes = acted(request, form, lambda unit: second_factor.new_codes(user, unit))
    return _page(request, again=form) if codes is None else _page(request, codes=codes)


@never_cache
@sensitive_post_parameters("password")
@require_POST
def remove_factor(request: HttpRequest) -> HttpResponse:
    user = _me(request)
    form = PasswordForm(request, user, request.POST, prefix="remove")

    def work(unit: Unit) -> bool:
        second_factor.remove(user, unit)
        User.objects.filter(pk=user.pk).update(sessions_end_at=unit.at)  # those that a code opened, first of all
        return True

    if acted(request, form, work) is None:
        return _page(request, remove=form)
    user.refresh_from_db()
    update_session_auth_hash(request, user)  # all but this one
    request.session[sessions.PROVED] = False
    messages.success(request, _("The second factor is removed: your password alone opens."))
    return redirect("desk:security")


@require_http_methods(["GET", "HEAD", "POST"])
def show_policy(request: HttpRequest) -> HttpResponse:
    """Who needs a second factor; a POST puts another policy in force, with its reason."""
    actor: access.Actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "edit_house", WHOLE_HOUSE)
    held = factor_policy.roles_at(moment.now())
    form = PolicyForm(request.POST or None, initial={"roles": sorted(held)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        in_unit(lambda unit: factor_policy.put_in_force(data["roles"], data["reason"], unit), actor=actor)
        messages.success(request, _("The policy holds from now on."))
        return redirect("desk:sign_in_policy")
    context = {"form": form, "held": factor_policy.sentence({"second_factor": held})}
    context["versions"] = versions.history(factor_policy.KIND, factor_policy.KEY)
    context["without"] = second_factor.people_without(held)
    return render(request, "desk/sign_in_policy.html", context, status=422 if form.errors else 200)


# -- what they share -------------------------------------------------------------------------------------


def _me(request: HttpRequest) -> User:
    return User.objects.get(pk=request.actor.user_id)  # type: ignore[attr-defined]


def _page(request: HttpRequest, *, codes: list[str] | None = None, **given: Any) -> HttpResponse:
    user = _me(request)
    context: dict[str, Any] = {"codes": "\n".join(codes or ()), "has": second_factor.has(user)}
    context["needed"] = request.actor.has(*factor_policy.roles_now())  # type: ignore[attr-defined]
    if context["has"]:
        context["left"] = second_factor.codes_left(user)
        context["again"] = given.get("again") or PasswordForm(request, user, prefix="codes")
        context["remove"] = given.get("remove") or PasswordForm(request, user, prefix="remove")
    else:
        kept = request.session.get(KEY) or sealed.seal(second_factor.new_secret())
        request.session[KEY] = kept
        secret = sealed.unseal(kept)
        context["picture"], context["secret"] = second_factor.picture(user, secret), secret
        context["set_up"] = given.get("set_up") or SetUpForm(request, user)
    return _answer(request, "desk/security.html", context, next(iter(given.values()), None), 201 if codes else 200)


def _answer(request: HttpRequest, template: str, context: dict[str, Any], form: Any, status: int = 200) -> HttpResponse:
    """The page; 422 where the form has faults, 429 with the seconds to wait where it was tried too often."""
    wait = form.wait if form is not None else 0
    status = 429 if wait else 422 if form is not None and form.errors else status
    response = render(request, template, context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response
