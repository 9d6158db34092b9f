"""Somebody with a row in every table that can say something of them, and a canary in every column that can."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction

from capture.models import Submission, Visit, Visitor
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops import moment
from leadops.desk.tests.api_cast import House
from leadops.effects import runner, suppression
from leadops.effects.models import Effect, KeptMail
from leadops.models import Consent, Lead, Lifting, Merge, Opportunity, Person, Suppression, Task, TouchDetail
from leadops.privacy.holdings import HOLDINGS
from leadops.privacy.subject import Subject
from leadops.stalled import Stalled
from leadops.testing import PersonFactory
from leadops.versions.models import Version
from nurture.models import Away, Enrolment
from qualification.models import AnswerNote, FrameworkAnswer
from routing.models import ReassignedLead, Reassignment

MARK = "zzcanary"
EMAIL, NAME, PHONE = f"{MARK}01@acme.example", f"{MARK.title()}02 Delarue", "+33699887701"
# found by the words that name the person, so that a word stands before the canary; or filled when the row is made
BY_WORD = {"leadops_keptmail", "django_admin_log", "routing_reassignment", "leadops_apicall"}
GIVEN = {
    ("leadops_person", "email"), ("leadops_person", "name"), ("leadops_person", "phone"),
    ("leadops_personemail", "folded"), ("leadops_personemail", "email"), ("leadops_matchkey", "value"),
    ("capture_submission", "reason"), ("capture_submission", "body"), ("capture_submission", "delivery_key"),
    ("capture_visitor", "token"), ("leadops_apicall", "key"), ("leadops_decisionfacts", "salt"),
}  # fmt: skip


def somebody(house: House) -> Lead:
    """A lead that lived: asked twice under two addresses, was imported, worked, written to, moved, merged."""
    now, told = moment.now(), {"email": EMAIL, "name": NAME, "phone": PHONE, "message": "Hello", "company": "Acme"}
    made = house.as_lea.post("/leads", {**told, "owner": "me"}, key=f"{EMAIL} first")
    lead = Lead.objects.get(pk=made.json()["id"])
    house.as_lea.post(f"/leads/{lead.pk}/hand-back", {"reason": "wrong_rep", "text": "no"})
    import_source()
    who = ops()
    rows = f"email;nom;téléphone\n{EMAIL};{NAME};{PHONE}\nkept@other.example;Kept Person;\n"
    commit(map_it(send(rows, who), who), who)
    person = lead.person
    alias = PersonFactory(email=f"{MARK}03+news@acme.example", name="", canonical=person)
    Merge.objects.create(winner=person, loser=alias, at=now)
    Consent.objects.create(
        person=person, channel="email", purpose="news", state="given", basis="form", occurred_at=now, recorded_at=now
    )
    old = Suppression.objects.create(digest=suppression.digest_of(EMAIL), channel="email", reason="by_hand", at=now)
    Lifting.objects.create(suppression=old, at=now, why="x")
    TouchDetail.objects.get_or_create(touch=person.touches.first().pk, defaults={"person": person, "message": "x"})
    Opportunity.objects.create(
        lead=lead, owner=house.lea, name="x", state="lost", reason="price", amount_minor=1, currency="EUR",
        opened_at=now, closed_at=now,
    )  # fmt: skip
    Task.objects.create(lead=lead, owner=house.lea, kind="call", due_at=now, text="x", created_at=now, done_at=now)
    Visit.objects.create(
        visitor=Visitor.objects.create(token=b"7" * 32, person=person, stitched_at=now, first_seen_at=now),
        occurred_at=now, recorded_at=now,
    )  # fmt: skip
    card = Version.objects.filter(kind="scorecard")[0]
    answer = FrameworkAnswer.objects.create(
        lead=lead, framework=card, question="need", answer="clear", at=now, recorded_at=now
    )
    AnswerNote.objects.create(answer=answer, text="x")
    letter = Effect.objects.create(
        channel="mail", key="sequence:canary", purpose="sequence", lead=lead, person=person, due_at=now, created_at=now,
        state="failed", error="x",
    )  # fmt: skip
    KeptMail.objects.create(
        to="nobody@acme.example", sender="x", subject="x", text="x", headers={"Message-ID": runner.message_id(letter)},
        at=now,
    )  # fmt: skip
    Enrolment.objects.create(
        lead=lead, person=person, sequence="s", version=card, state="exited", reason="reply", entered_at=now
    )
    Away.objects.create(person=person, back=now.date(), at=now)
    Stalled.objects.create(lead=lead, phase="score", entries=[], doors=[], error="x", at=now)
    moved = Reassignment.objects.create(destination="rules", reason=f"{NAME} asked", planned_at=now)
    ReassignedLead.objects.create(reassignment=moved, lead=lead)
    LogEntry.objects.create(
        user=house.revenue.user, content_type=ContentType.objects.get_for_model(Person), object_id=str(person.pk),
        object_repr="x", action_flag=CHANGE, action_time=now,
    )  # fmt: skip
    set_aside(house, f"pending-{EMAIL}", {"comment": f"from {EMAIL}", "broken": True})
    return lead


def set_aside(house: House, key: str, body: dict[str, Any]) -> Submission:
    """A submission nobody attached to a person, which names one."""
    raw = json.dumps(body).encode()
    return Submission.objects.create(
        source=house.source, delivery_key=key, received_at=moment.now(), body=raw, digest=hashlib.sha256(raw).digest(), headers={},
        end="quarantined", reason="shape",
    )  # fmt: skip


def plant(subject: Subject) -> list[str]:
    """A canary of its own in every personal column of every row; every table must have one. The canaries."""
    planted: list[str] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for holding in HOLDINGS:
            table = holding.model._meta.db_table
            keys = list(holding.rows(subject).values_list("pk", flat=True).distinct())
            assert keys, f"nobody has a row in {table}: it would be erased unseen"
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for column in holding.model._meta.concrete_fields:
                canary = f"{MARK}x{len(planted):03}"
                if _plantable(holding.personal, table, column):
                    value = _value(column, f"{EMAIL} {canary}" if table in BY_WORD else canary, keys[0])
                    holding.model._default_manager.filter(pk=keys[0]).update(**{column.attname: value})
                    planted.append(canary)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return planted


def _plantable(personal: frozenset[str], table: str, column: models.Field) -> bool:
    words = isinstance(column, (models.CharField, models.TextField, models.JSONField, models.BinaryField))
    short = column.max_length is not None and column.max_length < 24 and not isinstance(column, models.BinaryField)
    return (
        column.name in personal and words and not short and not column.primary_key and (table, column.name) not in GIVEN
    )


def _value(column: models.Field, canary: str, key: Any) -> Any:
    if isinstance(column, models.BinaryField):
        return canary.encode()
    return {"fact": canary, "all": [{"fact": canary}]} if isinstance(column, models.JSONField) else canary


def everywhere(word: str) -> dict[str, int]:
    """Table → rows that hold the word, in text or in bytes, in the whole database."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text ILIKE %s OR t::text ILIKE %s",
                [f"%{word}%", f"%{word.encode().hex()}%"],
            )
            (count,) = cursor.fetchone()
            found |= {table: count} if count else {}
    return found
