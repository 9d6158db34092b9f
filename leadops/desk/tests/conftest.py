"""Fixtures of the desk's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leadops.desk.tests.api_cast import House


@pytest.fixture
def house(db: None) -> Iterator[House]:
    yield House()
