"""What the models promise of the database is there, whatever the migrations did on their way."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db


def test_every_index_and_constraint_of_a_model_is_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' UNION SELECT conname::text FROM pg_constraint"
        )
        there = {row[0] for row in cursor.fetchall()}
    models = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    named = {each.name for model in models for each in [*model._meta.indexes, *model._meta.constraints]}
    assert named and named - there == set()
