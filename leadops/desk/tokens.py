"""Bearer tokens of the API: found by prefix, compared by digest in constant time; never more than their maker."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from capture import doors
from leadops import access, ids, moment
from leadops.apitables import ApiToken
from leadops.journal import Kind
from leadops.limit import Limit
from leadops.models import User
from leadops.unit import Unit, in_unit

PREFIX = 10
MOST_ADDRESSES = 50
PER_TOKEN = Limit(3 * settings.API_PER_SECOND, 3)


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


def grant(user: User, name: str, scopes: Iterable[str], unit: Unit, days: int | None = None) -> str:
    """`make_token`, told of in the journal by its prefix; the name is somebody's own words and stays out."""
    text = make_token(user, name, scopes, unit.at, days)
    data = {"act": "made", "user": str(user.pk), "prefix": text[:PREFIX], "scopes": sorted(scopes)}
    unit.record(Kind.TOKEN_CHANGED, data=data)
    return text


def revoke(token: ApiToken, unit: Unit) -> None:
    """It opens nothing any more; a second time changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=unit.at):
        data = {"act": "revoked", "user": str(token.user_id), "prefix": token.prefix}
        unit.record(Kind.TOKEN_CHANGED, data=data)


def _note_address(token: ApiToken, actor: access.Actor) -> None:
    """An address a token was never used from is kept, and told of unless it is its first."""
    if not actor.origin or actor.origin in token.seen_from:
        return

    def work(unit: Unit) -> None:
        fresh = ApiToken.objects.select_for_update().get(pk=token.pk)
        if actor.origin in fresh.seen_from:
            return
        if fresh.seen_from:
            unit.record(Kind.TOKEN_ELSEWHERE, data={"prefix": token.prefix, "user": str(token.user_id)})
        ApiToken.objects.filter(pk=token.pk).update(seen_from=[*fresh.seen_from, actor.origin][-MOST_ADDRESSES:])

    in_unit(work, actor=actor)


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
        if wait := PER_TOKEN.take(token.prefix):  # whoever only knows how it begins takes nothing from it
            raise Throttled(wait)
        if token.used_at is None or at - token.used_at > timedelta(minutes=1):
            ApiToken.objects.filter(pk=token.pk).update(used_at=at)
        actor = access.actor_of(token.user, frozenset(token.scopes), doors.sender(request._request.META))
        request._request.actor = actor  # type: ignore[attr-defined]
        _note_address(token, actor)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
