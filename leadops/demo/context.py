"""What every page of the demo shows above itself: how far the past is told, and the tour. Decides nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from leadops.demo import models, tour
from leadops.demo.models import Demo


def strip(request: HttpRequest) -> dict[str, Any]:
    """Nothing outside demo mode; one query in it."""
    if settings.MODE != "demo" or getattr(request, "htmx", False):
        return {}
    demo = models.current()
    if demo is None:
        return {}
    actor = getattr(request, "actor", None)
    card = tour.card_for(request, actor) if actor is not None and demo.state == Demo.State.LIVE else None
    return {"demo": demo, "demo_building": demo.state == Demo.State.PLAYING, "tour": card}
