"""What sales learns about a lead, question by question: written append-only, judged by the framework in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from leadops import access, bulk
from leadops.errors import Conflict, Refused
from leadops.journal import Kind
from leadops.models import Lead
from leadops.templatetags.house import said
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version
from qualification import framework, selectors
from qualification.framework import Framework, Verdict
from qualification.models import AnswerNote, FrameworkAnswer


@dataclass(frozen=True, slots=True)
class Answered:
    """One act: the answers given (question -> answer), where they come from, and words for the next reader."""

    answers: Mapping[str, str]
    evidence: str = FrameworkAnswer.Evidence.CALL
    text: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)  # question -> words of its own


def answer(leads: Sequence[Lead], given: Answered, unit: Unit) -> list[FrameworkAnswer]:
    """Keep what was learnt about these leads; what was answered alike before is not written again."""
    return answer_many(dict.fromkeys(leads, given), unit)


def answer_many(given: Mapping[Lead, Answered], unit: Unit) -> list[FrameworkAnswer]:
    """`answer` for many leads, each with what was learnt about it; all or, where one is refused, none."""
    version = versions.in_force("framework", selectors.HOUSE, unit)
    if version is None:
        raise Refused("no-framework", _("No framework is in force."), status=409)
    asked: Framework = versions.compiled(version)
    for lead, one in given.items():
        _check(asked, one)
        access.require(unit.actor_on(lead), "answer", lead)
        if not lead.is_open:
            raise Conflict("lead-closed", _("This lead is closed: nothing more can be done on it."))
    held = selectors.answers_of(list(given))
    made: dict[FrameworkAnswer, str] = {}
    for lead, one in given.items():
        made |= _fresh(lead, held.get(lead.pk, {}), one, version, unit)
    bulk.insert(list(made))
    AnswerNote.objects.bulk_create(AnswerNote(answer=row, text=text) for row, text in made.items() if text)
    return list(made)


def _check(asked: Framework, given: Answered) -> None:
    known = framework.valid(asked, given.answers)
    wrong = sorted(set(given.answers) - set(known))
    if wrong:
        raise Refused("unknown-answer", _("Choose an answer from the list."), questions=wrong)
    if given.evidence not in FrameworkAnswer.Evidence.values:
        raise Refused("unknown-evidence", _("Say where the answer comes from."), evidence=given.evidence)


def _fresh(
    lead: Lead, held: Mapping[str, FrameworkAnswer], given: Answered, version: Version, unit: Unit
) -> dict[FrameworkAnswer, str]:
    """Journals what is new about a lead; its rows to be written, with the words of each."""
    fresh = {
        question: value
        for question, value in given.answers.items()
        if question not in held or held[question].answer != value or given.notes.get(question)
    }
    if not fresh and not given.text.strip():
        return {}
    rows = [
        bulk.make(
            FrameworkAnswer,
            lead=lead,
            cycle=lead.cycle,
            framework=version,
            question=question,
            answer=value,
            evidence=given.evidence,
            author_id=unit.actor_on(lead).user_id,
            at=unit.at_on(lead),
            recorded_at=unit.at,
        )
        for question, value in fresh.items()
    ]
    verdict = framework.judge(versions.compiled(version), {**_plain(held), **fresh})
    data: dict[str, Any] = {"answers": fresh, "evidence": given.evidence, "verdict": verdict.to_json()}
    unit.record(Kind.ANSWERED, lead, data=data, version=version.pk, text=given.text.strip())
    return {row: given.notes.get(row.question, "").strip() for row in rows}


def _plain(held: Mapping[str, FrameworkAnswer]) -> dict[str, str]:
    return {question: row.answer for question, row in held.items()}


def verdict_of(version: Version, held: Mapping[str, FrameworkAnswer]) -> Verdict:
    """What answers amount to under a framework."""
    return framework.judge(versions.compiled(version), _plain(held))


def demand(leads: Sequence[Lead], unit: Unit) -> None:
    """Refuse unless the answers of each one's cycle reach the minimum; a house without a framework asks nothing."""
    version = versions.in_force("framework", selectors.HOUSE, unit)
    if version is None:
        return
    held = selectors.answers_of(leads)
    for lead in leads:
        _demand_one(held.get(lead.pk, {}), version)


def _demand_one(held: Mapping[str, FrameworkAnswer], version: Version) -> None:
    verdict = verdict_of(version, held)
    if verdict.qualified:
        return
    labels = {each["key"]: said(each["label"]) for each in version.body["questions"]}
    open_questions = verdict.missing or [key for key in labels if key not in held]
    words = {"points": verdict.points, "minimum": verdict.minimum, "framework": said(version.body["name"])}
    message = _("%(framework)s: %(points)s of the %(minimum)s%% that qualify a lead.") % words
    if open_questions:
        names = ", ".join(labels[key] for key in open_questions)
        message = f"{message} {_('Still to be answered: %(questions)s.') % {'questions': names}}"
    raise Refused("framework-minimum", message, missing=list(open_questions), verdict=verdict.to_json())
