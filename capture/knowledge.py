"""What a batch must know before it resolves, read in a fixed number of statements however many drafts there are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from capture import attribution
from capture.attribution import ChannelTable
from capture.identity import PHONE, Accounts, Keys, People
from capture.models import Campaign, Source, Submission
from leadops import bulk
from leadops.fold import fold
from leadops.models import Account, AttributeDef, Lead, MatchKey, PersonEmail, Stage
from leadops.unit import Unit
from leadops.versions import services as versions

Line = tuple[uuid.UUID, str]  # canonical person, product line
First = tuple[str, str, str]  # source, campaign, channel of the first touch


@dataclass(slots=True)
class Knowledge:
    """People, accounts and leads the batch may meet; grows as the batch is folded."""

    table: ChannelTable
    people: People = field(default_factory=People)
    accounts: Accounts = field(default_factory=Accounts)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    definitions: list[AttributeDef] = field(default_factory=list)
    current: dict[Line, Lead] = field(default_factory=dict)
    firsts: dict[uuid.UUID, First] = field(default_factory=dict)

    def defined_for(self, owner: str) -> list[AttributeDef]:
        return [row for row in self.definitions if row.owner == owner]


def pending_rows(ids: Iterable[uuid.UUID]) -> list[Submission]:
    """The submissions of a batch that still wait, locked, in arrival order."""
    return _read(Submission.objects.select_for_update(), ids)


def rows_of(ids: Iterable[uuid.UUID]) -> list[Submission]:
    """The same rows as they stand now, not locked."""
    return _read(Submission.objects.all(), ids)


def _read(rows: QuerySet[Submission], ids: Iterable[uuid.UUID]) -> list[Submission]:
    rows = rows.filter(pk__any=ids, end=Submission.End.PENDING).order_by("id")
    found = bulk.read(rows, "digest", "delivery_key", "variant", "ended_at", "lease_until", "error", "xid", "warnings")
    sources = Source.objects.select_related("campaign").in_bulk({row.source_id for row in found})
    for row in found:
        row.source = sources[row.source_id]
    return found


def gather(keys: Sequence[Keys], utm_campaigns: Iterable[str], unit: Unit) -> Knowledge:
    """Read everything the drafts with these keys can touch, and lock the leads among it."""
    version = versions.in_force(attribution.KIND, attribution.KEY, unit)
    known = Knowledge(table=versions.compiled(version) if version else attribution.EMPTY)
    known.definitions = list(AttributeDef.objects.all())
    if any(utm_campaigns):
        rows = Campaign.objects.exclude(utm_campaign="").only("key", "channel", "utm_campaign")
        known.campaigns = {fold(row.utm_campaign): row for row in rows}
    _people(known, keys)
    _accounts(known, keys)
    _leads(known, unit)
    return known


def _people(known: Knowledge, keys: Sequence[Keys]) -> None:
    emails = {k.email for k in keys if k.email}
    phones = {k.phone for k in keys if k.phone and not k.email}  # an address identifies: its number is not asked
    if emails:
        for row in PersonEmail.objects.filter(folded__any=emails).select_related("person"):
            known.people.learn_email(row.folded, row.person)
    same = {person.pk: person for person in known.people.by_email.values()}
    if phones:
        hints = MatchKey.objects.filter(kind=PHONE, value__any=phones, person__erased_at__isnull=True)
        for hint in hints.select_related("person").order_by("person_id"):
            known.people.learn_phone(hint.value, same.setdefault(hint.person_id, hint.person))


def _accounts(known: Knowledge, keys: Sequence[Keys]) -> None:
    domains = {k.domain for k in keys if k.domain}
    names = {name for k in keys for name in (k.company, k.company_whole) if name}
    if domains or names:
        rows = Account.objects.filter(Q(domain__any=domains) | Q(name_folded__any=names))
        known.accounts.learn(bulk.read(rows.order_by("created_at", "id"), "created_at", "customer_since"))


def _leads(known: Knowledge, unit: Unit) -> None:
    """The lead that counts for each (person, product line): the open one, else the newest."""
    people = {person.canonical_id for person in known.people.by_email.values()}
    people |= {key for held in known.people.by_phone.values() for key in held}
    if not people:
        return
    columns = ("id", "canonical_id", "product_line", "stage", "first_source", "first_campaign", "first_channel")
    rows = Lead.objects.filter(canonical__any=people, absorbed_by__isnull=True).order_by("id").values_list(*columns)
    best: dict[Line, tuple[bool, uuid.UUID]] = {}
    for pk, canonical, line, stage, *first in rows:
        known.firsts.setdefault(canonical, (first[0], first[1], first[2]))
        is_open = stage not in (Stage.WON, Stage.LOST, Stage.DISQUALIFIED, Stage.RECYCLED)
        if is_open or not best.get((canonical, line), (False, pk))[0]:
            best[(canonical, line)] = (is_open, pk)
    # the lock is taken before anything is decided; what changed meanwhile is seen on the locked row
    for lead in unit.leads(pk for _open, pk in best.values()):
        known.current[(lead.canonical_id, lead.product_line)] = lead
