"""Resolve: from submissions to people, accounts, leads and touches, a batch at a time, folded in arrival order.

The only writer of people and of a lead's snapshot. It decides who somebody is and whether they came back; never who
gets the lead. The number of statements does not depend on how many submissions there are.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from capture import erased, knowledge, replies, snapshot
from capture.attributes import coerce
from capture.attribution import facts_of
from capture.identity import PHONE, keys_for
from capture.items import Ahead, Item, read, set_aside
from capture.knowledge import Knowledge
from capture.models import Campaign, Submission
from leadops import bulk, lifecycle
from leadops.effects.models import Effect
from leadops.fold import clean_text, fold
from leadops.journal import Kind
from leadops.models import (
    Account,
    Consent,
    Lead,
    MatchKey,
    Person,
    PersonEmail,
    Stage,
    Touch,
    TouchDetail,
)
from leadops.unit import Unit

End = Submission.End
TOUCH_KINDS = frozenset(Touch.Kind.values)
RANK = {End.CREATED: 5, End.TOUCHED: 4, End.TEST: 3, End.SPAM: 2, End.QUARANTINED: 1}
TOUCH_COLUMNS = ("last_source", "last_campaign", "last_channel", "last_inbound_at", "hand_raiser", "account", "version")
TOLD = 8  # journal rows of a new lead, at most as a rule: captured, scored, MQL, handed off, assigned, its clocks
TOLD_BESIDE = ("message", "landing_url", "referrer", "click_ids", "fields")  # what is worth a row beside a touch
ENDED = ("end", "reason", "error", "warnings", "person", "lead", "ended_at", "lease_until")


@dataclass(slots=True)
class Resolution:
    """One batch under way."""

    unit: Unit
    known: Knowledge
    people: list[Person] = field(default_factory=list)
    emails: list[dict[str, Any]] = field(default_factory=list)  # rows nobody asks again: their columns
    phones: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    back: list[Lead] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    filled_people: dict[uuid.UUID, Person] = field(default_factory=dict)
    touched_leads: dict[uuid.UUID, Lead] = field(default_factory=dict)
    told: list[tuple[str, Lead, dict[str, Any]]] = field(default_factory=list)
    mails: replies.Known = field(default_factory=replies.Known)
    replied: list[tuple[Lead, Effect | None, uuid.UUID]] = field(default_factory=list)
    failed: list[replies.Failure] = field(default_factory=list)
    away: list[replies.Absence] = field(default_factory=list)
    made: set[uuid.UUID] = field(default_factory=set)
    newcomers: set[uuid.UUID] = field(default_factory=set)  # the people among them

    # -- one draft ---------------------------------------------------------------------------------------

    def take(self, item: Item) -> None:
        """Fold one draft into the batch and give its submission an end."""
        submission, draft = item.submission, item.draft
        if replies.is_report(draft):
            self._take_report(item)
            return
        at, bent = snapshot.occurred(draft, submission.received_at)
        extra = coerce(draft.extra, self.known.defined_for("lead"))
        personal = coerce(extra.rest, self.known.defined_for("person"))
        submission.warnings = [*submission.warnings, *draft.warnings, *extra.warnings, *personal.warnings]
        if bent and bent not in submission.warnings:
            submission.warnings.append(bent)
        source, campaign = submission.source, self._campaign(item)
        account = self._account(item)
        answers = draft.mail is not None and self.known.people.find(item.keys) is not None
        draft.kind = "inquiry" if draft.mail is not None and not answers else draft.kind
        person = self._person(item, snapshot.person_facts(draft, item.keys, source, personal), account)
        channel, rule = self._channel(item, campaign)
        first = self.known.firsts.setdefault(
            person.canonical_id, (source.slug, campaign.key if campaign else "", channel)
        )
        facts = snapshot.lead_facts(draft, item.keys, source, extra)
        lead, created = self._lead(item, person, account, facts, (campaign, channel), first, at)
        self._touch(item, person, lead, (campaign, channel, rule), at, personal.rest)
        self._consent(item, person, at)
        self._end(submission, End.CREATED if created else End.TOUCHED, person, lead)
        if answers and not created:
            self.replied.append((lead, self.mails.letter_to(person, draft), submission.id))

    def _take_report(self, item: Item) -> None:
        """What no human wrote: a letter that came back is noted with its lead, all else is set aside."""
        submission, draft = item.submission, item.draft
        failure = replies.failure_of(draft, self.mails)
        if failure is None:
            self.away += replies.absences_of(draft, self.mails, submission.pk)
            code = replies.SET_ASIDE[draft.mail.kind] if draft.mail else "automatic"
            set_aside(submission, End.SPAM, code)
            return
        at, _bent = snapshot.occurred(draft, submission.received_at)
        draft.message = draft.message[:500]
        if failure.kind != Kind.UNSUBSCRIBED:  # no touch of theirs: it is told by the journal
            self._touch(item, failure.person, failure.lead, (None, *self._channel(item, None)), at, {})
        self._end(submission, End.TOUCHED, failure.person, failure.lead)
        self.failed.append(replace(failure, submission=submission.pk))

    def _campaign(self, item: Item) -> Campaign | None:
        return self.known.campaigns.get(fold(item.draft.utm_campaign)) or item.submission.source.campaign

    def _channel(self, item: Item, campaign: Campaign | None) -> tuple[str, str]:
        source = item.submission.source
        facts = facts_of(item.draft, source.slug, source.channel)
        return self.known.table.classify(facts, self.unit.at, campaign.channel if campaign else "")

    def _account(self, item: Item) -> Account | None:
        keys, draft = item.keys, item.draft
        found = self.known.accounts.find(keys)
        if found is None and (keys.domain or keys.company):
            found = bulk.make(
                Account,
                name=draft.company or keys.domain,
                name_folded=(keys.company or keys.domain)[:250],
                domain=keys.domain,
                country=draft.country or item.submission.source.country,
                industry=draft.industry,
                employees=draft.employees,
                created_at=self.unit.at,
            )
            self.accounts.append(found)
            self.known.accounts.learn([found])
        return found

    def _person(self, item: Item, facts: dict[str, Any], account: Account | None) -> Person:
        keys, people = item.keys, self.known.people
        person = people.find(keys)
        if person is None:
            person = bulk.make(Person, created_at=self.unit.at, account=account, **facts)
            person.canonical_id = person.id
            self.people.append(person)
            self.made.add(person.id)
            self.newcomers.add(person.id)
            if keys.email:
                people.learn_email(keys.email, person)
                self.emails.append(
                    bulk.values(
                        PersonEmail,
                        person_id=person.id,
                        folded=keys.email,
                        email=item.draft.email,
                        created_at=self.unit.at,
                    )
                )
        elif self._fill_person(person, facts, account) and person.id not in self.made:
            self.filled_people[person.id] = person
        if keys.phone and not people.has_phone(keys.phone, person):
            people.learn_phone(keys.phone, person)
            self.phones.append(bulk.values(MatchKey, person_id=person.id, kind=PHONE, value=keys.phone))
        return person

    def _fill_person(self, person: Person, facts: dict[str, Any], account: Account | None) -> bool:
        changed = bool(snapshot.fill(person, facts))
        if person.account_id is None and account is not None:
            person.account, changed = account, True
        return changed

    # -- the lead ----------------------------------------------------------------------------------------

    def _lead(
        self,
        item: Item,
        person: Person,
        account: Account | None,
        facts: dict[str, Any],
        origin: tuple[Campaign | None, str],
        first: tuple[str, str, str],
        at: datetime,
    ) -> tuple[Lead, bool]:
        """The open lead, the recycled one in its next cycle, or a new one; and whether it is new."""
        line = (person.canonical_id, item.submission.source.product_line)
        lead = self.known.current.get(line)
        if lead is not None and lead.person_id == person.id:
            lead.person = person
        if lead is not None and (lead.is_open or lead.stage == Stage.RECYCLED):
            self._come_back(item, lead, account, facts, origin, at)
            return lead, False
        lead = self._new_lead(item, person, account, facts, origin, first, at)
        self.known.current[line] = lead
        return lead, True

    def _new_lead(
        self,
        item: Item,
        person: Person,
        account: Account | None,
        facts: dict[str, Any],
        origin: tuple[Campaign | None, str],
        first: tuple[str, str, str],
        at: datetime,
    ) -> Lead:
        submission, source, (campaign, channel) = item.submission, item.submission.source, origin
        key = campaign.key if campaign else ""
        lead = bulk.make(
            Lead,
            person=person,
            canonical_id=person.canonical_id,
            account=account,
            product_line=source.product_line,
            source=source.slug,
            campaign=key,
            channel=channel,
            first_source=first[0],
            first_campaign=first[1],
            first_channel=first[2],
            last_source=source.slug,
            last_campaign=key,
            last_channel=channel,
            hand_raiser=source.hand_raiser,
            # one lead stands for a submission, whatever else the same body carried
            submission=None if submission.lead_id else submission.id,
            created_by=submission.created_by_id,
            stage_at=self.unit.at,
            occurred_at=at,
            received_at=submission.received_at,
            last_inbound_at=at,
            **facts,
        )
        self.leads.append(lead)
        self.made.add(lead.id)
        if submission.file_id:
            self.unit.quiet.add(lead.id)
        self.told.append((Kind.CAPTURED, lead, self._data(item, key, channel)))
        return lead

    def _come_back(
        self,
        item: Item,
        lead: Lead,
        account: Account | None,
        facts: dict[str, Any],
        origin: tuple[Campaign | None, str],
        at: datetime,
    ) -> None:
        source, (campaign, channel) = item.submission.source, origin
        key = campaign.key if campaign else ""
        recycled = lead.stage == Stage.RECYCLED and lead not in self.back
        if recycled:
            self.back.append(lead)
        changed = snapshot.fill(lead, facts)
        if lead.account_id is None and account is not None:
            lead.account = account
        if lead.last_inbound_at is None or at >= lead.last_inbound_at:  # what arrives late does not become the last
            lead.last_source, lead.last_campaign, lead.last_channel, lead.last_inbound_at = (
                source.slug,
                key,
                channel,
                at,
            )
        lead.hand_raiser = lead.hand_raiser or source.hand_raiser
        if lead.id not in self.made:
            lead.version += 0 if lead.id in self.touched_leads else 1
            self.touched_leads[lead.id] = lead
        self.told.append((Kind.CAME_BACK, lead, {**self._data(item, key, channel), "new_cycle": recycled}))
        if changed:
            self.told.append((Kind.EDITED, lead, {"fields": changed}))

    def _data(self, item: Item, campaign: str, channel: str) -> dict[str, Any]:
        submission, source = item.submission, item.submission.source
        data: dict[str, Any] = {
            "source": source.slug,
            "channel": channel,
            "campaign": campaign,
            "hand_raiser": source.hand_raiser,
            "trigger": source.trigger,
            "submission": str(submission.id),
        }
        # only what one of our people typed in can name its owner; a header of the same name from outside cannot
        if submission.created_by_id and submission.headers.get("owner"):
            data["owner"] = submission.headers["owner"]
        if submission.file_id:  # its maker chose when the rows of a file are routed; they are told of once, at its end
            data["trigger"] = submission.headers.get("trigger", source.trigger)
        return data

    # -- what stays beside it ----------------------------------------------------------------------------

    def _touch(
        self,
        item: Item,
        person: Person,
        lead: Lead,
        origin: tuple[Campaign | None, str, str],
        at: datetime,
        rest: dict[str, Any],
    ) -> None:
        draft, (campaign, channel, rule) = item.draft, origin
        self.touches.append(
            bulk.make(
                Touch,
                person_id=person.id,
                lead_id=lead.id,
                kind=draft.kind if draft.kind in TOUCH_KINDS else Touch.Kind.INQUIRY,
                occurred_at=at,
                recorded_at=self.unit.at,
                source=item.submission.source.slug,
                channel=channel,
                channel_rule=rule,
                medium=draft.utm_medium[:80],
                campaign=campaign.key if campaign else "",
                content=draft.utm_content[:120],
                term=draft.utm_term[:120],
                utm_source=draft.utm_source[:120],
                utm_campaign=draft.utm_campaign[:120],
                submission=item.submission.id,
            )
        )
        self.details.append(
            bulk.values(
                TouchDetail,
                person_id=person.id,
                message=draft.message,
                landing_url=draft.landing_url,
                referrer=draft.referrer,
                click_ids=draft.click_ids,
                fields=rest,
            )
        )

    def _consent(self, item: Item, person: Person, at: datetime) -> None:
        consent = item.draft.consent
        if "given" not in consent:
            return
        notice = clean_text(str(consent.get("text") or ""), 5000)
        self.unit.add(
            [
                Consent(
                    person=person,
                    channel="email",
                    purpose="marketing",
                    state="given" if consent["given"] is True else "refused",
                    basis="consent",
                    notice=hashlib.sha256(notice.encode()).hexdigest() if notice else "",
                    collected_from=item.submission.source.slug,
                    submission=item.submission.id,
                    occurred_at=at,
                    recorded_at=self.unit.at,
                )
            ]
        )

    def _end(self, submission: Submission, end: str, person: Person, lead: Lead) -> None:
        if RANK.get(End(submission.end), 0) < RANK[End(end)]:
            submission.end, submission.person_id, submission.lead_id = end, person.id, lead.id
            submission.reason = submission.error = ""

    # -- writing -----------------------------------------------------------------------------------------

    def write(self, ended: Sequence[Submission]) -> None:
        """Everything the batch decided, with the ends of its submissions: in one statement, leads at the end of the unit."""
        keys = self.unit.keys(Touch, len(self.touches), entries=TOLD * len(self.leads))
        for key, touch, detail in zip(keys, self.touches, self.details, strict=True):
            touch.pk = detail["touch"] = key
        for touch in self.touches:
            if touch.person_id in self.newcomers:
                self.unit.acts.setdefault(touch.person_id, []).append(touch)
        details = [detail for detail in self.details if any(map(detail.__getitem__, TOLD_BESIDE))]
        new = [bulk.Part(rows) for rows in (self.accounts, self.people, self.touches)]
        new += [bulk.Part(self.emails, model=PersonEmail), bulk.Part(details, model=TouchDetail)]
        filled = bulk.changed(list(self.filled_people.values()), [*snapshot.PERSON_FACTS, "account"])
        touched = bulk.changed(list(self.touched_leads.values()), [*snapshot.LEAD_FACTS, *TOUCH_COLUMNS])
        bulk.send([*new, bulk.unless_there(self.phones, MatchKey), filled, touched, bulk.changed(ended, ENDED)])
        self.unit.create(self.leads)
        if self.back:
            lifecycle.next_cycle(self.back, self.unit)
        for kind, lead, data in self.told:
            self.unit.record(kind, lead, data=data)
        replies.record(self.replied, self.failed, self.away, self.unit)


def resolve(submission_ids: Sequence[uuid.UUID], unit: Unit, ahead: Ahead | None = None) -> list[Submission]:
    """Give each of these pending submissions its end. Raises `Poisoned` for the first one that breaks its reader.

    What was read ahead is taken from there, when it still stands as it was read.
    """
    found = ahead.taken(submission_ids) if ahead is not None else None
    rows, items = found or read(knowledge.pending_rows(submission_ids))
    mails = replies.gather([item.draft for item in items], unit)
    for item in items:
        draft = replies.by_letter(item.draft, mails)
        if draft is not item.draft:
            item.draft, item.keys = draft, keys_for(draft)
    barred = erased.bar([(item.submission, item.keys.email) for item in items], unit.memo[erased.LAST])
    items = [item for item in items if (item.submission.pk, item.keys.email) not in barred]
    known = knowledge.gather([item.keys for item in items], [item.draft.utm_campaign for item in items], unit)
    batch = Resolution(unit, known, mails=mails)
    for item in items:
        batch.take(item)
    for submission in rows:
        submission.ended_at, submission.lease_until = unit.at, None
    batch.write(rows)
    return rows
