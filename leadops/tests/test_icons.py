"""Every icon named in Python is drawn in the sprite; templates are checked in test_design."""

from __future__ import annotations

import re

from django.conf import settings

from leadops.desk.context import ITEMS
from leadops.journal import ICONS, Kind


def drawn() -> set[str]:
    return set(re.findall(r'id="([a-z0-9-]+)"', (settings.BASE_DIR / "static/img/icons.svg").read_text()))


def test_every_kind_of_entry_has_an_icon_that_is_drawn():
    assert set(ICONS) == {kind.value for kind in Kind}
    assert set(ICONS.values()) <= drawn()


def test_every_place_of_the_navigation_has_an_icon_that_is_drawn():
    assert {row[2] for row in ITEMS} <= drawn()
