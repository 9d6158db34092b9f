"""What each comparison says in words, by meaning and kind of field; it knows no tree, no value and no operator.

A meaning is what is left of an operator once its negation is worked in ("not at least" is "less"). %(field)s is what the
comparison speaks of ("the score"), %(value)s the value in words, %(n)s the value as a whole number for the plural.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

Phrase = str | Promise
Says = Mapping[str, Phrase]  # by meaning

IS, IS_NOT = (
    pgettext_lazy("condition", "%(field)s is %(value)s"),
    pgettext_lazy("condition", "%(field)s is not %(value)s"),
)
BETWEEN, NOT_BETWEEN = (
    pgettext_lazy("condition", "%(field)s is between %(value)s"),
    pgettext_lazy("condition", "%(field)s is not between %(value)s"),
)

# By meaning, then by kind; "" is every other kind.
PHRASES: Final[dict[str, Mapping[str, Phrase]]] = {
    "eq": {
        "": IS,
        "day": pgettext_lazy("condition of a day", "%(field)s is %(value)s"),
        "number": pgettext_lazy("condition of a number", "%(field)s is %(value)s"),
        "count": pgettext_lazy("condition of a number", "%(field)s is %(value)s"),
    },
    "ne": {
        "": IS_NOT,
        "day": pgettext_lazy("condition of a day", "%(field)s is not %(value)s"),
        "number": pgettext_lazy("condition of a number", "%(field)s is not %(value)s"),
        "count": pgettext_lazy("condition of a number", "%(field)s is not %(value)s"),
    },
    "neither": {
        "": pgettext_lazy("condition", "%(field)s is neither %(value)s"),
        "number": pgettext_lazy("condition of a number", "%(field)s is neither %(value)s"),
        "count": pgettext_lazy("condition of a number", "%(field)s is neither %(value)s"),
    },
    "contains": {"": pgettext_lazy("condition", "%(field)s contains %(value)s")},
    "not_contains": {"": pgettext_lazy("condition", "%(field)s does not contain %(value)s")},
    "starts_with": {"": pgettext_lazy("condition", "%(field)s starts with %(value)s")},
    "not_starts_with": {"": pgettext_lazy("condition", "%(field)s does not start with %(value)s")},
    "ends_with": {"": pgettext_lazy("condition", "%(field)s ends with %(value)s")},
    "not_ends_with": {"": pgettext_lazy("condition", "%(field)s does not end with %(value)s")},
    "gte": {"": pgettext_lazy("condition", "%(field)s is %(value)s or more")},
    "gt": {"": pgettext_lazy("condition", "%(field)s is more than %(value)s")},
    "lte": {"": pgettext_lazy("condition", "%(field)s is %(value)s or less")},
    "lt": {"": pgettext_lazy("condition", "%(field)s is less than %(value)s")},
    "between": {"": BETWEEN},
    "not_between": {"": NOT_BETWEEN},
    "before": {"": pgettext_lazy("condition", "%(field)s is before %(value)s")},
    "after": {"": pgettext_lazy("condition", "%(field)s is after %(value)s")},
    "on_or_before": {"": pgettext_lazy("condition", "%(field)s is %(value)s or earlier")},
    "on_or_after": {"": pgettext_lazy("condition", "%(field)s is %(value)s or later")},
    # the value is a window: “the last 7 days”, “des 7 derniers jours”
    "within_last": {"": pgettext_lazy("condition", "%(field)s is in %(value)s")},
    "not_within_last": {"": pgettext_lazy("condition", "%(field)s is not in %(value)s")},
    "within_next": {"": pgettext_lazy("condition", "%(field)s is in %(value)s")},
    "not_within_next": {"": pgettext_lazy("condition", "%(field)s is not in %(value)s")},
    "more_than_ago": {"": pgettext_lazy("condition", "%(field)s is more than %(value)s ago")},
    "not_more_than_ago": {"": pgettext_lazy("condition", "%(field)s is at most %(value)s ago or still to come")},
    "has_any": {"": pgettext_lazy("condition", "%(field)s includes %(value)s")},
    "has_none": {"": pgettext_lazy("condition", "%(field)s does not include %(value)s")},
    "has_neither": {"": pgettext_lazy("condition", "%(field)s includes neither %(value)s")},
    "has_all": {"": pgettext_lazy("condition", "%(field)s includes all of %(value)s")},
    "not_has_all": {"": pgettext_lazy("condition", "%(field)s does not include all of %(value)s")},
    "yes": {"": pgettext_lazy("condition", "%(field)s is yes")},
    "no": {"": pgettext_lazy("condition", "%(field)s is no")},
    "known": {"": pgettext_lazy("condition", "%(field)s is known")},
    "unknown": {"": pgettext_lazy("condition", "%(field)s is not known")},
}

# Several values refused at once: "not A or B" could mean two things.
SEVERAL_REFUSED: Final = {"ne": "neither", "has_none": "has_neither"}
WINDOWS: Final = ("within_last", "not_within_last", "within_next", "not_within_next")
COMING: Final = ("within_next", "not_within_next")
TOGETHER: Final = ("has_all", "not_has_all")  # their values are joined by "and"


def phrase(meaning: str, kind: str, own: Says | None) -> Phrase:
    """The field's own words for a meaning, else the kind's, else the general ones."""
    if own is not None and meaning in own:
        return own[meaning]
    words = PHRASES[meaning]
    return words[kind] if kind in words else words[""]
