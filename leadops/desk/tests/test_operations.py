"""Operators see what stalled and what was not sent, and have it tried again; nobody else does."""

from __future__ import annotations

import pytest

from leadops import moment, stalled
from leadops.access import SYSTEM
from leadops.desk.tests.api_cast import House
from leadops.desk.tests.desk_cast import client_of
from leadops.effects import plan, runner
from leadops.effects.models import Effect
from leadops.journal import JournalEntry, Kind
from leadops.models import Role
from leadops.stalled import Stalled
from leadops.testing import LeadFactory, member
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db


def stall():
    lead, at = LeadFactory(), moment.now()
    stalled.note(lead.pk, phase=stalled.LOOP, cause="no end", at=at, due_at=None, starts=5)
    return lead


def unsent(state: str = "unknown") -> Effect:
    user = member(f"Ada {state}", Role.REVENUE_OPS)
    in_unit(
        lambda u: plan.mail(u, user_id=user.pk, key=f"k-{state}", purpose="sla_digest", lead=None, body={"count": 2}),
        actor=SYSTEM,
    )
    Effect.objects.filter(key=f"k-{state}").update(state=state, starts=3, error="?")
    return Effect.objects.get(key=f"k-{state}")


def test_the_admin_lists_both_and_has_them_tried_again() -> None:
    lead, effect, sent = stall(), unsent(), unsent("sent")
    client = client_of(member("Rita", Role.REVENUE_OPS), "en")
    page = client.get("/admin/leadops/stalled/").content.decode()
    assert "no end" in page and str(lead.person) in page
    assert "unknown" in client.get("/admin/leadops/effect/").content.decode().lower()
    chosen = {"action": "retry", "_selected_action": [str(lead.pk)]}
    assert "will be tried again now" in client.post("/admin/leadops/stalled/", chosen, follow=True).content.decode()
    assert stalled.claim(moment.now()) == [lead.pk]
    chosen = {"action": "send_again", "_selected_action": [str(effect.pk), str(sent.pk)]}
    client.post("/admin/leadops/effect/", chosen)
    assert dict(Effect.objects.values_list("key", "state")) == {"k-unknown": "planned", "k-sent": "sent"}
    entry = JournalEntry.objects.get(kind=Kind.SETTING_CHANGED)
    assert (entry.data["row"], entry.data["from"]) == (str(effect.pk), "unknown") and entry.actor is not None
    assert runner.run(moment.now()) == 1


@pytest.mark.parametrize("role", [Role.REP, Role.MARKETING_OPS, Role.MANAGER, Role.EXECUTIVE])
def test_nobody_else_sees_or_does_it(role: str) -> None:
    lead, effect = stall(), unsent()
    client = client_of(member("Nia", role), "en")
    for path in ("stalled", "effect"):
        assert client.get(f"/admin/leadops/{path}/").status_code in (302, 403)
    for path in (f"stalled-leads/{lead.pk}/retry", f"effects/{effect.pk}/send-again"):
        assert client.get(f"/api/v1/{path.split('/')[0]}").status_code == 403
        assert client.post(f"/api/v1/{path}").status_code == 403
    assert Stalled.objects.get().due_at is None and Effect.objects.get().state == "unknown"


def test_the_api_says_and_does_the_same() -> None:
    house = House()
    lead, effect = stall(), unsent()
    (row,) = house.revenue.get("/stalled-leads?phase=loop").json()["results"]
    assert (row["lead"], row["batches"], row["due_at"]) == (str(lead.pk), [], None)
    assert house.revenue.post(f"/stalled-leads/{lead.pk}/retry").json()["due_at"] is not None
    (row,) = house.revenue.get("/effects?state=unknown").json()["results"]
    assert row["id"] == str(effect.pk) and row["error"] == "?"
    assert house.revenue.post(f"/effects/{effect.pk}/send-again").json()["state"] == "planned"
    assert house.revenue.get(f"/effects/{lead.pk}").status_code == 404
