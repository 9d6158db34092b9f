"""Sign-in by e-mail and password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from leadops.models import User


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
