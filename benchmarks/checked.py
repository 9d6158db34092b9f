"""What must hold in a grown house, asked with the house's own checks; a breach ends the growing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from random import Random

from django.db import connection

from capture import ledger
from capture.models import Submission
from leadops import moment, work
from leadops.access import SYSTEM
from leadops.decisions import Decision, DecisionFacts, canonical, digest_of
from leadops.models import Lead, Opportunity
from leadops.unit import Unit, in_unit
from reports import deal_facts, facts
from reports.models import DealFact, LeadFact
from routing import selectors, workload
from routing.models import PoolCredit

SOME = 500  # leads, submissions and decisions looked at one by one


def all_of_it() -> Iterator[str]:
    """One line for each check that holds; SystemExit at the first that does not."""
    yield _astray()
    yield _ledger()
    yield _turns()
    some = _some()
    yield _queue(some)
    yield _facts(some)
    yield _digests()


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"the grown house is not sound: {what}")


def _some() -> list[uuid.UUID]:
    """Leads from all over the table, without reading it whole: keys are in order of time."""
    dice = Random(7)
    first, last = (Lead.objects.order_by(order).values_list("pk", flat=True)[0].int for order in ("pk", "-pk"))
    found: set[uuid.UUID] = set()
    for _turn in range(SOME):
        spot = uuid.UUID(int=dice.randint(first, last))
        found.update(Lead.objects.filter(pk__gte=spot).order_by("pk").values_list("pk", flat=True)[:1])
    return sorted(found)


def _astray() -> str:
    count = selectors.astray(moment.now()).count()
    _need(not count, f"{count} open leads are neither owned, held, in a pool nor resting")
    _need(not workload.apart(), "open leads are not counted as they are")
    return "no open lead is astray, each is counted with its owner"


def _ledger() -> str:
    today = moment.today("UTC")
    balance = ledger.totals(ledger.rows(today - timedelta(days=500), today))
    _need(bool(balance["balanced"]), f"the ledger does not balance: {balance}")
    return f"the ledger balances: {balance['deliveries']} deliveries, {balance['created']} leads"


def _turns() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM routing_poolcredit c WHERE credit <> (SELECT coalesce(sum(delta), 0) "
            "FROM routing_creditentry e WHERE e.pool_id = c.pool_id AND e.rep_id = c.rep_id)"
        )
        (count,) = cursor.fetchone()
    _need(not count, f"{count} turns differ from the sum of their entries")
    return f"turns equal their entries ({PoolCredit.objects.count()} reps)"


def _queue(some: list[uuid.UUID]) -> str:
    names = ("lead_id", "owner_id", "due_at", "reason", "heat", "wakes_at", "waiting_on", "score_band", "since")

    def recount(unit: Unit) -> list[work.Work]:
        return work.rows_for(list(Lead.objects.filter(pk__in=some)), unit)

    due = {tuple(getattr(row, n) for n in names) for row in in_unit(recount, actor=SYSTEM)}
    kept = set(work.Work.objects.filter(lead__in=some).values_list(*names))
    _need(due == kept, f"the queue of {len(due ^ kept)} rows differs from its recount")
    return f"the queue equals its recount ({len(kept)} rows of {len(some)} leads)"


def _facts(some: list[uuid.UUID]) -> str:
    _need(LeadFact.objects.count() == Lead.objects.count(), "some leads have no fact")
    names = [field.attname for field in LeadFact._meta.concrete_fields]
    before = sorted(LeadFact.objects.filter(lead__in=some).values_list(*names), key=str)
    facts._write(some)
    after = sorted(LeadFact.objects.filter(lead__in=some).values_list(*names), key=str)
    _need(before == after, "facts differ from their recount")
    deal_names = [field.attname for field in DealFact._meta.concrete_fields]
    deals = list(Opportunity.objects.order_by("-pk").values_list("pk", flat=True)[:SOME])
    there = sorted(DealFact.objects.filter(deal__in=deals).values_list(*deal_names), key=str)
    deal_facts.write(deals)
    _need(
        there == sorted(DealFact.objects.filter(deal__in=deals).values_list(*deal_names), key=str), "a fact of a deal"
    )
    _need(DealFact.objects.count() == Opportunity.objects.count(), "some deals have no fact")
    return f"facts equal their recount ({len(after)} leads, {len(there)} deals)"


def _digests() -> str:
    for row in Submission.objects.order_by("-pk")[:SOME]:
        _need(hashlib.sha256(bytes(row.body)).digest() == bytes(row.digest), "the digest of a submission")
    decided = list(Decision.objects.order_by("-pk")[:SOME])
    seen = {row.decision: row for row in DecisionFacts.objects.filter(decision__in=[one.pk for one in decided])}
    for made in decided:
        each = seen[made.pk]
        _need(digest_of(bytes(each.salt), canonical(each.facts)) == bytes(made.digest), "the digest of a decision")
    return f"digests cover what is said ({len(decided)} decisions)"
