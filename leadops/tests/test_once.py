"""A query built once answers as one built anew: other moments, other keys, spans, converted columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.connection import ConnectionProxy

from leadops.journal import JournalEntry, Kind
from leadops.once import Once
from leadops.testing import LeadFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def lately(leads: Any, at: datetime) -> QuerySet[JournalEntry, Any]:
    """Of the two days before: key, moment and what is in it, as columns that are converted on their way."""
    same = JournalEntry.objects.filter(pk=OuterRef("pk")).values(all=JSONObject(data="data", kind="kind"))
    rows = JournalEntry.objects.filter(lead__any=leads, at__lte=at, at__gt=at - 2 * DAY).order_by("id")
    return rows.annotate(whole=Subquery(same[:1])).values_list("lead", "at", "data", "whole")


def test_a_query_built_once_gives_what_the_queryset_gives() -> None:
    leads = [LeadFactory() for _n in range(3)]
    for lead in leads:
        for days in range(6):
            entry = {"kind": Kind.NOTED, "data": {"n": days}, "recorded_at": NOON}
            JournalEntry.objects.create(lead=lead, at=NOON - days * DAY, **entry)
    asked, seen = Once(lately), set()
    for some in (leads, leads[:1], leads[1:], []):
        for at in (NOON, NOON - 3 * DAY, NOON + 9 * DAY):
            keys = [lead.pk for lead in some]
            found = asked.rows(leads=keys, at=at)
            assert found == list(lately(keys, at))
            seen.add(len(found))
    assert len(seen) > 3


def test_a_value_the_query_does_not_say_is_no_value_of_it() -> None:
    with pytest.raises(ValueError, match="at goes"):
        Once(lambda leads, at: lately(leads, NOON)).rows(leads=[], at=NOON)


def test_a_query_built_in_one_thread_reads_by_the_connection_of_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    lead = LeadFactory()
    JournalEntry.objects.create(lead=lead, kind=Kind.NOTED, at=NOON, recorded_at=NOON, data={"n": 1})
    used: list[Any] = []
    monkeypatch.setattr(JSONField, "from_db_value", lambda _self, _value, _by, connection: used.append(connection))
    Once(lately).rows(leads=[lead.pk], at=NOON)
    assert used and all(type(each) is ConnectionProxy for each in used), "a thread's own, not the one it was built by"
