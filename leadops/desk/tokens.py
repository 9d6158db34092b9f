"""Bearer tokens of the API: found by prefix, compared by digest in constant time; never more than their maker."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from leadops import access, ids, moment
from leadops.apitables import ApiToken
from leadops.models import User

PREFIX = 10


def make_token(user: User, name: str, scopes: Iterable[str], at: datetime, days: int | None = None) -> str:
    """A new token; the text returned is shown once and stored nowhere."""
    granted = access.check_scopes(scopes)
    text = f"lo_{ids.token(32)}"
    ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:PREFIX],
        digest=hashlib.sha256(text.encode()).digest(),
        scopes=sorted(granted),
        created_at=at,
        expires_at=at + timedelta(days=days) if days else None,
    )
    return text


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lo_…` → (user, token); `request.actor` carries the token's scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith("Bearer "):
            return None
        text = header.removeprefix("Bearer ").strip()
        token = ApiToken.objects.select_related("user").filter(prefix=text[:PREFIX], revoked_at__isnull=True).first()
        given = hashlib.sha256(text.encode()).digest()
        at = moment.now()
        if token is None or not hmac.compare_digest(bytes(token.digest), given):
            raise AuthenticationFailed("invalid-token")
        if not token.user.is_active or (token.expires_at and token.expires_at <= at):
            raise AuthenticationFailed("invalid-token")
        if token.used_at is None or at - token.used_at > timedelta(minutes=1):
            ApiToken.objects.filter(pk=token.pk).update(used_at=at)
        request._request.actor = access.actor_of(token.user, frozenset(token.scopes))  # type: ignore[attr-defined]
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
