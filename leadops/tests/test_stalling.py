"""Raising in each real phase after resolve: the lead is there at once, held and stalled, and complete after the fault is gone."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest

from capture import pipeline
from capture.models import Submission
from leadops import choreography, moment, unit
from leadops.desk import tasks
from leadops.models import Lead
from leadops.shipped import install_defaults
from leadops.stalled import Stalled
from leadops.testing import DAWN, SourceFactory, rep
from leadops.work import Work
from routing.models import Clock, Pool, PoolMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    install_defaults()
    PoolMember.objects.create(
        pool=Pool.objects.get(key="everyone"), rep=rep("Léa"), weight=Decimal(1), valid_from=DAWN, known_from=DAWN
    )
    return SourceFactory(hand_raiser=True)


# "look again" wakes on a closed lead or a returned rep, not on a new lead
@pytest.mark.parametrize("broken", [p.name for p in choreography.PHASES if p.name != "look again"])
def test_a_lead_is_never_lost_to_a_later_step(client, house, broken):
    def fail(entries, u):
        raise RuntimeError("planted")

    table = [dataclasses.replace(p, handler=fail) if p.name == broken else p for p in choreography.PHASES]
    unit.set_phases(table)
    try:
        body = {"email": "anna@acme.example", "first_name": "Anna", "company": "Acme"}
        assert client.post(f"/in/{house.key}", json.dumps(body), content_type="application/json").status_code == 202
        pipeline.run_batch()
        lead = Lead.objects.get()
        assert lead.held == "error" and lead.owner_id is None and Submission.objects.get().end == "created"
        assert Stalled.objects.get().phase == broken
    finally:
        unit.set_phases(choreography.PHASES)
    with moment.at(moment.now()):
        assert tasks.resume_stalled() == 1
    lead.refresh_from_db()
    assert lead.held == "" and lead.owner_id is not None and not Stalled.objects.exists()
    assert Clock.objects.filter(lead=lead, kind="first_attempt").exists() and Work.objects.get(lead=lead).owner_id
    assert [entry for entry in lead.journal.values_list("kind", flat=True) if entry == "captured"] == ["captured"]
