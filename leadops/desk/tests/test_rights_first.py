"""Who may not, or is not signed in, is told so before anything else is looked at."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from leadops.desk.tests.api_cast import House

pytestmark = pytest.mark.django_db


def test_a_territory_is_refused_for_its_right_before_its_shape(house: House) -> None:
    assert house.as_lea.post("/territories", {"nonsense": 1}).status_code == 403
    assert house.revenue.post("/territories", {"nonsense": 1}).status_code == 422


def test_a_clock_asks_a_visitor_to_sign_in() -> None:
    answer = Client().get(f"/sla/clocks/{uuid.uuid4()}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=/sla/clocks/")
