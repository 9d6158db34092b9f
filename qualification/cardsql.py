"""The same scorecard as SQL, so that a count on screen means what the gate decides; equal to `scoring` by test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    Expression,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Concat, Greatest, Least
from django.db.models.lookups import GreaterThanOrEqual

from leadops.conditions import sql
from leadops.conditions.fields import LEAD, Vocabulary
from leadops.conditions.predicate import Predicate
from leadops.models import Touch
from qualification.behaviour import Behaviour
from qualification.scoring import ENGAGEMENT, FIT, GROUPS, OWN_FIELDS, Card


def _whole(value: int) -> Value:
    return Value(value, output_field=IntegerField())


def _points(when: Predicate, points: int, at: datetime) -> Expression:
    test = sql.where(when.tree, LEAD, at)
    if not test:  # a line without a condition always counts
        return _whole(points)
    return Case(When(test, then=_whole(points)), default=_whole(0), output_field=IntegerField())


def _worth(line: Behaviour, at: datetime) -> Expression:
    """What a touch counts at its age, from the line's table of days: numbers of ours, no text of anybody is in it."""
    table = ",".join(map(str, line.worth))
    return Func(
        Value(at, output_field=DateTimeField()),
        F("occurred_at"),
        template=f"(ARRAY[{table}]::int[])[floor(extract(epoch FROM (%(expressions)s)) / 86400)::int + 1]",
        arg_joiner=" - ",
        output_field=IntegerField(),
    )


class WholePoints(Func):
    """Hundredths of a point, touch by touch, as whole points; halves go away from zero."""

    template = (
        "(SELECT (sign(coalesce(sum(each), 0)) * ((abs(coalesce(sum(each), 0)) + 50) / 100))::int "
        "FROM unnest(%(expressions)s) AS each)"
    )
    output_field = IntegerField()


def _acts(line: Behaviour, at: datetime) -> Expression:
    """The points of a behaviour line, as `Behaviour.points`."""
    found = Touch.objects.filter(
        person__canonical=OuterRef("canonical"), occurred_at__gt=at - timedelta(days=line.days), occurred_at__lte=at
    )
    if line.kinds:
        found = found.filter(kind__in=sorted(line.kinds))
    for name, wanted in line.matches.items():
        found = found.filter(**{f"{name}__in": sorted(wanted)})
    latest = found.order_by("-occurred_at", "-id")[: line.most]
    return WholePoints(ArraySubquery(latest.values_list(_worth(line, at))))


def group_sum(card: Card, group: str, at: datetime) -> Expression:
    """A group's points within its cap."""
    total: Any = _whole(0)
    for line in card.lines:
        if line.group == group:
            total = total + _points(line.when, line.points, at)
    for act in card.behaviours:
        if act.group == group:
            total = total + _acts(act, at)
    cap = card.caps.get(group, 0)
    return Greatest(_whole(-cap), Least(_whole(cap), total), output_field=IntegerField())


def _when_out(card: Card, at: datetime) -> Q | None:
    """The condition under which a knock-out holds; None when the card has none. One without a condition always holds."""
    tests = [sql.where(each.when.tree, LEAD, at) or Q(Value(True)) for each in card.knockouts]
    whole = Q()
    for test in tests:
        whole = whole | test
    return whole or None


def knocked_out(card: Card, at: datetime) -> Expression:
    out = _when_out(card, at)
    if out is None:
        return Value(False, output_field=BooleanField())
    return Case(When(out, then=Value(True)), default=Value(False), output_field=BooleanField())


def total(card: Card, at: datetime) -> Expression:
    """The score of a lead row under this card."""
    summed: Any = _whole(0)
    for group in GROUPS:
        summed = summed + group_sum(card, group, at)
    out = _when_out(card, at)
    if out is None:
        return summed  # type: ignore[no-any-return]
    return Case(When(out, then=Least(summed, _whole(0))), default=summed, output_field=IntegerField())


def step(value: Expression, steps: Sequence[tuple[str, int]]) -> Expression:
    """The band or grade a value reaches, as `scoring.step_of`."""
    if not steps:
        return Value("", output_field=CharField())
    cases = [When(GreaterThanOrEqual(value, start), then=Value(name)) for name, start in steps]
    return Case(*cases, default=Value(steps[-1][0]), output_field=CharField())


def matrix(card: Card, at: datetime) -> Expression:
    """Fit grade and engagement level together; nothing where the card names one of them only."""
    if not card.grades or not card.levels:
        return Value("", output_field=CharField())
    grade, level = step(group_sum(card, FIT, at), card.grades), step(group_sum(card, ENGAGEMENT, at), card.levels)
    return Concat(grade, level, output_field=CharField())


def _expression(name: str, card: Card, at: datetime) -> Expression:
    if name in (FIT, ENGAGEMENT):
        return group_sum(card, name, at)
    if name == "score":
        return total(card, at)
    if name == "band":
        return step(total(card, at), card.bands)
    if name == "grade":
        return step(group_sum(card, FIT, at), card.grades)
    if name == "level":
        return step(group_sum(card, ENGAGEMENT, at), card.levels)
    if name == "matrix":
        return matrix(card, at)
    return knocked_out(card, at)


def under(card: Card | None) -> Vocabulary:
    """The lead's fields with the score's own read under `card`, whatever scorecard the rows were last scored with."""
    if card is None:
        return LEAD
    words = Vocabulary(LEAD.name)
    for field in LEAD.all():
        ours = field.key in OWN_FIELDS
        words.register(replace(field, sql=partial(_expression, field.key, card)) if ours else field)
    return words
