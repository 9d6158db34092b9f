"""BANT: sales answers, the verdict is a function of the answers, and SQL waits for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops.access import Actor, actor_of
from leadops.errors import Refused
from leadops.journal import EntryText, JournalEntry, Kind
from leadops.models import Lead, Role
from leadops.testing import PASSWORD, member, put_in_force
from leadops.versions.models import Version
from qualification import answers, framework, services
from qualification.answers import Answered
from qualification.defaults import FRAMEWORK
from qualification.kinds import check_framework
from qualification.models import FrameworkAnswer
from qualification.tests.conftest import act, hot_lead

BANT = framework.compile_framework(FRAMEWORK)
GOOD = {"budget": "allocated", "authority": "influences", "need": "clear"}
HTMX = {"HX-Request": "true", "HX-Target": "panel-answers"}


@pytest.fixture
def bant() -> Version:
    return put_in_force("framework", "house", FRAMEWORK)


@pytest.fixture
def lead(bant: Version, lea: Any) -> Lead:
    return hot_lead(owner=lea, stage="engaged")


def give(lead: Lead, actor: Actor, **given: str) -> Any:
    return act(lambda mine, unit: answers.answer([mine], Answered(given), unit), lead, actor)


@pytest.mark.parametrize(
    ("given_", "points", "missing", "qualified"),
    [
        ({}, 0, ("need",), False),
        (GOOD, 65, (), True),
        ({"budget": "allocated", "authority": "decides"}, 50, ("need",), False),
        ({"need": "clear", "timing": "year"}, 37, (), False),
        ({"need": "latent", "budget": "nonsense", "older": "yes"}, 12, (), False),
    ],
)
def test_a_verdict_is_the_weighed_share_and_waits_for_what_is_needed(
    given_: dict[str, str], points: int, missing: tuple[str, ...], qualified: bool
) -> None:
    verdict = framework.judge(BANT, given_)
    assert (verdict.points, verdict.missing, verdict.qualified) == (points, missing, qualified)


picks = st.fixed_dictionaries(
    {}, optional={question.key: st.sampled_from(sorted(question.answers)) for question in BANT.questions}
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(picks, st.sampled_from([question.key for question in BANT.questions]))
def test_a_better_answer_never_makes_a_verdict_worse(held: dict[str, str], key: str) -> None:
    best = next(each for each in BANT.questions if each.key == key)
    better = held | {key: max(best.answers, key=lambda answer: best.answers[answer])}
    before, after = framework.judge(BANT, held), framework.judge(BANT, better)
    assert 0 <= before.points <= after.points <= 100
    assert after.qualified or not before.qualified


def test_answers_are_kept_one_by_one_and_told_once_in_codes(lead: Lead, as_lea: Actor) -> None:
    act(lambda mine, unit: answers.answer([mine], Answered(GOOD, "mail", "CFO confirmed"), unit), lead, as_lea)
    assert set(FrameworkAnswer.objects.values_list("question", "answer", "evidence")) == {
        (question, value, "mail") for question, value in GOOD.items()
    }
    entry = JournalEntry.objects.get(kind=Kind.ANSWERED)
    assert entry.data["answers"] == GOOD
    assert (entry.data["verdict"]["points"], entry.data["verdict"]["qualified"]) == (65, True)
    assert EntryText.objects.get(entry=entry.pk).text == "CFO confirmed"
    assert "CFO" not in str(entry.data)


def test_only_what_changed_is_written_again_and_the_latest_counts(lead: Lead, as_lea: Actor) -> None:
    give(lead, as_lea, **GOOD)
    give(lead, as_lea, **{**GOOD, "budget": "none"})
    assert FrameworkAnswer.objects.filter(question="budget").count() == 2
    assert FrameworkAnswer.objects.count() == 4
    give(lead, as_lea, budget="none")
    assert JournalEntry.objects.filter(kind=Kind.ANSWERED).count() == 2
    with pytest.raises(Refused) as refused:
        act(services.qualify, lead, as_lea)
    assert refused.value.detail["verdict"]["points"] == 40


def test_the_database_refuses_to_change_an_answer(lead: Lead, as_lea: Actor) -> None:
    give(lead, as_lea, **GOOD)
    with pytest.raises(IntegrityError), transaction.atomic():
        FrameworkAnswer.objects.update(answer="none")


def test_sql_is_refused_below_the_minimum_with_the_questions_named(lead: Lead, as_lea: Actor) -> None:
    give(lead, as_lea, budget="allocated", authority="decides")
    with pytest.raises(Refused) as refused:
        act(services.qualify, lead, as_lea)
    assert refused.value.code == "framework-minimum"
    assert refused.value.detail["missing"] == ["need"]
    lead.refresh_from_db()
    assert lead.stage == "engaged"


def test_sql_is_reached_with_the_answers_of_the_same_act(lead: Lead, as_lea: Actor) -> None:
    act(lambda mine, unit: services.qualify(mine, unit, Answered(GOOD)), lead, as_lea)
    lead.refresh_from_db()
    assert lead.stage == "sql"
    assert FrameworkAnswer.objects.count() == 3


def test_a_new_cycle_asks_anew(lead: Lead, as_lea: Actor) -> None:
    give(lead, as_lea, **GOOD)
    Lead.objects.filter(pk=lead.pk).update(cycle=2)
    with pytest.raises(Refused):
        act(services.qualify, lead, as_lea)


def test_a_house_without_framework_asks_nothing(lea: Any, as_lea: Actor) -> None:
    lead = hot_lead(owner=lea, stage="engaged")
    act(services.qualify, lead, as_lea)
    lead.refresh_from_db()
    assert lead.stage == "sql"


@pytest.mark.parametrize(
    ("given_", "evidence"), [({"need": "perhaps"}, "call"), ({"colour": "red"}, "call"), (GOOD, "dream")]
)
def test_an_answer_from_outside_the_list_is_refused(
    lead: Lead, as_lea: Actor, given_: dict[str, str], evidence: str
) -> None:
    with pytest.raises(Refused):
        act(lambda mine, unit: answers.answer([mine], Answered(given_, evidence), unit), lead, as_lea)
    assert not FrameworkAnswer.objects.exists()


def test_another_rep_answers_nothing(lead: Lead) -> None:
    other = actor_of(member("Karim", Role.REP, "paris"))
    with pytest.raises(Refused):
        give(lead, other, **GOOD)


@pytest.mark.parametrize(
    ("break_it", "path"),
    [
        (lambda b: b.update(minimum=101), "minimum"),
        (lambda b: b.update(questions=[]), "questions"),
        (lambda b: b["questions"][0].update(weight=0), "questions[0].weight"),
        (lambda b: b["questions"][1].update(key="budget"), "questions"),
        (lambda b: b["questions"][0]["answers"][0].update(worth=200), "questions[0].answers[0].worth"),
        (lambda b: b["questions"][0].update(answers=[]), "questions[0].answers"),
        (lambda b: b["questions"][0].update(label="Budget"), "questions[0]"),
    ],
)
def test_a_faulty_framework_cannot_be_published(break_it: Any, path: str) -> None:
    body = copy.deepcopy(FRAMEWORK)
    break_it(body)
    assert path in [where for where, _message in check_framework(body)]


# -- the panel ----------------------------------------------------------------------------------------


@pytest.fixture
def client(lea: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    lea.user.language = "en"
    lea.user.save()
    assert client.login(username=lea.user.email, password=PASSWORD)
    return client


def typed(**more: str) -> dict[str, str]:
    return {f"q_{key}": value for key, value in GOOD.items()} | {"q_timing": "", "evidence": "call", "text": ""} | more


def test_a_rep_answers_without_javascript_and_sees_the_verdict(client: Client, lead: Lead) -> None:
    assert client.post(f"/leads/{lead.pk}/answers", typed()).status_code == 302
    page = client.get(f"/leads/{lead.pk}").content.decode()
    assert "65% reached, 50% needed" in page
    assert "Influences the decision" in page


def test_answering_and_qualifying_is_one_act(client: Client, lead: Lead) -> None:
    client.post(f"/leads/{lead.pk}/answers", typed(then="qualify"))
    lead.refresh_from_db()
    assert lead.stage == "sql"


def test_too_little_comes_back_with_what_was_typed_and_why(client: Client, lead: Lead) -> None:
    answer = client.post(f"/leads/{lead.pk}/answers", typed(q_need="", then="qualify"), headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Still to be answered: Need." in page
    assert '<option value="influences" selected>' in page
    assert not FrameworkAnswer.objects.exists()


def test_who_may_not_see_the_lead_finds_nothing(lead: Lead) -> None:
    stranger = member("Karim", Role.REP, "paris")
    other = Client()
    other.login(username=stranger.email, password=PASSWORD)
    assert other.post(f"/leads/{lead.pk}/answers", typed()).status_code == 404
