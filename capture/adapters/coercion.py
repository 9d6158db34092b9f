"""From named raw values to a draft: each field into its canonical form or, with a warning, into `extra`; pure.

Nothing that was sent is dropped, and nothing that cannot be coerced is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pycountry
from babel import Locale
from babel.core import UnknownLocaleError

from capture.adapters.base import UTM, Draft, SourceLike, Unreadable
from capture.adapters.synonyms import CLICK_IDS
from leadops.fold import clean_text, fold, fold_email, fold_phone

LIMITS = {
    "given_name": 120, "family_name": 120, "name": 250, "company": 250, "title": 200, "postcode": 16, "city": 120,
    "industry": 80, "message": 20_000, "utm_source": 120, "utm_medium": 80, "utm_campaign": 120, "utm_content": 120,
    "utm_term": 120, "landing_url": 2000, "referrer": 2000, "external_id": 120,
}  # fmt: skip
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a provider's clock that says less was never set
AHEAD = timedelta(minutes=10)  # clocks of honest providers differ by less
MOST_EMPLOYEES = 2**31 - 1
_unfilled = re.compile(r"\{\{.*\}\}|\$\{.*\}|<%.*%>|%%.+%%", re.DOTALL)
_yes = frozenset({"1", "true", "yes", "oui", "on", "y", "vrai", "checked"})


def plain_text(value: Any) -> str:
    """One value as text: choices joined, numbers exact, nothing for nothing."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(text for text in map(plain_text, value) if text)
    return str(value)


def storable(value: Any) -> Any:
    """The same value with its texts fit for a jsonb column."""
    if isinstance(value, str):
        return clean_text(value, 20_000)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key), 200): storable(item) for key, item in value.items()}
    return value


def draft_from(
    values: Mapping[str, Any], *, source: SourceLike, received_at: datetime, extra: Mapping[str, Any] | None = None
) -> Draft:
    """A draft of named values (`base.IDENTITY`, `base.UTM`, landing_url, click:<id>, …); other names are kept in `extra`."""
    draft = Draft()
    for name, value in (extra or {}).items():
        keep(draft, name, value)
    for name, value in values.items():
        text = plain_text(value).strip()
        if not text:
            continue
        if name in _readers:
            _readers[name](draft, text, value, source, received_at)
        elif name in LIMITS:
            _text(draft, name, text)
        elif name.startswith("click:"):
            draft.click_ids[name.removeprefix("click:")] = clean_text(text, 500)
        else:
            keep(draft, name, value)
    _region(draft)
    _from_landing(draft)
    _whole_name(draft)
    return draft


def keep(draft: Draft, name: str, value: Any) -> None:
    """Into `extra`, under a name of its own. No number is tried twice: thousands of names may be one when they are clean."""
    free = base = clean_text(name, 200) or "?"
    while free in draft.extra:
        draft.namesakes[base] = number = draft.namesakes.get(base, 1) + 1
        free = f"{base}#{number}"
    draft.extra[free] = storable(value)


def warn(draft: Draft, code: str, name: str, value: Any) -> None:
    draft.warnings.append(code)
    keep(draft, name, value)


def _filled(name: str, text: str) -> None:
    if ("{" in text or "%" in text) and _unfilled.fullmatch(text):
        raise Unreadable("placeholders", f"The field {name} still holds the sender's placeholder {text[:60]!r}.")


def _text(draft: Draft, name: str, text: str) -> None:
    if name in ("given_name", "family_name", "name", "company"):
        _filled(name, text)
    kept = clean_text(text, LIMITS[name]).strip()
    if len(text) > len(kept) and len(clean_text(text, len(text)).strip()) > len(kept):
        warn(draft, f"{name}-cut", name, text)
    setattr(draft, name, kept)


def _email(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    _filled("email", text)
    address = clean_text(text, 1000).strip().removeprefix("mailto:").strip("<>")
    if fold_email(address) is None or len(address) > 254:
        warn(draft, "email-invalid", "email", text)
    else:
        draft.email = address


def _phone(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    _filled("phone", text)
    number = fold_phone(text, source.phone_region or None)
    if number is None:
        warn(draft, "phone-invalid", "phone", text)
    else:
        draft.phone = number


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    known: dict[str, str] = {}
    for country in pycountry.countries:
        names = [country.alpha_2, country.alpha_3, country.name]
        names += [getattr(country, name) for name in ("official_name", "common_name") if hasattr(country, name)]
        known.update(dict.fromkeys(map(fold, names), country.alpha_2))
    for language in ("fr", "en", "de", "es", "it", "nl"):
        known.update({fold(n): c for c, n in Locale(language).territories.items() if len(c) == 2 and c.isalpha()})
    known |= {"uk": "GB", "usa": "US", "u.s.a.": "US", "etats-unis d'amerique": "US", "england": "GB"}
    return {name: code for name, code in known.items() if pycountry.countries.get(alpha_2=code) is not None}


def _country(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    code = _countries().get(fold(text[:200]))
    if code is None:
        warn(draft, "country-unknown", "country", text)
    else:
        draft.country = code


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    known: dict[str, str] = {}
    for speaker in ("fr", "en", "de", "es", "it", "nl"):
        known.update({fold(name): code for code, name in Locale(speaker).languages.items() if len(code) == 2})
    return known


def _language(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    code = _languages().get(fold(text[:100]))
    if code is None:
        try:
            code = Locale.parse(text[:20].replace("-", "_")).language
        except (UnknownLocaleError, ValueError, TypeError):
            code = None
    if code is None or len(code) > 3:
        warn(draft, "language-unknown", "language", text)
    else:
        draft.language = code


def _region_text(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    draft.region = clean_text(text, 250).strip()  # made canonical once the country is known


def _region(draft: Draft) -> None:
    """ISO 3166-2 without its country where the name is known; text that is no code is kept aside."""
    if not draft.region:
        return
    found = _subdivisions(draft.country).get(fold(draft.region)) if draft.country else None
    if found is None and len(draft.region) > 8:
        warn(draft, "region-unknown", "region", draft.region)
        found = ""
    draft.region = draft.region if found is None else found


@lru_cache(maxsize=256)
def _subdivisions(country: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for part in pycountry.subdivisions.get(country_code=country) or ():  # type: ignore[no-untyped-call]
        short = part.code.partition("-")[2]
        known.update({fold(part.name): short, fold(part.code): short, fold(short): short})
    return known


def _employees(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    """A count, or the lower end of a span such as « 51-200 » or "200+"."""
    if len(text) < 10 and text.isascii() and text.isdecimal():  # as most say it; what follows reads it the same
        draft.employees = int(text)
        return
    found = re.match(r"\s*(?:>=?|de|from|plus de|more than)?\s*([0-9][0-9\s.,'\u00a0\u202f]*)", text.lower()[:80])
    digits = re.sub(r"[^0-9]", "", found.group(1)) if found else ""
    if not digits or len(digits) > 10 or int(digits) > MOST_EMPLOYEES:
        warn(draft, "employees-unknown", "employees", text)
        return
    draft.employees = int(digits)
    if found is not None and found.group(1).strip() != text:
        keep(draft, "employees", text)


def instant(value: Any) -> datetime | None:
    """An ISO time (UTC where it names no zone), or seconds or milliseconds since 1970."""
    text = plain_text(value).strip()
    try:
        if re.fullmatch(r"\d{9,14}(\.\d+)?", text):
            number = float(text)
            return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)
        found = datetime.fromisoformat(text[:64])
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _occurred(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    found = instant(value)
    if found is None:
        warn(draft, "occurred-unreadable", "occurred_at", text)
    elif found > received_at + AHEAD or found < EARLIEST:
        draft.occurred_at = received_at
        warn(draft, "occurred-clamped", "occurred_at", text)
    else:
        draft.occurred_at = min(found, received_at)


def _is_test(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    draft.is_test = fold(text) in _yes


def _consent(draft: Draft, text: str, value: Any, source: SourceLike, received_at: datetime) -> None:
    if isinstance(value, dict):
        draft.consent = storable(value)
    else:
        draft.consent = {"given": fold(text) in _yes, "text": clean_text(text, 2000)}


_readers = {
    "email": _email,
    "phone": _phone,
    "country": _country,
    "language": _language,
    "region": _region_text,
    "employees": _employees,
    "occurred_at": _occurred,
    "is_test": _is_test,
    "consent": _consent,
}


def _from_landing(draft: Draft) -> None:
    """Campaign marks of the landing page count where the body has none."""
    if not draft.landing_url:
        return
    try:
        query = dict(parse_qsl(urlsplit(draft.landing_url).query, max_num_fields=100))
    except ValueError:
        draft.warnings.append("landing-unreadable")
        return
    for name, value in query.items():
        if name in UTM and not getattr(draft, name):
            setattr(draft, name, clean_text(value, LIMITS[name]).strip())
        elif name in CLICK_IDS:
            draft.click_ids.setdefault(CLICK_IDS[name], clean_text(value, 500))


def _whole_name(draft: Draft) -> None:
    """Two parts make a name; one name is not taken apart."""
    if not draft.name:
        draft.name = clean_text(f"{draft.given_name} {draft.family_name}".strip(), LIMITS["name"])
