"""The day somebody is back, read from the words of an automatic answer in French or English; it never guesses a person's mail.

Pure. What may be read in two ways is read as the later day: writing a day late harms nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from babel import Locale

from leadops.fold import fold

LONGEST = 4000  # characters looked at
FARTHEST = timedelta(days=366)
LANGUAGES = ("fr", "en")


def _names(width: str, what: str) -> dict[str, int]:
    """Folded names of months or weekdays in both languages -> their number; a short name without its point too."""
    found: dict[str, int] = {}
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            names = getattr(Locale.parse(language), what)[context][width]
            found |= {fold(name).rstrip("."): number for number, name in names.items()}
    return found


MONTHS = _names("wide", "months") | _names("abbreviated", "months") | {"sept": 9, "fevr": 2}
DAYS = _names("wide", "days")
_month = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_weekday = "(?:" + "|".join(sorted(DAYS, key=len, reverse=True)) + "),? "
_before = rf"(?:the |le |on |du |au |{_weekday})*"
_day = r"(\d{1,2})(?:st|nd|rd|th|er)?"
_year = r"(?:,? (\d{4}))?\b"
_dates = (
    ("dmy", re.compile(rf"{_before}{_day} (?:of )?{_month}{_year}")),
    ("mdy", re.compile(rf"{_before}{_month} {_day}{_year}")),
    ("iso", re.compile(rf"{_before}(\d{{4}})-(\d{{2}})-(\d{{2}})\b")),
    ("figures", re.compile(rf"{_before}(\d{{1,2}})[/.](\d{{1,2}})(?:[/.](\d{{4}}|\d{{2}}))?\b")),
    ("weekday", re.compile("(?:on |next |le |ce )*(" + "|".join(sorted(DAYS, key=len, reverse=True)) + r")\b")),
    ("tomorrow", re.compile(r"(tomorrow|demain)\b")),
)
_place = r"(?: (?:in|at|to|au|a|en) (?:the |my |mon |ma |le )?(?:office|work|desk|bureau|poste))?"
# what is said of the day somebody is there again, and of the last day somebody is not
_back = re.compile(
    rf"(?:\bback{_place}|\breturn(?:ing|s)?{_place}|\bavailable again|\breachable again"
    rf"|\bde retour{_place}|\bmon retour|\bretour(?: prevu)?|\breviens|\breviendrai|\brentre|\brentrerai"
    rf"|\ba nouveau (?:joignable|disponible)|\breprendrai[^.\n]{{0,40}}?)"
    rf"(?: (?:will be|is|est|sera|aura lieu|prevue?))*[:,]? (?:on |by |from |le |au |a partir du |a partir de |des le |des |a compter du )?"
)
_until = re.compile(
    r"\b(?:until|till|through|jusqu'au|jusqu'a|(?:from|du) [^\n]{3,40}? (?:to|au|until|through)|(?:from|du) \d{1,2} (?:to|au))"
    r" (?:and including |inclus )?"
)


def back_on(subject: str, text: str, sent: date) -> date | None:
    """The first day somebody is back, later than the day they wrote and within a year; None where no words say it."""
    said = _plain(f"{subject}\n{text}"[:LONGEST])
    for phrase, later in ((_back, 0), (_until, 1)):
        for match in phrase.finditer(said):
            found = _date_at(said, match.end(), sent)
            if found is not None and found + timedelta(days=later) > sent:
                return found + timedelta(days=later)
    return None


def _plain(text: str) -> str:
    lines = text.replace("’", "'").replace("\u00a0", " ").splitlines()
    return "\n".join(fold(line) for line in lines)


def _date_at(said: str, start: int, sent: date) -> date | None:
    """The date that begins here; of a day without a year the next one."""
    for kind, pattern in _dates:
        match = pattern.match(said, start)
        if match is None:
            continue
        candidates = [day for day in _read(kind, match, sent) if sent < day <= sent + FARTHEST]
        return max(candidates, default=None)
    return None


def _read(kind: str, match: re.Match[str], sent: date) -> Iterator[date]:
    groups = match.groups()
    if kind == "tomorrow":
        yield sent + timedelta(days=1)
    elif kind == "weekday":
        yield sent + timedelta(days=(DAYS[groups[0]] - sent.weekday() - 1) % 7 + 1)
    elif kind == "iso":
        yield from _made(int(groups[0]), int(groups[1]), int(groups[2]))
    elif kind == "dmy":
        yield from _next(int(groups[0]), MONTHS[groups[1]], groups[2], sent)
    elif kind == "mdy":
        yield from _next(int(groups[1]), MONTHS[groups[0]], groups[2], sent)
    else:
        first, second, year = int(groups[0]), int(groups[1]), groups[2]
        near = [*_next(first, second, year, sent), *_next(second, first, year, sent)]
        soon = [day for day in near if sent < day <= sent + timedelta(days=60)]
        yield from soon or near


def _next(day: int, month: int, year: str | None, sent: date) -> Iterator[date]:
    """This day in its year, else the nearest that is still to come; one that passed just now is no date of next year."""
    if year:
        yield from _made(int(year) + (2000 if len(year) == 2 else 0), month, day)
        return
    for candidate in (sent.year, sent.year + 1):
        for made in _made(candidate, month, day):
            if made > sent:
                if (made - sent).days <= 200:
                    yield made
                return


def _made(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return
