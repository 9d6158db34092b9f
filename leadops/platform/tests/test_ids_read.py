"""An id the server sends is made without the parser of what people type; it is the same id."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from leadops import ids

pytestmark = pytest.mark.django_db

TOLD = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "01a22159-ca8c-72ad-ab40-bcc6f9159fab",
    "ABCDEF01-2345-6789-abcd-ef0123456789",
]


def test_it_is_the_id_and_read_by_ourselves(monkeypatch: pytest.MonkeyPatch):
    asked: list[bytes] = []
    usual = ids.of_text
    monkeypatch.setattr(ids, "of_text", lambda text: asked.append(text) or usual(text))
    with connection.cursor() as cursor:
        cursor.execute("SELECT told::uuid FROM unnest(%s::text[]) WITH ORDINALITY AS t(told, n) ORDER BY n", [TOLD])
        found = [row[0] for row in cursor.fetchall()]
    assert len(asked) == len(TOLD), "the driver's reading takes twice as long"
    expected = [uuid.UUID(told) for told in TOLD]
    assert found == expected
    assert [(each.version, each.hex, hash(each)) for each in found] == [(e.version, e.hex, hash(e)) for e in expected]


def test_none_is_none():
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULL::uuid")
        assert cursor.fetchone() == (None,)
