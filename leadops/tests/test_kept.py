"""Rows that others point to without a foreign key are never deleted: the database says so, whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from leadops.models import Lead, Person, Rep, User
from leadops.testing import LeadFactory, rep
from routing.models import Pool

pytestmark = pytest.mark.django_db


def _delete(model):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("model", [Lead, Person, User, Rep, Pool])
def test_nobody_deletes_what_rows_without_a_foreign_key_point_to(model):
    LeadFactory(owner=rep("Léa"))
    Pool.objects.create(key="p")
    with pytest.raises(IntegrityError, match="never deleted"):
        _delete(model)
    assert model.objects.exists()


def test_the_eraser_passes():
    Pool.objects.create(key="p")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL leadops.eraser = 'on'")
    _delete(Pool)
    assert not Pool.objects.exists()
