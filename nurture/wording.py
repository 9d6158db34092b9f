"""Letters from templates: liquid with listed fields only, escaped, bounded; what a name contains never becomes markup.

It knows texts and values, no row: which value belongs to whom is `merging`'s.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, FalsyStrictUndefined
from liquid.builtin import register
from liquid.exceptions import LiquidError, UndefinedError

from leadops.effects.runner import one_line

LONGEST_SUBJECT, LONGEST_BODY, LONGEST_LETTER = 200, 20_000, 60_000
# what people write with; nothing that includes, loops or keeps a state
KEPT_TAGS = {"if", "unless", "case", "comment"}
KEPT_FILTERS = {
    "default", "capitalize", "downcase", "upcase", "strip", "truncate", "append", "prepend", "replace", "escape", "size",
    "first", "url_encode",
}  # fmt: skip
SHOWN_TAGS = {"a", "b", "strong", "i", "em", "u", "p", "br", "ul", "ol", "li", "blockquote", "h2", "h3"}
_link = re.compile(r'<a\s[^>]*href="([^"]{1,2000})"[^>]*>(.*?)</a>', re.IGNORECASE | re.DOTALL)
_web = re.compile(r"(?<![\"'=>\w])(https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)])")


class Unknown(FalsyStrictUndefined):
    """A value nobody knows may be asked for and replaced, never printed."""

    force_liquid_default = True


class House(Environment):
    """Limits: small letters, no loops, no other template."""

    context_depth_limit = 5
    local_namespace_limit = 20_000
    loop_iteration_limit = 100
    output_stream_limit = LONGEST_LETTER

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        register(self)
        own = {name for name in self.tags if name.startswith(("literal", "output", "illegal", "content", "#"))}
        for name in [*self.tags]:
            if name not in KEPT_TAGS and name not in own:
                del self.tags[name]
        for name in [*self.filters]:
            if name not in KEPT_FILTERS:
                del self.filters[name]


_escaping = House(undefined=Unknown, autoescape=True)
_plain = House(undefined=Unknown, autoescape=False)


class Missing(Exception):
    """A value the letter needs is not known of this lead: it concerns this lead alone."""

    def __init__(self, field: str) -> None:
        super().__init__(f"missing:{field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Worded:
    subject: str
    text: str
    html: SafeString


@lru_cache(maxsize=512)
def _parsed(source: str, escaping: bool) -> BoundTemplate:
    return (_escaping if escaping else _plain).from_string(source)


def faults_of(source: str, fields: Mapping[str, object], *, one_liner: bool = False) -> list[str]:
    """What stands against a text as a template, in the reader's language; empty = nothing."""
    longest = LONGEST_SUBJECT if one_liner else LONGEST_BODY
    if not source.strip():
        return [_("Write a text.")]
    if len(source) > longest:
        return [_("At most %(n)s characters.") % {"n": longest}]
    if one_liner and ("\n" in source or "\r" in source):
        return [_("A subject is one line.")]
    try:
        found = _parsed(source, True).analyze()
    except (LiquidError, RecursionError) as fault:
        why = (str(fault).splitlines() or [""])[0][:200]
        return [_("This cannot be read as a template: %(why)s") % {"why": why}]
    strange = sorted(set(found.filters) - set(_escaping.filters))
    if strange:
        return [_("There is no filter “%(name)s”.") % {"name": strange[0][:80]}]
    named = {str(variable) for each in found.globals.values() for variable in each}
    unknown = sorted(named - set(fields))
    known = ", ".join(sorted(fields))
    return [
        _("There is no field “%(name)s”. The fields are: %(known)s.") % {"name": name[:80], "known": known}
        for name in unknown
    ]


def word(subject: str, body: str, values: Mapping[str, str]) -> Worded:
    """One letter. Raises `Missing` when a field without a value is used without a default."""
    shown = _rendered(body, values, True)
    markup = linebreaks(_linked(shown)) if "<p" not in shown else _linked(shown)
    return Worded(one_line(_rendered(subject, values, False)), _as_text(shown), clean(markup))


def clean(markup: str) -> SafeString:
    """HTML of a letter with nothing in it that acts: after the sanitiser it may stand on a page as it is."""
    cleaned = nh3.clean(
        markup, tags=SHOWN_TAGS, attributes={"a": {"href", "title"}}, url_schemes={"https", "http", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )  # fmt: skip
    return mark_safe(cleaned)


def _rendered(source: str, values: Mapping[str, str], escaping: bool) -> str:
    context = {name: value for name, value in values.items() if value}
    try:
        return _parsed(source, escaping).render(**context)
    except UndefinedError as fault:
        name = re.search(r"'([^']{1,80})'", str(fault))
        raise Missing(name.group(1) if name else "?") from fault


def _linked(shown: str) -> str:
    return _web.sub(r'<a href="\1">\1</a>', shown)


def _as_text(shown: str) -> str:
    """The plain text part: the same words, a link followed by where it leads."""
    told = _link.sub(lambda m: m[2] if html.unescape(m[1]) in html.unescape(m[2]) else f"{m[2]} ({m[1]})", shown)
    told = re.sub(r"(?i)<br\s*/?>", "\n", told)
    told = re.sub(r"(?i)</(p|h2|h3|ul|ol|blockquote)>", "\n\n", told)
    told = re.sub(r"(?i)<li[^>]*>", "- ", re.sub(r"(?i)</li>", "\n", told))
    return re.sub(r"\n{3,}", "\n\n", html.unescape(nh3.clean(told, tags=set()))).strip() + "\n"
