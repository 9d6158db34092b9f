"""Industries in words: the codes shipped rules and adapters write; what somebody typed stays as typed. Knows no lead."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

LABELS = {
    "manufacturing": pgettext_lazy("industry", "Manufacturing"),
    "retail": pgettext_lazy("industry", "Retail"),
    "healthcare": pgettext_lazy("industry", "Healthcare"),
    "hospitality": pgettext_lazy("industry", "Hospitality"),
    "logistics": pgettext_lazy("industry", "Logistics"),
    "real_estate": pgettext_lazy("industry", "Real estate"),
    "food": pgettext_lazy("industry", "Food"),
    "public": pgettext_lazy("industry", "Public sector"),
}


def industry_words(code: str) -> str:
    """A known code in the reader's language, else the text as it came."""
    return str(LABELS.get(code.strip().lower(), code))
