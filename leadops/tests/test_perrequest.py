"""Parts of one page that need the same words read them once; the next request reads them anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capture.selectors import names_of
from leadops import perrequest
from leadops.models import Reason
from leadops.testing import CampaignFactory, SourceFactory

pytestmark = pytest.mark.django_db


def statements(work: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def test_words_are_read_once_in_a_request_and_anew_in_the_next() -> None:
    Reason.objects.create(use="lost", key="moon", labels={"en": "Moon"})
    with perrequest.keeping():
        assert "moon" in {row.key for row in perrequest.reasons()}
        assert statements(lambda: [perrequest.reasons(), perrequest.statuses(), perrequest.statuses()]) == 1
    Reason.objects.filter(key="moon").delete()
    with perrequest.keeping():
        assert "moon" not in {row.key for row in perrequest.reasons()}


def test_outside_of_a_request_nothing_is_kept() -> None:
    assert statements(lambda: [perrequest.reasons(), perrequest.reasons()]) == 2
    assert perrequest.kept("a", lambda: 1) == 1 and perrequest.kept("a", lambda: 2) == 2


def test_names_that_were_asked_for_are_not_asked_for_again() -> None:
    site = SourceFactory(slug="site", name="Our site")
    fair = CampaignFactory(key="fair", name="The fair")
    with perrequest.keeping():
        assert names_of([site.slug], []).of("site") == ["Our site"]
        assert statements(lambda: names_of(["site", "site"], [""])) == 0
        both = names_of(["site", "gone"], ["fair"])
        assert both.of("site", "fair") == ["Our site", fair.name] and both.of("gone") == ["gone"]
        assert statements(lambda: names_of(["gone"], ["fair"])) == 0, "what has no row any more has none a moment later"
    site.name = "Another name"
    site.save()
    assert names_of(["site"], []).of("site") == ["Another name"]
