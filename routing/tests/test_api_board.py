"""The board and bulk moves in the API: the same figures and verbs as the pages, within the same rights."""

from __future__ import annotations

import pytest

from leadops.desk.tests.api_cast import House
from leadops.models import Lead
from leadops.testing import LeadFactory
from routing.models import Pool, Reassignment

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House()


def owned(house: House) -> Lead:
    return house.lead(house.lea)


def test_the_board_and_a_dry_run_then_the_move_and_back(house: House) -> None:
    lead = owned(house)
    board = house.revenue.get("/team").json()
    mine = next(row for row in board["reps"] if row["rep"] == str(lead.owner_id))
    assert mine["load"] == 1
    other = next(row["rep"] for row in board["reps"] if row["rep"] != str(lead.owner_id))
    asked = {"leads": [str(lead.pk)], "to": f"rep:{other}", "reason": "holiday", "dry_run": True}
    dry = house.revenue.post("/leads/assign", asked)
    assert (dry.status_code, dry.json()["rows"][0]["foreseen"]) == (200, other)
    assert not Reassignment.objects.exists()
    done = house.revenue.post("/leads/assign", asked | {"dry_run": False})
    assert (done.status_code, done.json()["rows"][0]["result"]) == (201, "moved")
    plan = done.json()["id"]
    assert house.revenue.get(f"/reassignments/{plan}").json()["done_at"]
    back = house.revenue.post(f"/reassignments/{plan}/take-back", {}).json()
    assert back["rows"][0]["result"] == "undone" and str(Lead.objects.get().owner_id) == mine["rep"]


def test_who_does_not_lead_is_refused(house: House) -> None:
    lead = owned(house)
    asked = {"leads": [str(lead.pk)], "to": "rules", "reason": "holiday"}
    assert house.as_lea.post("/leads/assign", asked).status_code == 403
    assert house.as_lea.get("/team").status_code == 403
    assert house.as_lea.get("/reassignments").status_code == 403
    wrong = house.revenue.post("/leads/assign", asked | {"to": "moon"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "no-such-destination")


def test_what_may_be_taken_is_listed_without_contacts_and_a_mistake_goes_back(house: House) -> None:
    Pool.objects.filter(key="everyone").update(claimable=True)
    free = LeadFactory(pool="everyone", company="Acme SAS")
    LeadFactory(pool="another")
    found = house.as_karim.get("/claimable").json()
    (card,) = found["leads"]
    assert (card["id"], card["company"], card["pool"]) == (str(free.pk), "Acme SAS", "everyone")
    assert free.person.name not in str(found) and found["may_give_back"] == []
    left = found["left"]["everyone"]
    assert house.as_karim.post(f"/leads/{free.pk}/claim").status_code == 200
    mine = house.as_karim.get("/claimable").json()
    assert (mine["leads"], mine["left"]["everyone"]) == ([], left - 1)
    assert [row["lead"] for row in mine["may_give_back"]] == [str(free.pk)]
    assert house.as_lea.post(f"/leads/{free.pk}/give-back").status_code == 404
    assert house.as_karim.post(f"/leads/{free.pk}/give-back").status_code == 204
    assert [row["id"] for row in house.as_lea.get("/claimable").json()["leads"]] == [str(free.pk)]
    assert house.executive.get("/claimable").status_code == 403
