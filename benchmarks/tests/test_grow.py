"""A house too large for the disk is refused before anything is measured."""

from __future__ import annotations

import pytest

from benchmarks import grow
from leadops.tests import running

pytestmark = pytest.mark.django_db


def test_houses_that_do_not_fit_are_named_and_those_that_stand_want_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    url = running.database_url()
    grow.has_room(url, [10, 20])
    monkeypatch.setattr(grow, "BYTES_EACH", 2**60)
    with pytest.raises(SystemExit, match="30 leads want"):
        grow.has_room(url, [10, 20])
    monkeypatch.setattr(grow, "kept", lambda _server, leads: leads == 20)
    with pytest.raises(SystemExit, match="10 leads want"):
        grow.has_room(url, [10, 20])
    monkeypatch.setattr(grow, "kept", lambda _server, _leads: True)
    grow.has_room(url, [10, 20])
