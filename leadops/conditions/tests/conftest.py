"""The rows of this package's tests, in tables that live as long as one test."""

from __future__ import annotations

import pytest
from django.db import connection

from leadops.conditions.tests.models import Hit, Row
from leadops.conditions.tests.vocabulary import make_rows


@pytest.fixture
def rows(db: None) -> list[Row]:
    with connection.schema_editor() as editor:
        editor.create_model(Row)
        editor.create_model(Hit)
    make_rows()
    return list(Row.objects.order_by("pk"))
