"""How a sentence speaks of what capture knows of a lead: whole phrases where "field is value" would sound like a form."""

from __future__ import annotations

from babel import Locale
from django.utils.translation import npgettext_lazy, pgettext, pgettext_lazy

from leadops.conditions.phrases import Says
from leadops.dates import language
from leadops.industries import LABELS

ASKED: Says = {
    "yes": pgettext_lazy("condition", "the prospect asked to be contacted"),
    "no": pgettext_lazy("condition", "the prospect did not ask to be contacted"),
    "known": pgettext_lazy("condition", "we know whether the prospect asked to be contacted"),
    "unknown": pgettext_lazy("condition", "we do not know whether the prospect asked to be contacted"),
}
FREE_MAIL: Says = {
    "yes": pgettext_lazy("condition", "the person uses a free e-mail address"),
    "no": pgettext_lazy("condition", "the person does not use a free e-mail address"),
    "known": pgettext_lazy("condition", "we know what kind of e-mail address the person uses"),
    "unknown": pgettext_lazy("condition", "we do not know what kind of e-mail address the person uses"),
}
STAFF: Says = {
    "eq": npgettext_lazy("condition", "the company has %(value)s employee", "the company has %(value)s employees", "n"),
    "ne": pgettext_lazy("condition", "the number of employees is not %(value)s"),
    "neither": pgettext_lazy("condition", "the number of employees is neither %(value)s"),
    "gte": npgettext_lazy(
        "condition", "the company has at least %(value)s employee", "the company has at least %(value)s employees", "n"
    ),
    "gt": npgettext_lazy(
        "condition",
        "the company has more than %(value)s employee",
        "the company has more than %(value)s employees",
        "n",
    ),
    "lte": npgettext_lazy(
        "condition", "the company has at most %(value)s employee", "the company has at most %(value)s employees", "n"
    ),
    "lt": npgettext_lazy(
        "condition",
        "the company has fewer than %(value)s employee",
        "the company has fewer than %(value)s employees",
        "n",
    ),
    "between": pgettext_lazy("condition", "the company has between %(value)s employees"),
    "not_between": pgettext_lazy("condition", "the company does not have between %(value)s employees"),
    "known": pgettext_lazy("condition", "the company’s size is known"),
    "unknown": pgettext_lazy("condition", "the company’s size is not known"),
}
ARRIVED: Says = {
    "between": pgettext_lazy("condition", "the lead arrived between %(value)s"),
    "not_between": pgettext_lazy("condition", "the lead did not arrive between %(value)s"),
    "before": pgettext_lazy("condition", "the lead arrived before %(value)s"),
    "after": pgettext_lazy("condition", "the lead arrived after %(value)s"),
    "on_or_before": pgettext_lazy("condition", "the lead arrived on %(value)s or earlier"),
    "on_or_after": pgettext_lazy("condition", "the lead arrived on %(value)s or later"),
    "within_last": pgettext_lazy("condition", "the lead arrived in %(value)s"),
    "not_within_last": pgettext_lazy("condition", "the lead did not arrive in %(value)s"),
    "within_next": pgettext_lazy("condition", "the lead arrives in %(value)s"),
    "not_within_next": pgettext_lazy("condition", "the lead does not arrive in %(value)s"),
    "more_than_ago": pgettext_lazy("condition", "the lead arrived more than %(value)s ago"),
    "not_more_than_ago": pgettext_lazy("condition", "the lead arrived at most %(value)s ago"),
    "known": pgettext_lazy("condition", "we know when the lead arrived"),
    "unknown": pgettext_lazy("condition", "we do not know when the lead arrived"),
}
SIGN_OF_LIFE: Says = {
    "within_last": pgettext_lazy("condition", "the person gave a sign of life in %(value)s"),
    "not_within_last": pgettext_lazy("condition", "the person gave no sign of life in %(value)s"),
    "unknown": pgettext_lazy("condition", "the person never gave a sign of life"),
    "known": pgettext_lazy("condition", "the person once gave a sign of life"),
}


def spaced(code: str) -> str:
    """A code nobody labelled, as words: “real estate”."""
    return pgettext("condition", "“%(text)s”") % {"text": code.replace("_", " ")}


def industry_name(code: str) -> str:
    """A known industry inside a sentence, else the code as words."""
    known = LABELS.get(code)
    return f"{str(known)[:1].lower()}{str(known)[1:]}" if known else spaced(code)


def language_name(code: str) -> str:
    """fr: French; a code nobody knows as it came."""
    return str(Locale.parse(language()).languages.get(code.lower()[:2], spaced(code)))
