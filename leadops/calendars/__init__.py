"""Working time: when a team is open, when a duration of working time ends, how much of it has passed, and why.

Pure: no clock is read and no row is touched here; instants come in aware and leave in UTC.
"""

from __future__ import annotations

from leadops.calendars.calendar import ALWAYS, Calendar, NeverOpens, holiday_name
from leadops.calendars.validation import validate
from leadops.calendars.working import Step, add, arithmetic, elapsed, next_opening, open_at, open_intervals

__all__ = [
    "ALWAYS",
    "Calendar",
    "NeverOpens",
    "Step",
    "add",
    "arithmetic",
    "elapsed",
    "holiday_name",
    "next_opening",
    "open_at",
    "open_intervals",
    "validate",
]
