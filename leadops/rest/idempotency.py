"""The same POST with the same Idempotency-Key acts once: the first status and body are given back for seven days.

The record is written in the transaction of the effect, so that neither exists without the other. Keys belong to the
caller (a token, or a person at the desk) with the rights they had; what was refused did nothing and is not recorded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import moment
from leadops.access import Actor
from leadops.apitables import ApiCall, ApiToken
from leadops.errors import Conflict, Refused

KEPT = timedelta(days=7)
TAKES_AT_MOST = timedelta(seconds=60)  # a staged call that was begun and not ended before this died with its process
LONGEST = 255
SHOWN_ONCE = ("set_password",)  # what opens an account is kept nowhere: a repeat says null
Answer = Callable[[], Response]


class Call:
    """One keyed request: whose, under which key, with what content."""

    def __init__(self, request: Request, actor: Actor) -> None:
        token = request.auth
        self.caller = f"token:{token.pk}" if isinstance(token, ApiToken) else f"user:{actor.user_id}"
        self.key = request.headers["Idempotency-Key"].strip()
        if not self.key or len(self.key) > LONGEST or not self.key.isprintable():
            raise Refused("idempotency-key", _("An idempotency key has 1 to 255 printable characters."), status=400)
        rights = sorted((role, str(team or "")) for role, team in actor.roles), sorted(actor.scopes or ())
        content = json.dumps([request.method, request.path, request.data, rights], sort_keys=True, default=str)
        self.digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()

    @property
    def lock(self) -> int:
        """The advisory lock of this key, held while its call runs."""
        return int.from_bytes(hashlib.sha256(f"{self.caller}\0{self.key}".encode()).digest()[:8], "big", signed=True)

    @property
    def nonce(self) -> str:
        """A name for the effect that only this caller and key can make."""
        return hashlib.sha256(f"{self.caller}\0{self.key}".encode()).hexdigest()


def keyed(request: Request) -> bool:
    return request.method == "POST" and "Idempotency-Key" in request.headers


def once(call: Call, act: Answer) -> Response:
    """Run `act` and keep its answer in one transaction, or give back the answer of the first time."""
    with transaction.atomic():
        _hold(call)
        known = _known(call)
        if known is not None:
            return _again(known)
        response = act()
        ApiCall.objects.create(
            caller=call.caller, key=call.key, digest=call.digest, status=response.status_code,
            body=_text(response), at=moment.now(),
        )  # fmt: skip
    return response


def begin(call: Call) -> Response | None:
    """The first half for work of several transactions: note that it began, beside its first effect.

    The caller is inside that transaction. Whoever repeats the key is told to wait until `end`; should the process die
    in between, a repeat after a minute carries on, which its effects must allow (`Call.nonce`).
    """
    _hold(call)
    known = _known(call)
    if known is not None and known.status is not None:
        return _again(known)
    now = moment.now()
    if known is None:
        ApiCall.objects.create(caller=call.caller, key=call.key, digest=call.digest, at=now)
    elif known.at > now - TAKES_AT_MOST:
        raise _running()
    else:
        ApiCall.objects.filter(pk=known.pk).update(at=now)
    return None


def end(call: Call, response: Response) -> Response:
    """The second half: the answer that repeats get from now on."""
    rows = ApiCall.objects.filter(caller=call.caller, key=call.key, status__isnull=True)
    rows.update(status=response.status_code, body=_text(response))
    return response


def purge(at: datetime, limit: int = 10_000) -> int:
    """Forget calls older than seven days; run now and then by the ticker."""
    old = ApiCall.objects.filter(at__lt=at - KEPT).order_by("at").values("pk")[:limit]
    return ApiCall.objects.filter(pk__in=old).delete()[0]


def _hold(call: Call) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [call.lock])
        if not cursor.fetchone()[0]:
            raise _running()


def _running() -> Conflict:
    return Conflict("idempotency-running", _("The first call with this key is still running: ask again in a moment."))


def _known(call: Call) -> ApiCall | None:
    """The call under this key that still counts; an older one is forgotten here and now."""
    row = ApiCall.objects.filter(caller=call.caller, key=call.key).first()
    if row is not None and row.at <= moment.now() - KEPT:
        row.delete()
        return None
    if row is not None and bytes(row.digest) != call.digest:
        raise Refused("idempotency-mismatch", _("This key was used before with other content, or with other rights."))
    return row


def _text(response: Response) -> str:
    """The body as sent: kept as text, so that the repeat is the same to the byte, but for what is shown once."""
    data = response.data
    if isinstance(data, dict) and data.keys() & set(SHOWN_ONCE):
        data = {**data, **dict.fromkeys(data.keys() & set(SHOWN_ONCE))}
    return JSONRenderer().render(data).decode()


def _again(row: ApiCall) -> Response:
    body: Any = json.loads(row.body) if row.body else None
    return Response(body, status=row.status, headers={"Idempotent-Replayed": "true"})
