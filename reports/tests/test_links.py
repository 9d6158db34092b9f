"""Every number of every report that is a link opens as many leads as it says."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from leadops.access import Actor, actor_of
from leadops.models import Role, User
from leadops.testing import member
from reports import facts
from reports.tests.test_sources import opened
from reports.tests.world import Story

SPAN = "period=custom&first_day=2026-02-01&last_day=2026-02-28"
PAGES = {  # address -> links to leads it has at least
    f"executive?{SPAN}": 6,
    f"sources?{SPAN}": 10,
    f"sources?{SPAN}&view=period&by=channel&model=last": 10,
    f"funnel?{SPAN}": 20,
    f"funnel?{SPAN}&view=period": 10,
    f"velocity?{SPAN}": 30,
    f"response?{SPAN}": 50,
    f"response?{SPAN}&everyone=on": 50,
    f"reasons?{SPAN}": 3,
    "live": 1,
}
LINK = re.compile(r'<a(?: class="[^"]*")? href="(/leads\?[^"]+)">([^<]*)</a>')


def numbers(text: str) -> list[tuple[str, int]]:
    """(address, number) of each link to leads whose words are a number."""
    found = []
    for url, words in LINK.findall(text):
        digits = re.sub(r"[\s\u202f\u00a0,]", "", html.unescape(words))
        if digits.isdigit():
            found.append((html.unescape(url), int(digits)))
    return found


@pytest.mark.parametrize("kept", [True, False], ids=["from the sums", "directly"])
@pytest.mark.parametrize("address", PAGES)
def test_each_number_opens_as_many_leads(
    executive: User, boss: Actor, client: Client, stories: list[Story], address: str, kept: bool
) -> None:
    if kept:
        facts.rebuild()
    client.force_login(executive)
    links = numbers(client.get(f"/reports/{address}").content.decode())
    assert len(links) >= PAGES[address], links
    for url, n in links:
        assert opened(boss, url) == n, url


def test_a_managers_numbers_open_the_leads_of_the_team(
    client: Client, stories: list[Story], sign_in: Callable[[User], Client]
) -> None:
    marc = member("Marc", Role.MANAGER, "paris")
    facts.rebuild()
    for address in (f"executive?{SPAN}", f"velocity?{SPAN}", f"response?{SPAN}"):
        for url, n in numbers(sign_in(marc).get(f"/reports/{address}").content.decode()):
            assert opened(actor_of(marc), url) == n, url
