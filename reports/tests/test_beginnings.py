"""A house compares with days it has lived: not with none, nor with a part of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadops.models import Opportunity
from reports.metrics import beginnings
from reports.metrics.executive import executive_report
from reports.tests import world
from reports.tests.world import FEBRUARY, Story

BEFORE = FEBRUARY.before.since + timedelta(hours=3)
DAY = timedelta(days=1)


def received(*times: datetime) -> None:
    world.write([Story(received_at=at) for at in times])


@pytest.mark.parametrize(("first", "compared"), [(BEFORE, True), (BEFORE + 3 * DAY, False)])
def test_a_half_lived_period_before_gives_no_change(executive: Any, boss: Any, client: Any, first: datetime, compared: bool) -> None:  # fmt: skip
    received(first, FEBRUARY.since - DAY, *(FEBRUARY.since + n * DAY for n in range(9)))
    report = executive_report(boss, FEBRUARY)
    assert (report.before.leads, report.now.leads) == (2, 9)
    assert report.comparable("leads") is report.to_json()["before_whole"]["leads"] is compared
    client.force_login(executive)
    asked = "period=custom&first_day=2026-02-01&last_day=2026-02-28&compare=on"
    for page in ("executive", "funnel", "sources", "response"):
        text = client.get(f"/reports/{page}?{asked}", headers={"accept-language": "en"}).content.decode()
        assert ("no whole period before" in text or "pas de période précédente entière" in text) is not compared, page
    assert ("350" in client.get(f"/reports/executive?{asked}").content.decode()) is compared, "9 against 2 is +350 %"
    answer = client.get(f"/api/v1/reports/funnel?{asked}").json()
    assert (answer["before"] is not None) is compared


def test_an_empty_house_has_no_beginning(boss: Any) -> None:
    assert beginnings.begun(boss) == {"leads": None, "deals": None}
    assert beginnings.before(boss, FEBRUARY) is None


def test_deals_that_came_from_elsewhere_are_compared_before_the_first_lead(boss: Any) -> None:
    received(FEBRUARY.since + DAY)
    closed = datetime(2025, 6, 1, tzinfo=UTC)
    Opportunity.objects.create(state="lost", reason="price", amount_minor=1, currency="EUR", house_minor=1,
                               opened_at=closed - DAY, closed_at=closed)  # fmt: skip
    assert beginnings.before(boss, FEBRUARY) is None and beginnings.before(boss, FEBRUARY, "deals") == FEBRUARY.before
