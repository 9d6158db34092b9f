"""The fields qualification brings into the lead's vocabulary: score and its parts, stage, status, cycle, open deal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, Exists, Expression, F, OuterRef, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadops.conditions.fields import LEAD, Field, column
from leadops.conditions.phrases import Says
from leadops.models import Lead, Opportunity, Stage, Status
from leadops.templatetags.house import said
from qualification.models import ScoreSheet
from qualification.scoring import GRADES, LEVELS, MATRIX

SCORE, LIFECYCLE = _("Score and MQL"), _("Lifecycle")
BAND_LABELS = {
    "hot": pgettext_lazy("score band", "Hot"),
    "warm": pgettext_lazy("score band", "Warm"),
    "cold": pgettext_lazy("score band", "Cold"),
}


def _bands() -> Iterable[tuple[str, str | Promise]]:
    return BAND_LABELS.items()


def _grades() -> Iterable[tuple[str, str]]:
    return [(grade, grade) for grade in GRADES]


def _levels() -> Iterable[tuple[str, str]]:
    return [(level, level) for level in LEVELS]


def matrix_choices() -> list[tuple[str, str]]:
    """The squares of fit grade and engagement level: A1 to D3."""
    return [(square, square) for square in MATRIX]


def _stages() -> Iterable[tuple[str, str | Promise]]:
    return Stage.choices


def _statuses() -> Iterable[tuple[str, str]]:
    return [(row.key, said(row.labels) or row.key) for row in Status.objects.all()]


def _of_sheet(name: str) -> dict[str, Any]:
    """Both readers of a text of the sheet; a lead without a sheet has none."""

    def read(leads: Sequence[Lead], at: datetime) -> dict[Any, str]:
        return dict(ScoreSheet.objects.filter(lead__in=leads).values_list("lead_id", name))

    return {"read": read, "sql": lambda at: F(f"score_sheet__{name}")}


def _flag(rows: Exists) -> Expression:
    return Case(When(rows, then=Value(True)), default=Value(False), output_field=BooleanField())


def _read_open_deals(leads: Sequence[Lead], at: datetime) -> dict[Any, bool]:
    rows = Opportunity.objects.filter(lead__in=leads, state=Opportunity.State.OPEN)
    found = set(rows.values_list("lead_id", flat=True))
    return {lead.pk: lead.pk in found for lead in leads}


def _sql_open_deals(at: datetime) -> Expression:
    return _flag(Exists(Opportunity.objects.filter(lead=OuterRef("pk"), state=Opportunity.State.OPEN)))


def _read_knocked_out(leads: Sequence[Lead], at: datetime) -> dict[Any, bool]:
    rows = ScoreSheet.objects.filter(lead__in=leads, knocked_out__gt="")
    found = set(rows.values_list("lead_id", flat=True))
    return {lead.pk: lead.pk in found for lead in leads}


def _sql_knocked_out(at: datetime) -> Expression:
    return _flag(Exists(ScoreSheet.objects.filter(lead=OuterRef("pk"), knocked_out__gt="")))


KNOCKED_OUT: Says = {
    "yes": pgettext_lazy("condition", "the scorecard rules the lead out"),
    "no": pgettext_lazy("condition", "the scorecard does not rule the lead out"),
    "known": pgettext_lazy("condition", "we know whether the scorecard rules the lead out"),
    "unknown": pgettext_lazy("condition", "we do not know whether the scorecard rules the lead out"),
}
OPEN_DEAL: Says = {
    "yes": pgettext_lazy("condition", "the lead has an open opportunity"),
    "no": pgettext_lazy("condition", "the lead has no open opportunity"),
    "known": pgettext_lazy("condition", "we know whether the lead has an open opportunity"),
    "unknown": pgettext_lazy("condition", "we do not know whether the lead has an open opportunity"),
}

FIELDS = (
    column("score", _("Score"), "number", group=SCORE, subject=_("the score")),
    column("fit", _("Fit"), "number", group=SCORE, subject=_("the fit score")),
    column("engagement", _("Engagement"), "number", group=SCORE, subject=_("the engagement score")),
    column("band", _("Score band"), "choice", choices=_bands, group=SCORE, subject=_("the score band")),
    column("grade", _("Fit grade"), "choice", choices=_grades, group=SCORE, subject=_("the fit grade")),
    Field(
        "level", _("Engagement level"), "choice", **_of_sheet("level"), choices=_levels, group=SCORE,
        subject=_("the engagement level"),
    ),
    Field(
        "matrix", _("Grade (A1 to D3)"), "choice", **_of_sheet("matrix"), choices=matrix_choices, group=SCORE,
        subject=_("the grade"),
    ),
    Field(
        "knocked_out", _("Excluded by the scorecard"), "flag", _read_knocked_out, _sql_knocked_out, group=SCORE,
        says=KNOCKED_OUT,
    ),
    column("stage", _("Stage"), "choice", choices=_stages, group=LIFECYCLE, subject=_("the stage")),
    column("status", _("Status"), "choice", choices=_statuses, group=LIFECYCLE, subject=_("the status")),
    column("cycle", _("Cycle"), "number", group=LIFECYCLE, subject=_("the cycle")),
    Field(
        "has_open_opportunity", _("Has an open opportunity"), "flag", _read_open_deals, _sql_open_deals, group=LIFECYCLE,
        says=OPEN_DEAL,
    ),
)  # fmt: skip


def register_fields() -> None:
    LEAD.register(*FIELDS)
