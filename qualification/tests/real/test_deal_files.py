"""A real book of deals through the import: accounts, then deals with their owners, products, days and amounts."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from capture.tests.importing import commit, map_it, ops, send
from leadops.journal import JournalEntry, Kind
from leadops.models import Account, Lead, Opportunity, Rep, User
from leadops.testing import TeamFactory

pytestmark = [pytest.mark.real, pytest.mark.django_db]
FOLDER = "crm_sales_opportunities"
SAID = {"won": "Won", "lost": "Lost", "reason": "no_decision", "currency": "EUR"}


def day(at: object) -> str:
    return at.astimezone(ZoneInfo(settings.REPORTING_ZONE)).date().isoformat()  # type: ignore[attr-defined]


@pytest.mark.parametrize("pipeline", ["sales_pipeline.csv", "variants/sales_pipeline__m-d-yyyy_recoded.csv"])
def test_accounts_and_8800_deals_are_what_the_files_say(real_data: Path, pipeline: str) -> None:
    actor, folder = ops(), real_data / FOLDER
    TeamFactory(key="crm")
    accounts = map_it(send((folder / "accounts.csv").read_bytes(), actor, "accounts"), actor)
    assert accounts.found == {"new": 85}
    assert commit(accounts, actor).ends == {"new": 85}
    file = send((folder / pipeline).read_bytes(), actor, "deals")
    assert file.rows == 8800
    map_it(file, actor, create_accounts="", agents="create", team="crm", **SAID)
    assert file.found == {"new": 8800}, file.found
    assert commit(file, actor).ends == {"new": 8800}

    with (folder / "sales_pipeline.csv").open(newline="") as lines:
        told = list(csv.DictReader(lines))
    held = {row.external_key: row for row in Opportunity.objects.select_related("account", "owner__user")}
    assert len(held) == len(told) == 8800
    for row in told:
        deal = held[row["opportunity_id"]]
        state = {"Won": "won", "Lost": "lost"}.get(row["deal_stage"], "open")
        assert (deal.state, deal.product) == (state, row["product"])
        assert deal.owner is not None and deal.owner.user.name == row["sales_agent"]
        assert (deal.account.name if deal.account else "") == row["account"]
        assert deal.amount_minor == (int(row["close_value"]) * 100 if row["close_value"] else None)
        if row["engage_date"]:
            assert day(deal.opened_at) == row["engage_date"]
        if state != "open":
            assert deal.closed_at is not None and day(deal.closed_at) == row["close_date"]
    assert sum(row.house_minor or 0 for row in held.values() if row.state == "won") == 10_005_534_00
    assert Counter(Account.objects.values_list("industry", flat=True))["medical"] > 0
    assert User.objects.filter(email__endswith=".invalid", is_active=False).count() == 30
    assert not Rep.objects.filter(active=True).exists()
    assert Lead.objects.count() == 0
    closed = JournalEntry.objects.filter(kind__in=[Kind.OPPORTUNITY_WON, Kind.OPPORTUNITY_LOST])
    assert closed.count() == 6711 and min(closed.values_list("at", flat=True)).date() == date(2017, 3, 1)
