"""How much one sender or one source may send; the buckets are `leadops.limit`'s."""

from __future__ import annotations

from django.conf import settings

from leadops.limit import Limit

PER_SOURCE = Limit(2 * settings.INTAKE_PER_SECOND, 2)  # a second's worth may arrive at once on top of the flow
BAD_SIGNATURES = Limit(20, 60)  # per address; beyond, refused before the body is read
FORM_PER_ADDRESS = Limit(10, 60)
FORM_PER_FORM = Limit(50, 10)
# Beyond the two above posts are kept aside for review, beyond five times as many they are asked to wait.
FLOOD_PER_ADDRESS = Limit(50, 60)
FLOOD_PER_FORM = Limit(250, 10)
FLOODS = (FLOOD_PER_ADDRESS, FLOOD_PER_FORM)


def forget_all() -> None:
    """Every bucket full again (tests)."""
    for limit in (PER_SOURCE, BAD_SIGNATURES, FORM_PER_ADDRESS, FORM_PER_FORM, *FLOODS):
        limit.forget()
