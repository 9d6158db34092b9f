"""Sign-in by e-mail and password, and the door that only people of the house pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest, HttpResponse

from leadops.desk import errors
from leadops.limit import Limit, network
from leadops.models import User

# Failures only, in this process's memory like every limit of the house; two buckets, so that a locked account locks no
# office and a busy office no account.
PER_ACCOUNT = Limit(5, 15 * 60)
PER_SENDER = Limit(50, 15 * 60)
WAITS_NOTED = Limit(1, 15 * 60, share=False)  # who goes on trying while told to wait fills no journal


def must_wait(email: str, sender: str) -> int:
    """Seconds until another try is looked at, 0 = now; the same for an address that nobody has."""
    waits = ((limit, key) for limit, key in _buckets(email, sender) if limit.spent(key))
    return max((limit.take(key) for limit, key in waits), default=0)


def failed(email: str, sender: str) -> None:
    for limit, key in _buckets(email, sender):
        limit.take(key)


def code_of(user: User) -> str:
    """The account whose codes are guessed, as a bucket of its own: whoever gets here has the password."""
    return f"code {user.email}"


def _buckets(email: str, sender: str) -> tuple[tuple[Limit, str], ...]:
    return (PER_ACCOUNT, email.strip().lower()), (PER_SENDER, network(sender))


class EmailBackend(BaseBackend):
    """E-mail (any case) and password; the same time is spent when the address is unknown."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        try:
            user = User.objects.get_by_natural_key(username or kwargs.get("email", ""))
        except User.DoesNotExist:
            User().set_password(password)
            return None
        return user if user.check_password(password or "") and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


def members_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Nothing of the desk is shown or done before somebody signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return errors.sign_in_first(request)
        return view(request, *args, **kwargs)

    return guarded
