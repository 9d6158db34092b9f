"""The spans a report is about: half-open runs of days of the reporting zone. Arithmetic only; it reads no table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from leadops import moment
from leadops.errors import Refused

PRESETS = ("7", "30", "90", "quarter", "custom")
DEFAULT = "30"
LONGEST = 5 * 366
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `from_on` up to but not including `to_on`; its instants are those days' midnights in `zone`."""

    from_on: date
    to_on: date
    zone: str

    @property
    def since(self) -> datetime:
        return _midnight(self.from_on, self.zone)

    @property
    def until(self) -> datetime:
        return _midnight(self.to_on, self.zone)

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days

    @property
    def last_on(self) -> date:
        return self.to_on - timedelta(days=1)

    @property
    def before(self) -> Period:
        """As many days, just before."""
        return Period(self.from_on - timedelta(days=self.days), self.from_on, self.zone)

    def shifted(self, days: int) -> Period:
        return Period(self.from_on + timedelta(days=days), self.to_on + timedelta(days=days), self.zone)

    def each_day(self) -> list[date]:
        return [self.from_on + timedelta(days=i) for i in range(self.days)]

    def blocks(self, lengths: Sequence[int]) -> list[tuple[int, date]]:
        """The fewest (length, first day) that make up the period; a block begins at a multiple of its length."""
        found, day = [], self.from_on
        while day < self.to_on:
            number = (day - EPOCH).days
            left = (self.to_on - day).days
            length = next(length for length in lengths if number % length == 0 and length <= left)
            found.append((length, day))
            day += timedelta(days=length)
        return found

    def to_json(self) -> dict[str, str | int]:
        return {
            "from": self.from_on.isoformat(),
            "to": self.last_on.isoformat(),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "days": self.days,
            "zone": self.zone,
        }


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))


def period_of(name: str, at: datetime, from_on: date | None = None, last_on: date | None = None) -> Period:
    """A preset that ends with today, or `custom` with its two days, both within. Refuses what cannot be read."""
    zone = settings.REPORTING_ZONE
    today = at.astimezone(ZoneInfo(zone)).date()
    tomorrow = today + timedelta(days=1)
    if name == "today":
        return Period(today, tomorrow, zone)
    if name == "quarter":
        return Period(date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), tomorrow, zone)
    if name in ("7", "30", "90"):
        return Period(tomorrow - timedelta(days=int(name)), tomorrow, zone)
    if name != "custom" or from_on is None or last_on is None:
        raise Refused("period-unreadable", _("A period is 7, 30, 90, quarter, or two days."), period=name)
    known = moment.FIRST_DAY <= from_on <= last_on <= moment.LAST_DAY
    if not known or (last_on - from_on).days >= LONGEST:
        raise Refused("period-impossible", _("The first day comes before the last, at most five years apart."))
    return Period(from_on, last_on + timedelta(days=1), zone)
