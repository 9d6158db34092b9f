"""`manage.py erase_person` and `verify_ledger`: what an operator does at the terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from capture import pipeline
from capture.models import Submission
from capture.tests.posting import source
from leadops.models import Lead, Person
from leadops.privacy.models import Erasure
from leadops.shipped import install_defaults

pytestmark = pytest.mark.django_db


def told(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def ada() -> Person:
    install_defaults()
    source("site")
    body = {"email": "Ada@Analytical.example", "name": "Ada Lovelace", "company": "Analytical"}
    assert Client().post("/in/key-site", body, content_type="application/json").status_code == 202
    pipeline.run_batch()
    return Person.objects.get()


def test_a_person_is_erased_from_the_terminal_only_when_meant(ada: Person) -> None:
    with pytest.raises(CommandError, match="say --yes"):
        told("erase_person", "ada@analytical.example")
    for nobody in ("eve@analytical.example", "eve", "01a21a94-0072-70ad-bf3e-ffa718d1d960"):
        with pytest.raises(CommandError):
            told("erase_person", nobody, "--yes")
    assert Person.objects.get().name == "Ada Lovelace"
    assert f"erased {ada.pk}" in told("erase_person", " ada@ANALYTICAL.example", "--yes")
    made = Erasure.objects.get()
    assert (made.reason, made.system) == ("asked", "operator") and Person.objects.get().name == ""
    with pytest.raises(CommandError):
        told("erase_person", str(ada.pk), "--yes")
    assert "balanced: 1 deliveries, 1 leads, 0 pending" in told("verify_ledger")


def test_a_day_that_does_not_balance_is_named(ada: Person) -> None:
    assert "balanced: 1 deliveries" in told("verify_ledger")
    Submission.objects.update(end="touched")  # a lead that nothing brought
    with pytest.raises(CommandError, match=r"1 of 1 days do not balance: .* site"):
        told("verify_ledger")
    assert "balanced: 0" in told("verify_ledger", "--to", "2001-01-01")
    assert Lead.objects.count() == 1
