"""Sales' framework of questions (BANT): answers weighed into a verdict, as a pure function; it reads no table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

EVIDENCE: Final = ("call", "mail", "meeting", "form", "other")


@dataclass(frozen=True, slots=True)
class Question:
    """`answers` gives each answer's worth in percent of the weight; `needed`: a verdict waits for it."""

    key: str
    weight: int
    needed: bool
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Framework:
    """`minimum` is the percentage of the whole weight from which a lead is sales qualified."""

    questions: tuple[Question, ...]
    minimum: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`points` is the share reached, in percent, rounded down; `missing` the needed questions without an answer."""

    points: int
    minimum: int
    answered: int
    asked: int
    missing: tuple[str, ...]
    qualified: bool

    @property
    def complete(self) -> bool:
        return self.answered == self.asked

    def to_json(self) -> dict[str, Any]:
        names = ("points", "minimum", "answered", "asked", "complete", "qualified")
        return {name: getattr(self, name) for name in names} | {"missing": list(self.missing)}


def compile_framework(body: Mapping[str, Any]) -> Framework:
    """The framework of a checked body."""
    questions = tuple(
        Question(
            each["key"],
            each["weight"],
            bool(each.get("needed", False)),
            {answer["key"]: answer["worth"] for answer in each["answers"]},
        )
        for each in body["questions"]
    )
    return Framework(questions, body["minimum"])


def valid(framework: Framework, answers: Mapping[str, str]) -> dict[str, str]:
    """Those of the answers that this framework knows; an older version's other answers do not count."""
    known = {question.key: question.answers for question in framework.questions}
    return {key: answer for key, answer in answers.items() if answer in known.get(key, {})}


def judge(framework: Framework, answers: Mapping[str, str]) -> Verdict:
    """What the answers (question -> answer) amount to."""
    held = valid(framework, answers)
    whole = sum(question.weight for question in framework.questions)
    reached = sum(
        question.weight * question.answers[held[question.key]]
        for question in framework.questions
        if question.key in held
    )
    missing = tuple(question.key for question in framework.questions if question.needed and question.key not in held)
    share = Fraction(reached, whole) if whole else Fraction(0)  # of 100: each worth is a percentage
    return Verdict(
        points=int(share),
        minimum=framework.minimum,
        answered=len(held),
        asked=len(framework.questions),
        missing=missing,
        qualified=not missing and share >= framework.minimum,
    )
