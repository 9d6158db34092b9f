"""Tags and filters every template may use: icons, figures, times and links, in the reader's language and zone.

Loaded as builtins. Nothing here reads the database or decides anything; amounts go through `leadops.money` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import phonenumbers
from babel import Locale
from django import template
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy

from leadops import moment
from leadops.dates import day_words, instant_words, kept_whole, language, local
from leadops.industries import industry_words
from leadops.money import format_money, format_number, format_percent
from leadops.templatetags.people import initials, named
from leadops.templatetags.readable import fault_mark, readable_address
from leadops.templatetags.stencils import stencil

register = template.Library()
register.filter("industry", industry_words)
register.filter("initials", initials)
register.filter("named", named)
register.tag("stencil", stencil)
register.simple_tag(fault_mark, takes_context=True)

NOTHING = "—"  # an unknown figure is never shown as zero


def stamp(at: datetime) -> str:
    """An instant in plain words, as `when:"stamp"` writes it: for sentences that hold no markup."""
    return instant_words(local(at))


# -- marks ------------------------------------------------------------------------------------------------


@register.simple_tag
@lru_cache(maxsize=2048)  # an inbox draws three hundred of them, of some forty kinds
def icon(name: str, css: str = "") -> SafeString:
    """A drawing from the sprite; always decoration, the word beside it carries the meaning."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("img/icons.svg"),
        name or "circle",
    )


@register.filter
def said(texts: Mapping[str, str] | str | None) -> str:
    """What users wrote as {language: text}, in the reader's language, else the house's, else any."""
    if not isinstance(texts, Mapping):
        return str(texts or "")
    for code in (language(), settings.HOUSE_LANGUAGE):
        if texts.get(code):
            return texts[code]
    return next((text for text in texts.values() if text), "")


@register.filter
def country(code: str | None) -> str:
    """FR -> France, in the reader's language; a code nobody knows is shown as it came."""
    return _territory(str(code or ""), language())


@lru_cache(maxsize=1024)
def _territory(code: str, tongue: str) -> str:
    return Locale.parse(tongue).territories.get(code.upper(), code) or NOTHING


@register.filter
def phone(number: str | None) -> str:
    """+33610033649 -> +33 6 10 03 36 49; what is no number is shown as it came."""
    try:
        read = phonenumbers.parse(str(number or ""), None)
    except phonenumbers.NumberParseException:
        return str(number or "")
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(" ", "\u00a0")


@register.filter
def reasoned(text: str | None) -> str:
    """Why a version was put in force: what the house itself wrote is a code, what people wrote stays."""
    return {"shipped": gettext("As shipped"), "demo": gettext("For the demo company")}.get(str(text or ""), text or "")


# -- figures ----------------------------------------------------------------------------------------------


@register.filter
def money(minor: int | None, currency: str = "") -> str:
    """Minor units with their currency: {{ lead.value_minor|money:lead.currency }}."""
    return NOTHING if minor is None else format_money(int(minor), currency or settings.HOUSE_CURRENCY, language())


@register.filter
def units(minor: int | None, currency: str = "") -> str:
    """Minor units rounded to whole ones with their currency, for figures seen at a glance."""
    if minor is None:
        return NOTHING
    return format_money(int(minor), currency or settings.HOUSE_CURRENCY, language(), whole=True)


@register.filter
def number(value: int | float | Decimal | None, digits: int | None = None) -> str:
    return NOTHING if value is None or value == "" else format_number(value, language(), digits)


@register.filter
def percent(share: float | Decimal | None, digits: int = 1) -> str:
    """A share between 0 and 1: 0.123 -> 12.3%."""
    return NOTHING if share is None or share == "" else format_percent(share, language(), digits)


@register.filter
def capped(count: int | None, limit: int = 99) -> str:
    """A count that was never counted to its end: 99+."""
    if count is None:
        return NOTHING
    return f"{format_number(limit, language())}+" if count > limit else format_number(count, language())


@register.filter
def scale(value: float | Decimal | None, largest: float | Decimal | None = 100) -> str:
    """Where a value stands between 0 and the largest, as 0–100 with a point: for SVG geometry, never for reading."""
    if not value or not largest:
        return "0"
    return f"{max(0.0, min(100.0, 100.0 * float(value) / float(largest))):.2f}"


# -- times ------------------------------------------------------------------------------------------------


_SPANS = (
    (86_400, pgettext_lazy("duration", "%(n)s d")),
    (3_600, pgettext_lazy("duration", "%(n)s h")),
    (60, pgettext_lazy("duration", "%(n)s min")),
    (1, pgettext_lazy("duration", "%(n)s s")),
)


def _units(seconds: int, parts: int) -> list[str]:
    """The largest unit there is, and the next one where it holds anything."""
    found: list[str] = []
    first = next((place for place, (size, _word) in enumerate(_SPANS) if seconds >= size), len(_SPANS) - 1)
    for size, word in _SPANS[first : first + parts]:
        count, seconds = divmod(seconds, size)
        if count or not found:
            found.append(str(word) % {"n": format_number(count, language())})
    return found


@register.filter
def duration(span: float | timedelta | None, parts: int = 2) -> str:
    """252 -> 4 min 12 s; the two largest units, the sign left to the words around it."""
    if span is None or span == "":
        return NOTHING
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    return " ".join(_units(abs(round(seconds)), parts)).replace(" ", "\u00a0") or NOTHING


@register.filter
def days(value: float | None) -> str:
    """A span in days with one decimal: 48.5 d · 48,5 j."""
    if value is None:
        return NOTHING
    return pgettext("span", "%(n)s d") % {"n": number(round(Decimal(str(value)), 1))}


@register.filter
def until(due: datetime | None) -> str:
    """How far an instant is from now, without direction: the words of the chip say before or after."""
    return NOTHING if not due else duration((due - moment.now()).total_seconds(), 1)


@register.filter
def ago(at: datetime | None) -> str:
    """12 min ago · in 4 min · now."""
    if at is None:
        return NOTHING
    seconds = (moment.now() - at).total_seconds()
    if abs(seconds) < 5:
        return gettext("just now")
    words = gettext("%(duration)s ago") if seconds > 0 else gettext("in %(duration)s")
    return words % {"duration": duration(seconds, 1)}


@register.filter
def when(at: datetime | None, form: str = "both") -> str | SafeString:
    """A <time> in the reader's zone. Forms: both (stamp · relative), stamp, relative, near (no year; clock if today), clock (under a day's heading)."""
    if not at:  # what a component was not given is an empty text
        return NOTHING
    here = local(at)
    full = instant_words(here, "full")
    if form == "relative":  # a relative time alone goes stale: the absolute one is there for ears and pointers
        return format_html(
            '<time datetime="{}" title="{}" data-ago>{}</time><span class="vh"> ({})</span>',
            at.isoformat(),
            full,
            ago(at),
            kept_whole(instant_words(here, "stamp")),
        )
    shown = (
        _near(here)
        if form == "near"
        else here.strftime("%H:%M")
        if form == "clock"
        else kept_whole(instant_words(here))
    )
    clock = format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), full, shown)
    if form != "both":
        return clock
    return format_html(
        '{}<span class="rel"> · <time datetime="{}" data-ago>{}</time></span>', clock, at.isoformat(), ago(at)
    )


def _near(here: datetime) -> str:
    if here.date() == timezone.localtime(moment.now()).date():
        return here.strftime("%H:%M")
    return kept_whole(instant_words(here, "near"))


@register.filter
def day(value: date | datetime | None, form: str = "") -> str:
    """5 Mar 2026 · 5 mars 2026, the reader's day for an instant; `near` leaves out the present year."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        value = local(value).date()
    near = form == "near" and value.year == timezone.localtime(moment.now()).year
    return day_words(value, "near day" if near else "day")


# -- links ------------------------------------------------------------------------------------------------


def _with(context: template.Context, changes: Mapping[str, Any]) -> str:
    request: HttpRequest | None = context.get("request")
    given = request.GET.copy() if request is not None else QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            given.pop(name, None)
        elif isinstance(value, list | tuple):
            given.setlist(name, [str(one) for one in value])
        else:
            given[name] = str(value)
    return f"?{given.urlencode()}" if given else "?"


@register.simple_tag(takes_context=True)
def query(context: template.Context, *pairs: Any, **changes: Any) -> str:
    """This page's query string with some parameters changed; None removes one. Also {% query name value %}."""
    return _with(context, {**dict(zip(pairs[::2], pairs[1::2], strict=True)), **changes})


@register.inclusion_tag("components/column.html", takes_context=True)
def column(
    context: template.Context, key: str, label: str, sort: str = "", align: str = "", param: str = "sort"
) -> dict[str, Any]:
    """A sortable <th>: the link keeps the filters, drops the cursor and turns the direction."""
    state = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    following = f"-{key}" if state == "ascending" else key
    url = _with(context, {param: following, "after": None, "before": None})
    return {"label": label, "state": state, "url": url, "align": align}


@register.simple_tag(takes_context=True)
def here(context: template.Context) -> str:
    """This page with its query string, for a form that must come back to it; behind what only takes a form, the form's page."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return "/"
    return readable_address(request.method, request.path_info, request.get_full_path())


@register.simple_tag
def moment_now() -> str:
    """Business time for the page's clocks: in the demo it may differ from the reader's machine."""
    return moment.now().isoformat()
