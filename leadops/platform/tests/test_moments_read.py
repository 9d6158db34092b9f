"""A moment is read as the driver reads it, and without its parser where it is told in UTC."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from django.db.utils import DataError

from leadops.platform.database import base

pytestmark = pytest.mark.django_db

TOLD = [
    "2026-11-28 05:31:07.123456+00",
    "2026-11-28 05:31:07.1+00",
    "2026-11-28 05:31:07.12345+00",
    "2026-11-28 05:31:07.000001+00",
    "2026-11-28 05:31:07+00",
    "2026-03-29 02:30:00+02",
    "2026-11-28 05:31:07.5-09:30",
    "0001-01-03 00:00:00+00",
    "9999-12-29 23:59:59.999999+00",
    "1850-06-01 12:00:00+00:09:21",
]


def read(told):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [told])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Kolkata"])
@pytest.mark.parametrize("told", TOLD)
def test_it_is_what_the_driver_reads(told: str, zone: str):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true), %s::timestamptz::text", [zone, told])
        text = cursor.fetchone()[1]
    usual = psycopg.adapt.Transformer()
    loaders = [kind(0, usual) for kind in (base.Moment, _Usual)]
    found, expected = (loader.load(text.encode()) for loader in loaders)
    assert (found, found.tzinfo) == (expected, expected.tzinfo) == (found, base.UTC)


class _Usual(BaseTzLoader):
    timezone = base.UTC


@pytest.mark.parametrize("told", ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "12026-01-01 00:00:00+00"])
def test_what_python_has_no_word_for_is_refused_as_ever(told: str):
    with pytest.raises(DataError):
        read(told)


def test_the_connection_reads_so_and_asks_the_parser_for_nothing(monkeypatch: pytest.MonkeyPatch):
    def parsed(*_given):
        raise AssertionError("the driver's parser was asked")

    monkeypatch.setattr(BaseTzLoader, "load", parsed)
    assert read("2026-11-28 05:31:07.25+01") == read("2026-11-28 04:31:07.25+00")
