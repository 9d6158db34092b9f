"""Copied leads are what the services would have written: column by column, and to the services themselves."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Sum

from benchmarks import copies, house, patterns, stories
from benchmarks.patterns import Pattern, Word
from capture.models import Submission
from leadops import moment, work
from leadops.access import SYSTEM
from leadops.decisions import Decision, DecisionFacts, canonical, digest_of
from leadops.demo.arrivals import EACH_DAY, EACH_HOUR, PARIS
from leadops.journal import JournalEntry
from leadops.models import Account, Lead, Person
from leadops.tests import kept_rows
from leadops.unit import Unit, in_unit
from reports import facts
from reports.models import LeadFact
from routing.models import PoolCredit

COPIES = 200
NOISE = re.compile(r"::(character varying|text)|[][()]")  # a condition read back has its casts elsewhere


@dataclass(slots=True)
class Twin(stories.Life):
    """A copied life, told as if it had been lived."""

    company: int = 0

    @property
    def firm(self) -> int:
        return self.company


@pytest.fixture
def lived(db: None, django_user_model: object) -> list[Pattern]:
    """One life of each story, and copies of them in the year before."""
    found: list[Pattern] = kept_rows.once("lived", live)
    return found


def live() -> list[Pattern]:
    house.furnish()
    stories.furnish()
    now = moment.now()
    lives = stories.live(1, now - timedelta(days=1))
    facts.rebuild()
    made = [patterns.pattern_of(life, share) for life, share in lives]
    copies.write(made, COPIES, now - timedelta(days=365), now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")
    return made


def twin_of(pattern: Pattern, place: int) -> Twin:
    """A copy of this life that its company came with first."""
    mine = Lead.objects.filter(submission__isnull=False).exclude(pk=pattern.life.lead)
    found = [lead for lead in mine.select_related("person").order_by("pk") if _place(lead) == place]
    lead = found[0]
    number = int(lead.person.email.split("@")[0].removeprefix("ada"))
    company = int(lead.company.removeprefix("Company "))
    sent = list(Submission.objects.filter(lead=lead).order_by("pk").values_list("pk", flat=True))
    return Twin(number - stories.FIRST, pattern.life.source, lead.received_at, sent, lead.pk, company)


def _place(lead: Lead) -> int:
    """Which life it is a copy of: a copy's id says so."""
    return (lead.pk.int >> 64) % 4096


def plain(pattern: Pattern) -> dict[str, tuple[list[bytes], list[str]]]:
    """The rows with what differs named by its place alone: equal for a life and its copy."""
    born = (pattern.life.born_at - patterns.ZERO) // timedelta(microseconds=1)
    digests = {word: str(i) for i, word in enumerate(pattern.hashed)}

    def told(word: Word) -> str:
        match word.kind:
            case "at":
                return f"at {word.what - born}"
            case "day":
                return f"day {(date.fromisoformat(word.what) - pattern.life.born_at.date()).days}"
            case "date":
                return f"date {word.what - born // copies.DAY}"
        return f"{word.kind} {digests.get(word, word.what)}"

    texts = {model._meta.db_table: text for model, text in pattern.rows.items()}
    texts |= {f"digest {digests[word]}": text for word, (_salt, text) in pattern.hashed.items()}
    return {name: (list(text.parts), [told(word) for word in text.gaps]) for name, text in texts.items()}


def test_a_copy_equals_what_the_services_wrote_column_by_column(lived: list[Pattern]) -> None:
    for place, pattern in enumerate(lived):
        copied = patterns.pattern_of(twin_of(pattern, place), pattern.share)
        mine, theirs = plain(pattern), plain(copied)
        assert mine.keys() == theirs.keys()
        for table in mine:
            assert mine[table] == theirs[table], (place, table)
        assert {"leadops_lead", "leadops_person", "leadops_journalentry", "capture_submission"} <= mine.keys()


def test_copied_facts_and_their_sums_are_what_a_rebuild_gives(lived: list[Pattern]) -> None:
    assert LeadFact.objects.count() == Lead.objects.count()
    before = told_by_facts()
    facts.rebuild()
    assert told_by_facts() == before


def told_by_facts() -> dict[str, list[str]]:
    found = {}
    for table in ("reports_leadfact", "reports_askingfact", *facts.SUMS):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT (to_jsonb(t) - 'id')::text FROM {table} t ORDER BY 1")
            found[table] = [row for (row,) in cursor.fetchall()]
        assert found[table], table
    return found


def test_a_copy_shares_nothing_that_names_a_person(lived: list[Pattern]) -> None:
    assert Lead.objects.count() == COPIES + len(lived) == Person.objects.count()
    for pattern in lived:
        assert Person.objects.filter(email__contains=str(pattern.life.person)).count() == 1
        assert Submission.objects.filter(delivery_key__contains=str(pattern.life.person)).count() == len(
            pattern.life.submissions
        )


def test_every_table_of_a_lead_or_person_is_copied() -> None:
    known = set(patterns.tables())
    for model in apps.get_models():
        points = {f.related_model for f in model._meta.concrete_fields if f.is_relation}
        if points & {Lead, Person, Account, Submission} and not model._meta.proxy:
            assert model in known, model


def test_no_copied_row_points_at_nothing(lived: list[Pattern]) -> None:
    for model in patterns.tables():
        for key in [f for f in model._meta.concrete_fields if f.is_relation]:
            target = key.related_model
            with connection.cursor() as cursor:
                cursor.execute(
                    f'SELECT count(*) FROM "{model._meta.db_table}" a WHERE a."{key.column}" IS NOT NULL AND NOT EXISTS '
                    f'(SELECT 1 FROM "{target._meta.db_table}" b WHERE b."{target._meta.pk.column}" = a."{key.column}")'
                )
                assert cursor.fetchone() == (0,), (model, key.name)


def test_digests_cover_what_the_copies_say(lived: list[Pattern]) -> None:
    for row in Submission.objects.all():
        assert hashlib.sha256(bytes(row.body)).digest() == bytes(row.digest)
    seen = {row.decision: row for row in DecisionFacts.objects.all()}
    for made in Decision.objects.all():
        its = seen[made.pk]
        assert digest_of(bytes(its.salt), canonical(its.facts)) == bytes(made.digest)


def test_the_queue_and_the_turns_are_what_a_recount_gives(lived: list[Pattern]) -> None:
    def recount(unit: Unit) -> list[work.Work]:
        return work.rows_for(list(Lead.objects.all()), unit)

    names = ("lead_id", "owner_id", "due_at", "reason", "heat", "wakes_at", "waiting_on", "score_band", "since")
    due = {tuple(getattr(row, n) for n in names) for row in in_unit(recount, actor=SYSTEM)}
    assert due == set(work.Work.objects.values_list(*names))
    for row in PoolCredit.objects.all():
        total = row.pool.entries.filter(rep=row.rep).aggregate(sum=Sum("delta"))["sum"]
        assert row.credit == total


def test_the_services_go_on_from_a_copy(lived: list[Pattern]) -> None:
    place = next(i for i, story in enumerate(stories.STORIES) if story[0] == "qualified")
    life = twin_of(lived[place], place)
    before = JournalEntry.objects.count()
    stories.opened(life)
    stories.won(life)
    assert Lead.objects.get(pk=life.lead).stage == "won"
    assert JournalEntry.objects.count() > before
    fresh = stories.Life(999, life.source, moment.now())
    fresh.post()
    assert Lead.objects.get(pk=fresh.lead).owner_id


def test_copies_are_spread_over_the_span_and_none_is_of_tomorrow(lived: list[Pattern]) -> None:
    now = moment.now()
    copied = Lead.objects.exclude(pk__in=[pattern.life.lead for pattern in lived])
    received = list(copied.values_list("received_at", flat=True))
    assert min(received) < now - timedelta(days=330) and max(received) < now
    assert JournalEntry.objects.filter(at__gt=now).count() == 0
    halves: list[datetime] = [at for at in received if at > now - timedelta(days=200)]
    assert 0.3 * COPIES < len(halves) < 0.7 * COPIES


def test_lives_begin_when_the_demo_company_is_asked() -> None:
    since = datetime(2026, 2, 4, 15, tzinfo=UTC)
    born = [at.astimezone(PARIS) for at in stories.births(600, since)]
    assert born == sorted(born) and born[0] > since and born[-1] - born[0] < timedelta(days=7)
    assert {at.weekday() for at in born} == set(range(7))
    weekend = sum(at.weekday() > 4 for at in born) / len(born)
    assert abs(weekend - sum(EACH_DAY[5:]) / sum(EACH_DAY)) < 0.01
    for hour, weight in enumerate(EACH_HOUR):
        assert abs(sum(at.hour == hour for at in born) / len(born) - weight / sum(EACH_HOUR)) < 0.015


def test_a_copy_lives_on_the_same_days_of_the_week_at_the_same_hours(lived: list[Pattern]) -> None:
    born = {(life.life.born_at.weekday(), life.life.born_at.time()) for life in lived}
    assert {(at.weekday(), at.time()) for at in Lead.objects.values_list("received_at", flat=True)} == born


@pytest.mark.django_db(transaction=True)
def test_many_are_written_side_by_side_and_their_indexes_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    house.furnish()
    stories.furnish()
    now = moment.now()
    lives = stories.live(1, now - timedelta(days=1))
    facts.rebuild()
    made = [patterns.pattern_of(life, share) for life, share in lives]
    before = indexes()
    monkeypatch.setattr(copies, "MANY", 1)
    monkeypatch.setattr(copies, "ONE_PART", 4)
    copies.write(made, 100, now - timedelta(days=365), now)
    assert Lead.objects.count() == 100 + len(made)
    assert indexes() == before
    assert facts.next_due(moment.now()) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('leadops_journalentry', 'id'))")
        assert cursor.fetchone()[0] > JournalEntry.objects.latest("pk").pk


def indexes() -> set[tuple[str, ...]]:
    """Every index, key and reference of the schema, as it would be written anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
            " SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) || convalidated FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
        return {(name, NOISE.sub("", told)) for name, told in cursor.fetchall()}
