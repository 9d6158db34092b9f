"""Erases what the demo made and what descends from it; what a visitor sent stays, with everything it needs.

The mark is the delivery: every submission of the told past and of the trickle carries the demo's own id. A lead goes when
nothing but such submissions made and touched it; a person and an account when no other lead needs them. People, teams,
sources and rules of the company stay: somebody has to answer the leads that stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capture.models import Cost, Import, Submission
from leadops import access
from leadops.access import WHOLE_HOUSE, Actor
from leadops.decisions import Decision, DecisionBatch
from leadops.demo import fair
from leadops.demo.arrivals import marks
from leadops.demo.models import Demo
from leadops.effects.models import Effect, KeptMail, Notice
from leadops.errors import Refused
from leadops.models import Account, Lead, Person, PersonEmail
from nurture.models import GroupEnrolment, GroupMember
from reports import facts
from routing import workload
from routing.models import CreditEntry, Departure, ReassignedLead, Reassignment

TOGETHER = 5000
Doomed = dict[type[models.Model], set[Any]]


def erase(typed: str, actor: Actor) -> int:
    """Remove it all in one transaction; how many leads went. `typed` is the word the page asks for."""
    access.require(actor, "run_operations", WHOLE_HOUSE)
    if typed.strip().casefold() not in ("effacer", "erase"):
        raise Refused("not-confirmed", _("Type the word to confirm. Nothing was erased."))
    with transaction.atomic():
        demo = Demo.objects.select_for_update().filter(pk=1).first()
        if demo is None or demo.state != Demo.State.LIVE:
            raise Refused("demo-not-live", _("The demo is still being built, or was erased already."), status=409)
        doomed = _doomed(demo)
        _remove(doomed)
        Demo.objects.filter(pk=1).update(state=Demo.State.ERASED, wanted=0)
    facts.rebuild()  # the reports' own rows follow the journal, of which much is gone
    return len(doomed[Lead])


def _doomed(demo: Demo) -> Doomed:
    """Rows by model: leads, people and accounts of the demo alone, and everything that belongs to them."""
    doomed: Doomed = defaultdict(set)
    made_here = Q(delivery_key__startswith=f"f:{fair.digest()}:")
    for mark in marks():
        made_here |= Q(delivery_key__startswith=mark)
    marked = Submission.objects.filter(made_here)
    others = Submission.objects.exclude(made_here).filter(lead__isnull=False)
    doomed[Submission] = set(marked.values_list("pk", flat=True))
    leads = set(marked.filter(lead__isnull=False).values_list("lead", flat=True))
    doomed[Lead] = leads - set(others.values_list("lead", flat=True))
    kept = Lead.objects.exclude(pk__in=doomed[Lead])
    people = set(Lead.objects.filter(pk__in=doomed[Lead]).values_list("person", flat=True))
    doomed[Person] = people - set(kept.values_list("person", flat=True))
    accounts = set(Lead.objects.filter(pk__in=doomed[Lead], account__isnull=False).values_list("account", flat=True))
    doomed[Account] = accounts - set(kept.filter(account__isnull=False).values_list("account", flat=True))
    spared = Submission.objects.filter(lead__in=kept.values("pk"))
    doomed[Submission] -= set(spared.values_list("pk", flat=True))
    files = Import.objects.filter(digest=bytes.fromhex(fair.digest()))
    doomed[Import] = set(files.values_list("pk", flat=True)) - set(spared.values_list("file", flat=True))
    _descend(doomed)
    _empty_lists(doomed)
    _of_nobody(doomed, demo)
    doomed[Cost] = set(Cost.objects.filter(note="demo").values_list("pk", flat=True))
    turns = CreditEntry.objects.filter(lead__isnull=True) | CreditEntry.objects.filter(lead__in=doomed[Lead])
    doomed[CreditEntry] |= set(turns.values_list("pk", flat=True))
    return doomed


def _empty_lists(doomed: Doomed) -> None:
    """What decided about, moved or enrolled leads together, and has none of them left."""
    for parent, child, column in LISTS:
        gone = child._default_manager.filter(pk__in=doomed[child])
        left = child._default_manager.exclude(pk__in=doomed[child])
        emptied = set(gone.values_list(column, flat=True)) - set(left.values_list(column, flat=True))
        doomed[parent] |= emptied - {None}
    # a rep somebody switched off stays on record, and with it the plan that moved their leads
    doomed[Reassignment] -= set(Departure.objects.filter(plan__isnull=False).values_list("plan", flat=True))


LISTS: tuple[tuple[type[models.Model], type[models.Model], str], ...] = (
    (DecisionBatch, Decision, "batch"),
    (Reassignment, ReassignedLead, "reassignment"),
    (GroupEnrolment, GroupMember, "group"),
)


def _of_nobody(doomed: Doomed, demo: Demo) -> None:
    """Digests of the told past, which name no lead, and mails kept for people who go."""
    notices = Notice.objects.filter(lead=None, at__gte=demo.from_at, at__lt=demo.until)
    doomed[Notice] |= set(notices.values_list("pk", flat=True))
    mails = Effect.objects.filter(lead=None, person=None, created_at__gte=demo.from_at, created_at__lt=demo.until)
    doomed[Effect] |= set(mails.values_list("pk", flat=True))
    addresses = PersonEmail.objects.filter(person__in=doomed[Person]).values_list("email", flat=True)
    doomed[KeptMail] = set(KeptMail.objects.filter(to__in=set(addresses)).values_list("pk", flat=True))


def _descend(doomed: Doomed) -> None:
    """Follow the foreign keys downwards until nothing new is found."""
    fresh: Doomed = {model: set(keys) for model, keys in doomed.items()}
    while fresh:
        found: Doomed = defaultdict(set)
        for model, keys in fresh.items():
            for child, column in _children(model):
                found[child] |= set(_pointing(child, column, keys)) - doomed[child]
        for model, keys in found.items():
            doomed[model] |= keys
        fresh = {model: keys for model, keys in found.items() if keys}


def _children(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    for child in apps.get_models(include_auto_created=True):
        for field in child._meta.concrete_fields:
            if (
                isinstance(field, models.ForeignKey)
                and field.related_model is model
                and child not in (Lead, Person, Account)
            ):
                yield child, field.attname


def _pointing(child: type[models.Model], column: str, keys: Iterable[Any]) -> Iterator[Any]:
    for some in _slices(sorted(keys)):
        yield from child._base_manager.filter(**{f"{column}__in": some}).values_list("pk", flat=True)


def _slices(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), TOGETHER):
        yield keys[start : start + TOGETHER]


def _remove(doomed: Doomed) -> None:
    """Delete with the guards of these tables off; every reference is checked before they are on again."""
    tables = {model: connection.ops.quote_name(model._meta.db_table) for model, keys in doomed.items() if keys}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no trigger may be waiting when a table is altered
        for table in tables.values():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for model, table in tables.items():
            key = connection.ops.quote_name(str(model._meta.pk.column))
            for some in _slices(sorted(doomed[model])):
                cursor.execute(f"DELETE FROM {table} WHERE {key} = ANY(%s)", [list(some)])  # noqa: S608  names of tables
        cursor.execute(_BALANCE)
        workload.settle()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables.values():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# A pool's turns are the sum of its ledger: of what is left of it.
_BALANCE = """
UPDATE routing_poolcredit c SET
  credit = coalesce((SELECT sum(e.delta) FROM routing_creditentry e WHERE e.pool_id = c.pool_id AND e.rep_id = c.rep_id), 0),
  taken = (SELECT count(*) FROM routing_assignment a WHERE a.pool_id = c.pool_id AND a.rep_id = c.rep_id)
"""
