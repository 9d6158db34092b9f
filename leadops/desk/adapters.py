"""What allauth asks of the house: how a session begins, which stage lies before it, how secrets are kept. It decides no right."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import LoginStage
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadops import sealed
from leadops.desk import second_factor, sessions
from leadops.errors import Refused
from leadops.models import User


class CodeStage(LoginStage):
    """Between the right password and a session: who has a second factor gives a code first."""

    key = "mfa_authenticate"
    urlname = "desk:give_code"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        waits = self.login.user is not None and second_factor.has(self.login.user)
        return (redirect(self.urlname) if waits else None), True


class AccountAdapter(DefaultAccountAdapter):
    """Pages, messages and mails are ours; allauth keeps what waits for its code."""

    def get_login_stages(self) -> list[str]:
        return [f"{CodeStage.__module__}.{CodeStage.__qualname__}"]

    def login(self, request: HttpRequest, user: Any) -> None:
        sessions.begin(request, user)

    def post_login(
        self, request: HttpRequest, user: Any, *, redirect_url: str | None = None, **more: Any
    ) -> HttpResponse:
        return HttpResponseRedirect(redirect_url or reverse("desk:home"))


class FactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return sealed.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return sealed.unseal(encrypted_text)
        except InvalidToken as fault:  # a backup restored beside another SECRET_KEY
            words = _("The key of this house has changed: have your second factor removed, and set it up anew.")
            raise Refused("sealed-by-another-key", words, status=409) from fault

    def get_totp_label(self, user: Any) -> str:
        return User.objects.values_list("email", flat=True).get(pk=user.pk)
