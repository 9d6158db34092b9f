"""Addresses of the admin that nobody typed by hand: they answer like any unknown row, never with a fault."""

from __future__ import annotations

import pytest
from django.urls import reverse

from leadops.adminsite import OURS
from leadops.desk.tests.desk_cast import Desk, client_of

pytestmark = pytest.mark.django_db
TABLES = ("leadops_status", "leadops_reason", "leadops_user", "leadops_team", "leadops_effect", "capture_source")


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_key_with_a_nul_is_the_key_of_no_row(page: str) -> None:
    client = client_of(Desk().revenue)
    for table in TABLES:
        assert table.partition("_")[0] in OURS
        answer = client.get(reverse(f"admin:{table}_{page}", args=["a\x00b"]))
        assert answer.status_code in (302, 403, 404), table


def test_a_search_with_a_nul_finds_nothing() -> None:
    client = client_of(Desk().revenue)
    for table in TABLES:
        for query in ("q=%00", "id__exact=%00", "o=%00", "p=%00", "e=%00"):
            answer = client.get(f"{reverse(f'admin:{table}_changelist')}?{query}")
            assert answer.status_code < 500, (table, query)
