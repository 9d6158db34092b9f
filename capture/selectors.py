"""What screens, API and other apps read of capture; every one starts from the reader's rights and changes nothing."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.utils.translation import gettext_lazy as _

from capture import attribution, ledger, silences
from capture.identity import PHONE
from capture.ledger import LedgerRow
from capture.models import Campaign, Cost, Form, Refusal, Source, Submission
from capture.silences import Silence
from leadops import access, moment, perrequest
from leadops.access import Actor
from leadops.errors import NotFound, Refused
from leadops.fold import fold_email, fold_phone
from leadops.journal import JournalEntry, Kind
from leadops.models import Lead, MatchKey, Person, Stage
from leadops.versions.models import Version

MOST_DAYS = 400
KNOWN_SHOWN = 3
CALLED = re.compile(r"\+?[\d\s().\-/]{6,40}")


def submissions(actor: Actor) -> QuerySet[Submission]:
    access.require(actor, "read_submissions")
    return Submission.objects.select_related("source").defer("body")


def people_called(text: str) -> QuerySet[MatchKey, uuid.UUID]:
    """People with this phone number, read by the habits of every region sources have; none where it is no number."""
    if not CALLED.fullmatch(text):
        return MatchKey.objects.none().values_list("person_id", flat=True)
    regions = {"FR", *Source.objects.values_list("phone_region", flat=True).distinct()}
    numbers = {number for region in regions if (number := fold_phone(text, region or None))}
    return MatchKey.objects.filter(kind=PHONE, value__in=numbers).values_list("person_id", flat=True)


def leads_of(actor: Actor, rows: Sequence[Submission]) -> dict[uuid.UUID, Lead]:
    """The leads these submissions became or touched, as far as the reader sees them."""
    named = {row.lead_id for row in rows if row.lead_id is not None}
    return access.leads_visible_to(actor).select_related("person").in_bulk(named) if named else {}


def submission_for(actor: Actor, submission_id: uuid.UUID | str) -> Submission:
    """One submission with its raw body; its maker may read what he typed in."""
    rows = Submission.objects.select_related("source", "lead", "person", "created_by", "file")
    try:
        row = rows.get(pk=submission_id)
    except (Submission.DoesNotExist, ValueError) as missing:
        access.require(actor, "read_submissions")  # the same answer as for a foreign one
        raise NotFound(_("There is no such submission.")) from missing
    if row.created_by_id is None or row.created_by_id != actor.user_id:
        access.require(actor, "read_submissions")
    return row


def journal_of_submission(row: Submission) -> QuerySet[JournalEntry]:
    """Replays of a submission, and how it came into its lead's history."""
    mine = Q(data__submission=str(row.pk))
    entries = JournalEntry.objects.filter(mine, kind__in=[Kind.CAPTURED, Kind.CAME_BACK], lead=row.lead_id)
    replays = JournalEntry.objects.filter(mine, kind=Kind.SUBMISSION_REPLAYED, at__gte=row.received_at)
    return (entries | replays).select_related("actor").order_by("id")


def ledger_rows(frm: date, to: date, source: str, actor: Actor) -> list[LedgerRow]:
    access.require(actor, "read_submissions")
    if not moment.FIRST_DAY <= frm <= to <= moment.LAST_DAY or (to - frm).days > MOST_DAYS:
        raise Refused("period", _("The period runs from the first day to the last, at most 400 days."))
    return ledger.rows(frm, to, source)


# -- sources and campaigns -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Health:
    """How a source does: what arrived in seven days and how it ended."""

    source: Source
    last_received_at: datetime | None = None
    ends: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refused: int = 0
    silence: Silence | None = None

    @property
    def received(self) -> int:
        return sum(self.ends.values())

    @property
    def troubled(self) -> int:
        return self.ends.get("quarantined", 0) + self.refused


def sources(actor: Actor) -> QuerySet[Source]:
    access.require(actor, "read_sources")
    return Source.objects.select_related("campaign").order_by("name")


def source_for(actor: Actor, source_id: uuid.UUID | str) -> Source:
    try:
        return sources(actor).get(pk=source_id)
    except (Source.DoesNotExist, ValueError) as missing:
        raise NotFound(_("There is no such source.")) from missing


def health_of(listed: list[Source], at: datetime) -> list[Health]:
    """Four statements for any number of sources, each by an index; an ended source owes nobody anything."""
    since = at - timedelta(days=7)
    found = {source.pk: Health(source) for source in listed}
    counts = Submission.objects.filter(source__in=listed, received_at__gte=since).order_by()
    for source_id, end, n in counts.values_list("source", "end").annotate(n=Count("id")):
        found[source_id].ends[end] = n
    newest = Submission.objects.filter(source=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    for source_id, received_at in Source.objects.filter(pk__in=found).order_by().values_list("pk", Subquery(newest)):
        found[source_id].last_received_at = received_at
    owing = [source.pk for source in listed if source.state != Source.State.ENDED]
    for source_id, silence in silences.of_sources(owing, at).items():
        found[source_id].silence = silence
    slugs = {source.slug: source.pk for source in listed}
    refused = Refusal.objects.filter(source_slug__in=slugs, day__gte=since.date()).order_by()
    for slug, n in refused.values_list("source_slug").annotate(n=Sum("count")):
        found[slugs[slug]].refused = n
    return list(found.values())


def latest_submissions(source: Source, count: int = 5) -> list[Submission]:
    return list(Submission.objects.filter(source=source).defer("body").order_by("-received_at")[:count])


def hosted_form_of(source: Source) -> Form | None:
    """The page a source is sent from, in use or not."""
    return Form.objects.filter(source=source).first()


def refusals_of(source: Source, at: datetime) -> list[Refusal]:
    since = (at - timedelta(days=7)).date()
    return list(Refusal.objects.filter(source_slug=source.slug, day__gte=since).order_by("-day", "code"))


def costs_in_force() -> QuerySet[Cost]:
    """Costs that no later row corrects."""
    return Cost.objects.filter(corrected_by__isnull=True).select_related("source", "campaign")


def costs_of(source: Source) -> list[Cost]:
    """What was spent on a source itself, newest first."""
    return list(costs_in_force().filter(source=source).order_by("-from_on", "-recorded_at"))


def costs_of_campaign(source: Source) -> list[Cost]:
    """What was spent on the campaign a source belongs to."""
    return list(costs_in_force().filter(campaign=source.campaign_id)) if source.campaign_id else []


def campaigns(actor: Actor) -> QuerySet[Campaign]:
    """Campaigns with the costs in force and the number of leads each brought."""
    access.require(actor, "read_sources")
    costs = Prefetch("costs", queryset=costs_in_force().order_by("-from_on", "-recorded_at"), to_attr="costs_held")
    return Campaign.objects.prefetch_related(costs).order_by("-active", "-created_at")


def campaign_for(actor: Actor, campaign_id: uuid.UUID | str) -> Campaign:
    try:
        return campaigns(actor).get(pk=campaign_id)
    except (Campaign.DoesNotExist, ValueError) as missing:
        raise NotFound(_("There is no such campaign.")) from missing


# -- sources and campaigns by their names ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """Names of sources by slug and campaigns by key; what has no row any more keeps its key."""

    sources: dict[str, str]
    campaigns: dict[str, str]

    def of(self, source: str, campaign: str = "") -> list[str]:
        """What a row says of its origin; a campaign named like its source is said once."""
        both = [names.get(key, key) for names, key in ((self.sources, source), (self.campaigns, campaign)) if key]
        return list(dict.fromkeys(both))


_NAMES = "capture.names"


def _nothing_named() -> tuple[Names, set[tuple[str, str]]]:
    return Names({}, {}), set()


def names_of(sources: Iterable[str], campaigns: Iterable[str]) -> Names:
    """The names of many, in one statement; in a request of those that were not asked for before."""
    names, asked = perrequest.kept(_NAMES, _nothing_named)
    wanted = {*(("s", slug) for slug in sources), *(("c", key) for key in campaigns if key)} - asked
    if not wanted:
        return names
    asked |= wanted
    slugs, keys = ([key for kind, key in wanted if kind == which] for which in "sc")
    found = Source.objects.filter(slug__in=slugs).order_by().values_list(Value("s"), "slug", "name")
    campaigns_found = Campaign.objects.filter(key__in=keys).order_by().values_list(Value("c"), "key", "name")
    for kind, key, name in found.union(campaigns_found, all=True):
        (names.sources if kind == "s" else names.campaigns)[key] = name
    return names


# -- who is known already ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody with this address or number. What the reader may not see is not in here at all."""

    by: str
    lead: Lead | None
    name: str = ""
    owner: str = ""
    stage: str = ""
    visible: bool = False


def known_people(email: str, phone: str, actor: Actor, region: str = "FR") -> list[KnownPerson]:
    """People with this address or number and where their newest lead stands: "exists at Karim's", never his contacts."""
    access.require(actor, "create_lead")
    found: list[tuple[str, Person]] = []
    folded, number = fold_email(email), fold_phone(phone, region)
    if folded:
        found += [("email", p) for p in Person.objects.filter(emails__folded=folded)[:KNOWN_SHOWN]]
    if number:
        hints = Person.objects.filter(match_keys__kind=PHONE, match_keys__value=number).distinct()
        seen = {person.pk for _by, person in found}
        found += [("phone", p) for p in hints[:KNOWN_SHOWN] if p.pk not in seen]
    return [_known(by, person, actor) for by, person in found[:KNOWN_SHOWN]]


def _known(by: str, person: Person, actor: Actor) -> KnownPerson:
    rows = Lead.objects.filter(canonical=person.canonical_id, absorbed_by__isnull=True)
    lead = rows.select_related("owner__user").order_by("-id").first()
    if lead is None:
        mine = access.people_visible_to(actor).filter(pk=person.pk).exists()
        return KnownPerson(by, None, str(person) if mine else "", visible=mine)
    mine = access.leads_visible_to(actor).filter(pk=lead.pk).exists()
    owner = str(lead.owner) if lead.owner_id else ""
    shown = str(person) if mine else ""
    return KnownPerson(by, lead if mine else None, shown, owner, str(Stage(lead.stage).label), mine)


def submission_state(row: Submission) -> dict[str, Any]:
    """What the API says of a submission beside its own columns."""
    return {"state": row.end, "reason": row.reason, "lead": row.lead_id, "person": row.person_id}


def channel_draft() -> Version | None:
    """The draft of the channel table somebody is at work on: the newest, when it is newer than what was published."""
    newest = Version.objects.filter(kind=attribution.KIND, key=attribution.KEY).order_by("-number").first()
    return newest if newest is not None and newest.state == Version.State.DRAFT else None
