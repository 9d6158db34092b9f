"""The migrations' reference rows are there for every test, whatever an earlier run left in a kept database."""

from __future__ import annotations

import pytest

from conftest import fill_reference
from leadops.models import Reason, Status


@pytest.mark.django_db
def test_reference_rows_come_back_where_they_are_gone(request: pytest.FixtureRequest) -> None:
    before = set(Reason.objects.values_list("use", "key"))
    Reason.objects.all().delete()
    Status.objects.all().delete()
    assert fill_reference() is True
    assert before and set(Reason.objects.values_list("use", "key")) == before and Status.objects.exists()
    assert fill_reference() is False
    (*_plugin, used) = request._fixturemanager.getfixturedefs("django_db_setup", request.node) or ()
    assert used.func.__module__ == "conftest", "every session begins with it"
