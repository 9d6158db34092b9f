"""Each story of docs/demo.md stands in the figures of the screen it names; told once, at full size by the proof."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from capture.models import Import
from leadops import moment
from leadops.demo import arrivals, company, plants, play
from leadops.effects.models import Effect
from leadops.models import Lead, Opportunity, Rep, Task, User
from leadops.tests.scale import sized
from leadops.versions.models import Version
from leadops.work import Work
from nurture.models import Enrolment
from routing import services as routing
from routing.models import Assignment, Clock, Reassignment

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
UNTIL = datetime(2026, 11, 26, 14, tzinfo=UTC)
DAYS, LEADS = sized(42, 90), sized(900, 6000)
FULL = DAYS == 90


def counted(said: str) -> None:
    """As autovacuum would, every few days: all is one transaction here, of which it sees nothing."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.fixture(scope="module", autouse=True)
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One telling for all of these tests, undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo = company.found(7, LEADS, DAYS, UNTIL, "not-a-password")
        play.play(demo, say=counted)
        with moment.at(UNTIL):
            yield
        transaction.set_rollback(True)


def rep_of(name: str) -> Rep:
    return Rep.objects.get(user=plants.person(name))


def page(who: str, address: str) -> str:
    client = Client()
    client.force_login(plants.person(who))
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return answer.content.decode()


def figures(who: str, address: str, **query: str) -> Any:
    client = Client()
    client.force_login(plants.person(who))
    answer = client.get(f"/api/v1/{address}", query)
    assert answer.status_code == 200, f"{address}: {answer.content[:300]!r}"
    return answer.json()


def span(start: datetime, days: int) -> dict[str, str]:
    last = start + timedelta(days=days - 1)
    return {"period": "custom", "first_day": start.date().isoformat(), "last_day": last.date().isoformat()}


def test_1_three_days_of_a_rule_above_the_others_were_late(told):
    bad = plants.workday(UNTIL - timedelta(days=16))
    shown = page("ines", reverse("routing:show_rules"))
    assert "Spécialistes Google Ads" in shown and "Retour aux règles d’avant" in shown
    late = figures("nadia", "reports/response", **span(bad, 3))["total"]
    good = figures("nadia", "reports/response", **span(bad - timedelta(days=7), 3))["total"]
    assert late["share_within_five"] < good["share_within_five"]
    assert late["median_seconds"] > good["median_seconds"]


def test_2_karim_is_away_and_what_he_holds_is_late(told):
    karim = rep_of("karim")
    assert karim.absences.state_at(UNTIL).exists()
    late = figures("nadia", "leads", owner=str(karim.pk), open="true", overdue="true")
    assert len(late["results"]) >= sized(1, 8)
    assert "Karim" in page("nadia", reverse("routing:show_team"))


def test_3_linkedin_is_cheap_and_rarely_wins(told):
    rows = {
        row["key"]: row
        for row in figures("paul", "reports/sources", **span(UNTIL - timedelta(days=DAYS), DAYS))["rows"]
    }
    linkedin, website = rows["linkedin"], rows["website"]
    assert linkedin["cost_per_lead_minor"] < min(
        rows[key]["cost_per_lead_minor"] for key in ("google-ads", "website", "partner")
    )
    assert linkedin["won"] / linkedin["leads"] < website["won"] / website["leads"] / 2


@pytest.mark.proof  # six weeks to pay: told in full by the proof alone
def test_3_webinars_earn_most_for_their_money(told):
    rows = figures("paul", "reports/sources", **span(UNTIL - timedelta(days=90), 90))["rows"]
    assert max((row for row in rows if row["roi"] is not None), key=lambda row: row["roi"])["key"] == "webinar"


def test_4_the_badge_file_held_sixty_people_twice(told):
    file = Import.objects.get(name="badges-salon-lyon.csv")
    shown = page("hugo", reverse("capture:show_import", args=[file.pk]))
    assert "badges-salon-lyon.csv" in shown
    assert Lead.objects.filter(person__emails__email__startswith="badge").distinct().count() == 60


def test_8_the_comparator_said_nothing_for_three_working_days(told):
    start = arrivals.silent_from(UNTIL)
    over = start + arrivals.SILENT[2]
    rows = Lead.objects.filter(source="comparator")
    assert not rows.filter(received_at__gte=start, received_at__lt=over).exists()
    assert rows.filter(received_at__lt=start).exists() and rows.filter(received_at__gt=over).exists()
    if FULL:  # rates of a house this small are too low to call anything strange
        unusual = [row["source"] for row in figures("hugo", "sources/health") if (row["silence"] or {}).get("unusual")]
        assert unusual == ["comparator"]


def test_9_what_comes_to_lyon_out_of_hours_waits_until_somebody_is_there(told):
    rows = Assignment.objects.filter(lead__source="event-lyon").select_related("lead")
    first = {row.lead_id: row for row in rows.order_by("lead", "-started_at")}.values()
    waited = [row.started_at - row.lead.received_at > timedelta(hours=8) for row in first]
    assert any(waited) and not all(waited)
    for row in first:
        here = row.started_at.astimezone(arrivals.PARIS)
        assert here.weekday() < 5 and (8, 30) <= (here.hour, here.minute) <= (18, 5), here


def test_10_thomas_left_and_holds_nothing(told):
    thomas = plants.person("thomas")
    assert not thomas.is_active and not figures("nadia", "leads", owner=str(thomas.pk), open="true")["results"]


def test_11_letters_go_to_who_is_not_reached_and_to_who_rests(told):
    assert "unreached" in page("hugo", reverse("nurture:list_sequences"))
    for key in ("unreached", "resting"):
        states = set(Enrolment.objects.filter(sequence=key).values_list("state", flat=True))
        assert "active" in states, key
    assert Enrolment.objects.filter(sequence="unreached", state__in=("exited", "finished")).exists()
    assert Task.objects.filter(kind="call", created_by=None).exists(), "a call after letters without an answer"


def test_11_letters_of_the_last_working_days_are_in_the_mailbox(told):
    letters = Effect.objects.filter(person__isnull=False, state="sent", sent_at__lte=UNTIL)
    assert letters.exists()
    assert not Effect.objects.filter(state="planned", due_at__lte=UNTIL, user__isnull=False).exists()


@pytest.mark.parametrize("name", ["lea", "sofia", "marc", "emily"])
def test_a_rep_begins_with_a_list_one_can_clear(told, name):
    rows = Work.objects.filter(owner=rep_of(name), wakes_at=None, waiting_on="us")
    assert rows.count() <= sized(15, 20) and rows.filter(due_at__lte=UNTIL).count() <= 4


def test_12_promises_are_kept_broken_and_still_to_come(told):
    clocks = Clock.objects.filter(kind="follow_up")
    assert clocks.filter(state="met", breached_at=None).exists() and clocks.filter(breached_at__isnull=False).exists()
    assert Task.objects.filter(kind="callback", done_at=None, due_at__gte=UNTIL - timedelta(days=3)).exists()


def test_13_a_leave_that_was_prepared_and_one_to_come(told):
    made = Reassignment.objects.get(reason="absence:leave")
    assert made.done_at is not None and made.rows.filter(result="moved").exists()
    assert "Noémie" in page("olivier", reverse("routing:show_reassignment", args=[made.pk]))
    shown = page("nadia", reverse("routing:absence", args=[rep_of("sofia").pk]))
    assert "Sofia" in shown


def test_14_who_rested_comes_back_and_some_buy(told):
    again = Lead.objects.filter(cycle__gt=1)
    assert again.exists() and Lead.objects.filter(stage="recycled").exists()
    if FULL:
        assert Opportunity.objects.filter(lead__in=again, state="won").exists()


def test_15_a_hot_request_has_an_owner_at_any_hour_of_the_week(told):
    facts = {"source": "website", "country": "FR", "employees": 60, "hand_raiser": True}
    on_duty: dict[str, int] = {}
    for hour in range(24 * 7):
        at = UNTIL + timedelta(hours=hour)
        with moment.at(at):
            outcome = routing.preview(facts, at)["outcome"]
        assert outcome["kind"] == "assigned", f"nobody at {at:%a %H:%M}: {outcome}"
        name = User.objects.get(pk=outcome["rep"]).name
        on_duty[name] = on_duty.get(name, 0) + 1
    assert set(on_duty) == {"Léa Martin", "Emily Clark"} and min(on_duty.values()) > 40, "it follows the sun"


def test_the_minutes_to_a_first_answer_are_spread_as_in_life(told):
    bands = figures("nadia", "reports/response", **span(UNTIL - timedelta(days=28), 28))["total"]["bands"]
    assert min(bands[key] for key in ("within_5", "5_15", "15_60", "60_plus")) > 0.03 * sum(bands.values())


def test_what_was_planted_is_there(told):
    versions = Version.objects.filter(kind="ruleset", key="house")
    assert versions.count() == 4, "shipped, the house's, the one that misrouted, and back"
    misrouted = Lead.objects.filter(pool="montreal", country__in=["FR", "BE", "CH"])
    assert misrouted.exists()
    assert rep_of("karim").absences.state_at(UNTIL).exists()
    thomas = plants.person("thomas")
    assert not thomas.is_active and not Lead.objects.filter(owner=thomas.pk, stage__in=("mql", "sal", "sql")).exists()
