"""What the lines of a queue and the figures beside them say is what the models say, row by row."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from capture.models import Campaign
from leadops import moment
from leadops.access import Actor, actor_of
from leadops.desk import lines, selectors
from leadops.desk.tests.desk_cast import Desk
from leadops.models import Absence, Lead, Touch
from leadops.testing import SourceFactory, rep
from leadops.work import Work
from routing.models import Clock

pytestmark = pytest.mark.django_db


def of_models(work: Work) -> tuple[object, ...]:
    """A line as the ORM tells it, in the order of `Line`."""
    lead, person = work.lead, work.lead.person
    sheet = getattr(lead, "score_sheet", None)
    touch = Touch.objects.filter(lead=lead).order_by("-occurred_at", "-id").first()
    clocks = Clock.objects.filter(lead=lead)
    running = clocks.filter(state="running").order_by("due_at").first()
    met = clocks.filter(state="met", kind="first_attempt").order_by("-ended_at").first()
    campaign = Campaign.objects.filter(key=lead.campaign).first()
    source = SourceFactory._meta.model.objects.filter(slug=lead.source).first()
    return (
        lead.pk, work.due_at, work.reason, work.heat, work.wakes_at, work.score_band, work.since,
        lead.company, lead.title, lead.stage, lead.score, lead.band, lead.source, lead.campaign, lead.country,
        lead.accepted_at is not None, lead.version, person.name, person.email, person.phone,
        sheet and sheet.version_id, sheet and [tuple(line) for line in sheet.lines],
        touch and touch.kind, touch and touch.occurred_at, source and source.name, campaign and campaign.name,
        running and running.due_at, running and running.target_seconds,
        met and met.due_at, met and met.ended_at, met and met.breached_at,
    )  # fmt: skip


def touched(lead: Lead, kind: str, at: datetime) -> None:
    Touch.objects.create(lead=lead, person=lead.person, kind=kind, occurred_at=at, recorded_at=at, source="website")


def test_a_line_says_what_its_lead_person_sheet_touches_and_clocks_say() -> None:
    desk, now = Desk(), moment.now()
    Campaign.objects.create(key="spring", name="Spring & sun", created_at=now)
    leads = [desk.lead(f"Person {n}") for n in range(4)]
    desk.lead("Of somebody else", owner=desk.karim)
    first, second, third, fourth = leads
    Lead.objects.filter(pk=first.pk).update(source="website", campaign="spring", accepted_at=now, band="hot", score=71)
    Lead.objects.filter(pk=second.pk).update(campaign="gone", country="FR", title="Dr")
    for kind, days in (("form", 3), ("visit", 1), ("mail_open", 2)):
        touched(first, kind, now - timedelta(days=days))
    clock = Clock.objects.filter(lead=first).order_by("due_at").last()
    assert clock is not None
    for minutes in (90, 30, 60):  # three cycles answered; the last one of them counts
        clock.pk, clock.cycle, clock.kind, clock.state = uuid.uuid4(), minutes, "first_attempt", "met"
        clock.started_at, clock.due_at = now - timedelta(hours=9), now - timedelta(hours=1)
        clock.ended_at, clock.next_at = now - timedelta(minutes=minutes), None
        clock.breached_at = clock.due_at if minutes == 30 else None
        clock.save(force_insert=True)
    Clock.objects.filter(lead=third).delete()
    Work.objects.filter(lead=third).update(due_at=now + timedelta(days=1), reason="call")
    Work.objects.filter(lead=fourth).update(due_at=None, reason="")
    actor = actor_of(desk.lea.user)
    for tab, order in (("now", lines.BY_DUE), ("all", lines.BY_DUE)):
        rows = selectors.work_of(actor, tab)
        found = [(*line[:21], line.lines and line.points, *line[22:]) for line in lines.read(rows, order)]
        assert found == [of_models(work) for work in rows.select_related("lead__person", "lead__score_sheet")]
        assert len(found) == 4 and any(row[27] for row in found) and sum(row[-2] is not None for row in found) == 1
    assert lines.read(selectors.work_of(Actor("visitor"), "now"), lines.BY_DUE) == []


# days from now: begins, ends, known since, withdrawn
SPANS = (
    (-2, 2, -3, None), (-2, None, -3, None), (-2, -1, -3, None), (1, 2, -3, None), (-2, 2, -3, -1), (-2, 2, -3, 1),
    (-2, 0, -3, None), (0, 2, 0, None),
)  # fmt: skip


def test_the_absence_at_a_glance_is_the_one_that_holds() -> None:
    at, held = moment.now(), 0
    for n, span in enumerate(SPANS):
        one = rep(f"Rep {n}")
        begins, ends, known, withdrawn = (None if day is None else at + timedelta(days=day) for day in span)
        times = {"valid_from": begins, "valid_to": ends, "known_from": known, "known_to": withdrawn}
        Absence.objects.create(rep=one, kind="sick", **times)
        said = selectors.glance(actor_of(one.user), at).absence
        kept = Absence.objects.filter(rep=one).state_at(at).first()
        assert (said and (said.kind, said.valid_to)) == (kept and (kept.kind, kept.valid_to)), span
        held += kept is not None
    assert held == 4
