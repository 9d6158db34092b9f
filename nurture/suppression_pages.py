"""What the page of suppressions shows: each entry with its reason, its source and its end. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from leadops import access
from leadops.access import Actor
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.models import Suppression
from nurture.filters import SuppressionFilter

PAGE = 50
TONES = {"unsubscribed": "warn", "bounced": "bad", "complained": "bad", "by_hand": "neutral", "erased": "neutral"}


def context(query: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    """One keyset page of what the filter finds."""
    chosen = SuppressionFilter(query, queryset=suppression.listed().order_by("-id"))
    rows = chosen.qs
    after = query.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: PAGE + 1])
    letters = _letters(found[:PAGE], actor)
    asked = chosen.form.cleaned_data.get("address") if chosen.is_valid() else ""
    return {
        "filter": chosen,
        "asked": asked,
        "filtered": any(query.get(name) for name in SuppressionFilter.base_filters),
        "rows": [row_of(row, letters) for row in found[:PAGE]],
        "after": found[PAGE - 1].pk if len(found) > PAGE else "",
        "may_edit": access.can(actor, "edit_suppressions"),
        "may_open": access.can(actor, "read_submissions"),
    }


def _key(origin: str, kind: str) -> uuid.UUID | None:
    name, _sep, text = origin.partition(":")
    try:
        return uuid.UUID(text) if name == kind else None
    except ValueError:
        return None


def _letters(rows: Iterable[Suppression], actor: Actor) -> dict[uuid.UUID, str]:
    """Letter -> address of its lead, where the actor may see it."""
    keys = [key for row in rows if (key := _key(row.origin, "letter"))]
    found = Effect.objects.filter(pk__in=keys, lead__in=access.leads_visible_to(actor)) if keys else ()
    return {letter.pk: f"/leads/{letter.lead_id}" for letter in found}


def row_of(row: Suppression, letters: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    letter, submission = _key(row.origin, "letter"), _key(row.origin, "submission")
    lifting = getattr(row, "lifting", None)
    return {
        "row": row,
        "reason": suppression.REASON_LABELS.get(row.reason, row.reason),
        "tone": TONES.get(row.reason, "neutral"),
        "own_word": row.reason in suppression.OWN_WORD,
        "source": _source(row, letter, submission),
        "lead_url": letters.get(letter, "") if letter else "",
        "submission_url": reverse("capture:show_submission", args=[submission]) if submission else "",
        "lifting": lifting,
    }


def _source(row: Suppression, letter: uuid.UUID | None, submission: uuid.UUID | None) -> str:
    """Where an entry came from, in words; entries of before this was kept say nothing."""
    if letter:
        return _("The link in a letter")
    if submission:
        return _("A mail or report received")
    return row.by.name if row.by else "—"
