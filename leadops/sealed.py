"""Secrets of sources and partners, encrypted at rest with a key derived from SECRET_KEY; never logged, never shown."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from leadops.models.columns import address

HOUSE = "house"  # owns the word by which a house knows its key again


class Secret(models.Model):
    """One live or retiring secret of an owner such as `source:<key>`; several may be live while one rotates out."""

    id = address()
    owner = models.CharField(max_length=120)
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    retires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner"], name="secret_of_owner")]

    def __str__(self) -> str:
        return self.owner


def _box() -> Fernet:
    key = hashlib.sha256(b"leadops.sealed\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(text: str) -> str:
    """As it may stand in a column of somebody else's table."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    return _box().decrypt(sealed.encode()).decode()


def same_key() -> bool:
    """Whether our key is the one this house was prepared with first; True before it was."""
    known = Secret.objects.filter(owner=HOUSE).first()
    try:
        return known is None or bool(_box().decrypt(bytes(known.sealed)))
    except InvalidToken:
        return False


def take_key(at: datetime) -> None:
    """From now on our key is the key of this house."""
    with transaction.atomic():
        Secret.objects.filter(owner=HOUSE).delete()
        put(HOUSE, HOUSE, at)


def put(owner: str, secret: str, at: datetime) -> Secret:
    """Keep a secret for an owner."""
    return Secret.objects.create(owner=owner, sealed=_box().encrypt(secret.encode()), created_at=at)


def live(owner: str, at: datetime) -> list[str]:
    """The owner's secrets in force, newest first."""
    return live_of([owner], at).get(owner, [])


def live_of(owners: Iterable[str], at: datetime) -> dict[str, list[str]]:
    """Owner -> secrets in force, newest first; owners without one are left out."""
    rows = Secret.objects.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at), owner__in=list(owners))
    found: dict[str, list[str]] = {}
    for row in rows.order_by("-created_at"):
        found.setdefault(row.owner, []).append(_box().decrypt(bytes(row.sealed)).decode())
    return found
