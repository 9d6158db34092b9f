"""Win rates and cycles against the ground truth of a real pipeline, and each number against its list."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from django.test import Client

from leadops.access import Actor
from leadops.models import Account, Opportunity, User
from leadops.testing import rep
from reports.metrics.deals import DealRow, deals_report
from reports.periods import Period
from reports.tests.world import NOW

YEAR_2017 = Period(date(2017, 1, 1), date(2018, 1, 1), "UTC")


def noon(day: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(day), time(12), UTC) if day else None


def load(folder: Path) -> None:
    """The 8,800 deals as rows: the import has tests of its own."""
    with (folder / "accounts.csv").open(encoding="utf-8") as file:
        sectors = {row["account"]: row["sector"] for row in csv.DictReader(file)}
    accounts = {
        name: Account(
            name=name, name_folded=name.lower(), industry=sector.replace("technolgy", "technology"), created_at=NOW
        )
        for name, sector in sectors.items()
    }
    Account.objects.bulk_create(accounts.values())
    with (folder / "sales_pipeline.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    agents = {name: rep(name) for name in sorted({row["sales_agent"] for row in rows})}
    state = {"Won": "won", "Lost": "lost"}
    Opportunity.objects.bulk_create(
        Opportunity(
            external_key=row["opportunity_id"],
            owner=agents[row["sales_agent"]],
            account=accounts.get(row["account"]),
            product=row["product"].replace("GTXPro", "GTX Pro"),
            state=state.get(row["deal_stage"], "open"),
            reason="price" if row["deal_stage"] == "Lost" else "",
            amount_minor=int(row["close_value"] or 0) * 100,
            house_minor=int(row["close_value"] or 0) * 100,
            opened_at=noon(row["engage_date"]) or NOW,
            closed_at=noon(row["close_date"]),
        )
        for row in rows
    )


def truth(folder: Path, heading: str) -> dict[str, dict[str, str]]:
    text = (folder / "GROUND_TRUTH.md").read_text(encoding="utf-8")
    part = text.split(f"win rate by {heading}\n", 1)[1].split("###", 1)[0]
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return {cells[0]: dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]}


def check(row: DealRow, told: dict[str, str]) -> None:
    assert (row.closed, row.won, row.open) == (int(told["closed"]), int(told["won"]), int(told["open"])), told
    assert row.won_minor == int(told["won_value"]) * 100
    assert round(row.win_rate or 0, 4) == float(told["win_rate"])
    assert row.median_cycle == pytest.approx(float(told["median_cycle"]))
    assert row.p90_cycle == pytest.approx(float(told["p90_cycle"]), abs=0.051)
    assert row.median_cycle_won == pytest.approx(float(told["median_cycle_won"]))


@pytest.mark.real
def test_a_real_pipeline_equals_its_ground_truth(boss: Actor, real_data: Path) -> None:
    folder = real_data / "crm_sales_opportunities"
    load(folder)
    report = deals_report(boss, YEAR_2017)
    for axis, heading in (("agent", "sales_agent"), ("product", "product"), ("sector", "sector")):
        found = {row.label: row for row in report.by[axis]}
        told = truth(folder, heading)
        for name, figures in told.items():
            check(found[name], figures)
    whole = json.loads(re.findall(r"^(\{.*\})$", (folder / "GROUND_TRUTH.md").read_text(encoding="utf-8"), re.M)[1])
    assert (report.total.closed, report.total.won) == (whole["closed"], whole["won"])
    assert (report.total.median_cycle, report.total.p90_cycle) == (
        whole["cycle_all"]["median"], pytest.approx(whole["cycle_all"]["p90"]),
    )  # fmt: skip


def test_each_number_of_deals_opens_as_many_deals(executive: User, client: Client) -> None:
    anna = rep("Anna")
    account = Account.objects.create(name="A", name_folded="a", industry="energy", created_at=NOW)
    for i, state in enumerate(["won", "won", "lost", "open", "open"]):
        Opportunity.objects.create(
            owner=anna if i % 2 else None, account=account if i else None, product="GTX" if i < 3 else "", state=state,
            amount_minor=100, house_minor=None if i == 1 else 100, reason="price" if state == "lost" else "",
            opened_at=NOW, closed_at=None if state == "open" else NOW,
        )  # fmt: skip
    client.force_login(executive)
    page = client.get("/reports/deals").content.decode()
    urls = re.findall(r'<a href="(/reports/deals/list[^"]*)">\s*([\d]+)', page)
    assert len(urls) > 10
    for url, n in urls:
        answer = client.get(url.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert len(answer.context["deals"]) == int(n), url


@pytest.mark.parametrize("query", ["agent=nobody", "after=x", "state=none", "sector=-", "product=" + "x" * 300])
def test_an_unreadable_wish_is_no_error(executive: User, client: Client, query: str) -> None:
    client.force_login(executive)
    assert client.get(f"/reports/deals/list?{query}").status_code == 200


def test_the_list_of_deals_says_in_french_on_which_day_each_was_opened_and_closed(
    executive: User, client: Client
) -> None:
    User.objects.filter(pk=executive.pk).update(language="fr")
    Opportunity.objects.create(state="open", amount_minor=100, opened_at=NOW)
    client.force_login(executive)
    page = client.get("/reports/deals/list?state=open").content.decode()
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', page)[-2:] == ["Ouverte le", "Close le"]
