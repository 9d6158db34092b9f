"""The named test vocabulary: one field or more of every kind over the test tables, and rows with every sort of hole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

from django.db.models import Count, Expression, OuterRef, Subquery
from django.utils.translation import gettext_lazy

from leadops.conditions.attributes import attribute
from leadops.conditions.fields import Field, Vocabulary, column
from leadops.conditions.tests.models import Hit, Row

# Half past midnight in Paris: the house's day is not the day of UTC.
AT = datetime(2026, 3, 11, 23, 30, tzinfo=UTC)
WEEK = timedelta(days=7)

COUNTRIES = [("FR", gettext_lazy("France")), ("BE", gettext_lazy("Belgium")), ("DE", gettext_lazy("Germany"))]
TAGS = [("a", "Alpha"), ("b", "Beta"), ("c", "Gamma, or so"), ('d"{}\\', "Delta")]

TEXTS = [
    "dupont",
    "dupond",
    "100%",
    "a_b",
    "axb",
    "a\\b",
    "\\",
    "%",
    "_",
    "o'neil",
    '{"x",null}',
    "null",
    "日本",
    "a?b",
    "%s",
]
NUMBERS = [
    Decimal("-1"),
    Decimal("0"),
    Decimal("0.1"),
    Decimal("0.125"),
    Decimal("59.999"),
    Decimal("60"),
    Decimal("1E+3"),
]
DAYS = [date(2026, 3, 12) - timedelta(days=back) for back in (-3, -1, 0, 1, 2, 7, 8, 400)] + [date(2024, 2, 29)]
INSTANTS = [
    AT - back
    for back in (
        timedelta(hours=-2),
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(hours=48),
        WEEK,
        WEEK + timedelta(microseconds=1),
        timedelta(days=400),
    )
]


def hits_7d(rows: Sequence[Any], at: datetime) -> dict[Any, int]:
    found = Hit.objects.filter(row__in=[row.pk for row in rows], occurred_at__gt=at - WEEK, occurred_at__lte=at)
    return dict(found.values_list("row").annotate(n=Count("pk")))


def hits_7d_sql(at: datetime) -> Expression:
    mine = Hit.objects.filter(row=OuterRef("pk"), occurred_at__gt=at - WEEK, occurred_at__lte=at)
    return Subquery(mine.order_by().values("row").annotate(n=Count("pk")).values("n"))


def made() -> Vocabulary:
    vocabulary = Vocabulary("rows")
    vocabulary.register(
        column("name", "Name", "text", "name_folded", personal=True),
        column("note", "Note", "text", "note_folded"),
        column("country", "Country", "choice", choices=lambda: COUNTRIES),
        column("tags", "Tags", "multi", choices=lambda: TAGS),
        column("score", "Score", "number"),
        column("employees", "Employees", "number"),
        Field("hits_7d", "Visits in 7 days", "count", hits_7d, hits_7d_sql),
        column("asked_on", "Asked on", "day"),
        column("seen_at", "Last seen", "instant"),
        column("free_mail", "Free mail", "flag"),
    )
    # what custom attributes are: known only at run time
    custom = [
        attribute("attr.job", "Job", "text", "job"),
        attribute("attr.tier", "Tier", "choice", "tier"),
        attribute("attr.uses", "Uses", "multi", "uses", choices=lambda: TAGS),
        attribute("attr.budget", "Budget", "number", "budget"),
        attribute("attr.renews_on", "Renews on", "day", "renews_on"),
        attribute("attr.met_at", "Met at", "instant", "met_at"),
        attribute("attr.partner", "Partner", "flag", "partner"),
    ]
    vocabulary.register_source(lambda: custom)
    return vocabulary


ROWS = made()


def make_rows() -> None:
    """About ninety rows; each column walks its own values, holes included, at its own pace."""
    pools = [cycle(values) for values in _columns()]
    rows = []
    for _ in range(90):
        name, note, country, tags, score, employees, day, instant, flag, attrs = (next(pool) for pool in pools)
        rows.append(
            Row(
                name_folded=name,
                note_folded=note,
                country=country,
                tags=tags,
                score=score,
                employees=employees,
                asked_on=day,
                seen_at=instant,
                free_mail=flag,
                attributes=attrs,
                attributes_folded={"job": note} if note else {},
            )
        )
    Row.objects.bulk_create([*rows, Row()])
    Hit.objects.bulk_create(
        Hit(row=row, occurred_at=instant)
        for position, row in enumerate(Row.objects.order_by("pk"))
        for instant in INSTANTS[: position % 5 * 2]
    )


def _columns() -> list[list[Any]]:
    attrs: list[dict[str, Any]] = [
        {},
        {"tier": "gold", "uses": ["a", "b"], "budget": 60, "partner": True},
        {"tier": "silver", "uses": [], "budget": 0.1, "renews_on": "2026-03-12", "partner": False},
        {"uses": ["c"], "budget": 59.999, "met_at": "2026-03-11T23:30:00Z"},
        {"budget": -1, "renews_on": "2026-03-05", "met_at": "2026-03-04T23:30:00Z"},
        {"tier": "gold", "budget": 12500.5, "renews_on": "2026-03-13", "met_at": "2026-03-12T08:00:00Z"},
    ]
    return [
        [*TEXTS, ""],
        [None, "", *reversed(TEXTS)],
        ["FR", "BE", "", "DE", "FR"],
        [None, [], ["a"], ["a", "b"], ["b", "c"], ['d"{}\\']],
        [None, *NUMBERS],
        [0, 60, None, 59, 250],
        [*DAYS, None],
        [None, *INSTANTS],
        [True, None, False],
        attrs,
    ]
