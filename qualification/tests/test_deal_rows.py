"""Deals of a file: read by words and days, set aside with a reason, written once."""

from __future__ import annotations

import pytest

from capture.tests.importing import commit, map_it, ops, send
from leadops.access import Actor
from leadops.journal import JournalEntry, Kind
from leadops.models import Account, ExchangeRate, Opportunity, Rep, User
from leadops.testing import AccountFactory, TeamFactory, rep

pytestmark = pytest.mark.django_db
HEAD = "deal_id;client;owner;stage;amount;currency;opened;closed;reason\n"
COLUMNS = {
    "deal_id": "external_key", "client": "account", "owner": "owner", "stage": "state", "amount": "amount",
    "currency": "currency", "opened": "opened_on", "closed": "closed_on", "reason": "reason",
}  # fmt: skip
SAID = {"won": "Gagnée, Signée", "lost": "Perdue", "reason": "price", "currency": "EUR", "days": "dmy"}


@pytest.fixture
def actor() -> Actor:
    AccountFactory(name="Tour SA", name_folded="tour")
    rep("Léa")
    return ops()


def test_a_french_book_of_deals_is_read_as_it_was_meant(actor: Actor) -> None:
    text = HEAD + (
        "A1;Tour SA;Léa;signée;1 234,50;;01/02/2024;05/03/2024;\n"
        "A2;Tour;LEA@example.com;Perdue;0;;01/02/2024;05/03/2024;Concurrent choisi\n"
        "A3;;;En cours;99;USD;;;\n"
        "A4;;;Perdue;;;;06/03/2024;\n"
    )
    file = map_it(send(text, actor, "deals"), actor, COLUMNS, decimal=",", **SAID)
    assert file.found == {"new": 4}, list(file.faults.values_list())
    assert commit(file, actor).ends == {"new": 4}
    won, lost, still, other = Opportunity.objects.select_related("account", "owner__user").order_by("external_key")
    assert (won.state, won.amount_minor, won.account.name, won.owner.user.name) == ("won", 123450, "Tour SA", "Léa")
    assert (won.opened_at.date().isoformat(), won.closed_at.date().isoformat()) == ("2024-02-01", "2024-03-05")
    assert (lost.state, lost.reason, lost.account, lost.owner) == ("lost", "competitor", won.account, won.owner)
    assert (still.state, still.currency, still.house_minor, still.closed_at) == ("open", "USD", None, None)
    assert (other.reason, other.opened_at) == ("price", other.closed_at)
    told = JournalEntry.objects.filter(kind__in=[Kind.OPPORTUNITY_OPENED, Kind.OPPORTUNITY_WON, Kind.OPPORTUNITY_LOST])
    assert sorted(told.values_list("kind", flat=True)) == ["opportunity_lost"] * 2 + ["opportunity_opened"] * 4 + ["opportunity_won"]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";Tour SA;;Signée;1;;01/02/2024;02/02/2024;", "no-identifier"),
        ("B;Tour SA;;Signée;;;01/02/2024;02/02/2024;", "won-without-amount"),
        ("B;Tour SA;;Signée;1;;01/02/2024;;", "closed-without-day"),
        ("B;Tour SA;;Signée;1;;02/02/2024;01/02/2024;", "closed-before-opened"),
        ("B;Tour SA;;Signée;1;;02/02/2024;01/02/2999;", "day-to-come"),
        ("B;Tour SA;;Signée;1;;31/02/2024;01/03/2024;", "day-unreadable"),
        ("B;Tour SA;;Signée;a lot;;01/02/2024;02/02/2024;", "amount-unreadable"),
        ("B;Tour SA;;Signée;-5;;01/02/2024;02/02/2024;", "amount-unreadable"),
        ("B;Tour SA;;Signée;1;XXQ;01/02/2024;02/02/2024;", "currency-unknown"),
        ("B;Nobody Ltd;;Signée;1;;01/02/2024;02/02/2024;", "unknown-account"),
        ("B;Tour SA;Nobody;Signée;1;;01/02/2024;02/02/2024;", "unknown-owner"),
        ("B;Tour SA", "shape"),
    ],
)
def test_a_row_that_cannot_be_a_deal_is_set_aside_with_its_reason(row: str, reason: str, actor: Actor) -> None:
    good = "A;Tour SA;Léa;Signée;1;;01/02/2024;02/02/2024;\n"
    file = map_it(send(f"{HEAD}{good}{row}\n", actor, "deals"), actor, COLUMNS, **SAID)
    assert file.found == {"new": 1, "bad": 1}
    assert commit(file, actor).ends == {"new": 1, "bad": 1}
    assert [(fault.row, fault.reason) for fault in file.faults.all()] == [(3, reason)]
    assert list(Opportunity.objects.values_list("external_key", flat=True)) == ["A"]


def test_the_same_deals_in_another_file_are_left_as_they_are(actor: Actor) -> None:
    text = HEAD + "A;Tour SA;Léa;Signée;1;;01/02/2024;02/02/2024;\n"
    commit(map_it(send(text, actor, "deals"), actor, COLUMNS, **SAID), actor)
    again = map_it(send(text + "A;Tour SA;Léa;Perdue;9;;01/02/2024;02/02/2024;\n", actor, "deals"), actor, COLUMNS, **SAID)  # fmt: skip
    assert again.found == {"known": 1, "duplicate": 1}
    assert commit(again, actor).ends == {"known": 2}
    assert Opportunity.objects.get().state == "won"


def test_missing_accounts_and_former_reps_are_made_only_when_asked(actor: Actor) -> None:
    TeamFactory(key="old")
    text = HEAD + "A;New Co;Moses Frase;Signée;1;;01/02/2024;02/02/2024;\nB;NEW CO SAS;moses frase;x;;;;;\n"
    file = map_it(send(text, actor, "deals"), actor, COLUMNS, create_accounts=True, agents="create", team="old", **SAID)
    assert file.found == {"new": 2}
    assert commit(file, actor).ends == {"new": 2}
    user = User.objects.get(email="moses.frase@former-rep.invalid")
    assert not user.is_active and not user.has_usable_password()
    assert not Rep.objects.get(pk=user.pk).active
    assert Account.objects.filter(name_folded="new").count() == 1
    assert set(Opportunity.objects.values_list("owner", flat=True)) == {user.pk}


def test_another_currency_is_converted_at_the_rate_of_its_day(actor: Actor) -> None:
    ExchangeRate.objects.create(currency="USD", day="2024-02-01", rate="0.5", recorded_at=Account.objects.get().created_at)  # fmt: skip
    text = HEAD + "A;;;Signée;10;USD;01/02/2024;03/02/2024;\nB;;;x;10;USD;01/01/2024;;\n"
    commit(map_it(send(text, actor, "deals"), actor, COLUMNS, **SAID), actor)
    first, second = Opportunity.objects.order_by("external_key")
    assert (first.house_minor, str(first.rate_on), second.house_minor) == (500, "2024-02-01", None)
