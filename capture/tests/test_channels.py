"""The channel table on the desk: drafted rule by rule, put in order, published with a reason; costs of a source."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from capture.attribution import KEY, KIND
from capture.models import Cost
from capture.tests.batch import run, submit
from leadops import moment
from leadops.models import Lead
from leadops.shipped import install_defaults
from leadops.testing import SourceFactory, member
from leadops.versions import services as versions
from leadops.versions.models import Version

pytestmark = [pytest.mark.django_db, pytest.mark.urls("capture.tests.desk_urls")]
TABLE = "/sources/channels"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="leadops.desk.signin.EmailBackend")
    return client


@pytest.fixture
def ops() -> Client:
    install_defaults()
    return signed_in(member("Mona", "marketing_ops", language="en"))


def typed(value: str = "salon", **more: str) -> dict[str, str]:
    """A rule as a browser without JavaScript posts it."""
    row = {"when-mode": "all", "when-0-field": "utm_source", "when-0-op": "eq", "when-0-value": value}
    return {**row, "label_fr": "Salon de Lyon", "label_en": "Lyon fair", "channel": "events", "_save": "1", **more}


def in_force() -> Version:
    found = versions.version_at(KIND, KEY, moment.now())
    assert found is not None
    return found


def draft() -> Version:
    return Version.objects.get(kind=KIND, key=KEY, state="draft")


def test_marketing_ops_adds_a_rule_publishes_it_with_a_reason_and_the_next_lead_is_classified_by_it(
    ops: Client,
) -> None:
    channel = in_force().body["channels"][0]["code"]
    before = in_force().pk
    assert ops.post(TABLE).status_code == 302
    assert ops.post(f"{TABLE}/rules/new", typed(channel=channel)).status_code == 302
    assert in_force().pk == before, "a draft changes nothing"
    assert draft().body["rules"][0]["key"] == "lyon_fair"
    unreasoned = ops.post(f"{TABLE}/publish", {"reason": " "})
    assert unreasoned.status_code == 422 and in_force().pk == before
    assert ops.post(f"{TABLE}/publish", {"reason": "The fair in Lyon."}).status_code == 302
    assert (in_force().reason, in_force().body["rules"][0]["channel"]) == ("The fair in Lyon.", channel)
    submit({"email": "a@x.fr", "utm_source": "Salon"}, SourceFactory(slug="site"), at=moment.now())
    run(moment.now())
    assert Lead.objects.get().channel == channel


def test_rules_stand_in_the_order_of_the_numbers_typed_and_can_be_removed(ops: Client) -> None:
    ops.post(TABLE)
    keys = [rule["key"] for rule in draft().body["rules"]]
    places = {f"place-{key}": str(n) for n, key in enumerate(keys, 1)} | {f"place-{keys[2]}": "0.5"}
    assert ops.post(f"{TABLE}/order", places).status_code == 302
    assert [rule["key"] for rule in draft().body["rules"]][:3] == [keys[2], keys[0], keys[1]]
    assert ops.post(f"{TABLE}/order", {**places, f"place-{keys[0]}": "first"}).status_code == 422
    assert ops.post(f"{TABLE}/rules/{keys[0]}", {"_remove": "1"}).status_code == 302
    assert keys[0] not in {rule["key"] for rule in draft().body["rules"]}


def test_a_condition_still_being_built_is_shown_again_and_nothing_is_kept(ops: Client) -> None:
    ops.post(TABLE)
    before = draft().body
    answer = ops.post(f"{TABLE}/rules/new", {**typed(), "when-do": "add-row:"})
    assert answer.status_code == 422 and draft().body == before
    wrong = ops.post(f"{TABLE}/rules/new", typed(channel="nowhere"))
    assert wrong.status_code == 422 and draft().body == before


@pytest.mark.parametrize(("role", "read"), [("manager", 200), ("executive", 403)])
def test_who_may_not_edit_the_table_does_not(ops: Client, role: str, read: int) -> None:
    other = signed_in(member("Omar", role))
    assert other.get(TABLE).status_code == read
    ops.post(TABLE)
    for path, sent in [("", {}), ("/publish", {"reason": "x"}), ("/order", {}), ("/rules/new", typed())]:
        assert other.post(TABLE + path, sent).status_code == 403
    assert other.get(f"{TABLE}/rules/new").status_code == 403


@pytest.mark.parametrize(("language", "words"), [("fr", "Premier jour"), ("en", "First day")])
def test_a_source_has_costs_of_its_own(language: str, words: str) -> None:
    client, source = signed_in(member("Mona", "marketing_ops", language=language)), SourceFactory(slug="fair")
    path = f"/sources/{source.pk}"
    assert words in client.get(path).content.decode()
    sent = {"from_on": "2026-03-01", "to_on": "2026-03-31", "amount": "900"}
    assert client.post(path, sent).status_code == 302
    assert list(Cost.objects.values_list("source__slug", "amount_minor")) == [("fair", 90000)]
    assert client.post(path, {**sent, "amount": "-1"}).status_code == 422


def test_a_paused_source_says_what_becomes_of_what_it_receives(ops: Client) -> None:
    source = SourceFactory(slug="fair", state="paused")
    assert "stored and answered" in ops.get(f"/sources/{source.pk}").content.decode()
