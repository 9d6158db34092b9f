"""The link with which somebody sets their own password: signed, good for three days and for one use. It sends nothing."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from leadops.errors import NotFound
from leadops.models import User


def path_for(user: User) -> str:
    """Where this user sets a password; another password or sign-in makes it worthless."""
    return reverse("desk:set_password", args=[user.pk, default_token_generator.make_token(user)])


def address_for(user: User) -> str:
    """The same with the house's public address."""
    return settings.PUBLIC_URL + path_for(user)


@never_cache
@sensitive_post_parameters("new_password1", "new_password2")
@require_http_methods(("GET", "HEAD", "POST"))
def set_password(request: HttpRequest, user_id: uuid.UUID, token: str) -> HttpResponse:
    with transaction.atomic():  # two who post the same link at once take it one after the other: it opens once
        return _set_password(request, user_id, token)


def _set_password(request: HttpRequest, user_id: uuid.UUID, token: str) -> HttpResponse:
    known = User.objects.filter(pk=user_id, is_active=True)
    user = (known.select_for_update() if request.method == "POST" else known).first()
    if user is None or not default_token_generator.check_token(user, token):
        raise NotFound(_("This link is no longer valid. Ask for a new one."), code="link-spent")
    form: SetPasswordForm[User] = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your password is set: sign in with it."))
        return redirect("desk:sign_in")
    context = {"form": form, "who": user}
    return render(request, "desk/set_password.html", context, status=422 if form.errors else 200)
