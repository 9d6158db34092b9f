"""Every place that can say something of a person, and what stands there after an erasure; a column is named here or kept.

`leadops/privacy/tests/test_holdings.py` reads all tables: a new text column that neither list names fails it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from capture.models import Submission, Visit, Visitor
from leadops import ids
from leadops.apitables import ApiCall
from leadops.decisions import Decision, DecisionFacts
from leadops.effects.models import Effect, KeptMail
from leadops.effects.runner import message_id
from leadops.journal import EntryText, JournalEntry
from leadops.models import (
    Account,
    AttributeDef,
    Consent,
    Lead,
    Lifting,
    MatchKey,
    Merge,
    Opportunity,
    Person,
    PersonEmail,
    Suppression,
    Task,
    Touch,
    TouchDetail,
)
from leadops.privacy.subject import Subject
from leadops.stalled import Stalled
from nurture.models import Away, Enrolment
from qualification.models import AnswerNote, FrameworkAnswer
from routing.models import Reassignment

Of = Callable[[Subject], Q]


@dataclass(frozen=True, slots=True)
class Holding:
    """One table: which rows are a person's, and what becomes of them.

    `blank`: column → what stands there afterwards; `gone`: the row is deleted; `each`: column → its new value from the
    old one, row by row; neither: nothing in it names anybody, it is theirs all the same and is given out to them.
    """

    model: type[Model]
    label: str | Promise
    of: Of
    blank: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False
    each: Mapping[str, Callable[[Any, Subject], Any]] = field(default_factory=dict)

    @property
    def personal(self) -> frozenset[str]:
        """Columns that can say something of a person."""
        if self.gone:
            return frozenset(column.name for column in self.model._meta.concrete_fields)
        return frozenset((*self.blank, *self.each))

    def rows(self, subject: Subject) -> QuerySet[Any]:
        return self.model._default_manager.filter(self.of(subject)).order_by("pk")


def _of_people(subject: Subject) -> Q:
    return Q(person__in=subject.people)


def _of_leads(subject: Subject) -> Q:
    return Q(lead__in=subject.leads)


def _of_either(subject: Subject) -> Q:
    return Q(person__in=subject.people) | Q(lead__in=subject.leads)


def named_in(subject: Subject, *columns: str) -> Q:
    """Rows whose texts name the person."""
    asked = [Q(**{f"{column}__icontains": word}) for word in subject.words for column in columns]
    return reduce(or_, asked, Q(pk__in=[]))


def _mails(subject: Subject) -> Q:
    sent = Effect.objects.filter(_of_either(subject))
    ours = Q(**{"headers__Message-ID__in": [message_id(effect) for effect in sent]})
    return ours | named_in(subject, "to", "subject", "text", "html")


def _seen(subject: Subject) -> Q:
    """By the decisions of their leads, which have an index of leads."""
    return Q(decision__in=Decision.objects.filter(lead__in=subject.leads).values("pk"))


def _calls(subject: Subject) -> Q:
    """Answers of the API that are given again on a repeat: by the ids they tell."""
    ids = [str(key) for key in (*subject.people, *subject.leads)]
    return reduce(or_, (Q(body__icontains=key) for key in ids), named_in(subject, "body", "key"))


def _log(subject: Subject) -> Q:
    ids = [str(key) for key in (*subject.people, *subject.leads)]
    return Q(object_id__in=ids) | named_in(subject, "object_repr", "change_message")


def _reasons(subject: Subject) -> Q:
    return Q(rows__lead__in=subject.leads) & named_in(subject, "reason")


def _submissions(subject: Subject) -> Q:
    return Q(person__in=subject.people) | Q(lead__in=subject.leads) | Q(pk__in=subject.touched)


def without_facts(why: Any, _subject: Subject) -> Any:
    """An explanation without what was met: which comparison and which answer stay."""
    if isinstance(why, dict):
        return {key: None if key == "fact" else without_facts(value, _subject) for key, value in why.items()}
    return [without_facts(value, _subject) for value in why] if isinstance(why, list) else why


def countable(attributes: Any, _subject: Subject) -> dict[str, Any]:
    """Of the custom fields what a figure may count: choices, numbers and flags nobody marked as personal."""
    kept = AttributeDef.objects.filter(owner="lead", personal=False).exclude(kind__in=("text", "day", "instant"))
    keys = set(kept.values_list("key", flat=True))
    return {key: value for key, value in (attributes or {}).items() if key in keys}


def key_without_name(key: str, subject: Subject) -> str:
    """A delivery's key as it was, or its digest where it names the person; the same delivery still finds it."""
    named = any(word.casefold() in key.casefold() for word in subject.words)
    return digest_of_key(key) if named else key


def digest_of_key(key: str) -> str:
    return f"e#{hashlib.sha256(key.encode()).hexdigest()}"


NOBODY = {
    "given_name": "", "family_name": "", "name": "", "name_folded": "", "email": "", "phone": "", "title": "",
    "language": "", "zone": "", "country": "", "attributes": {}, "attributes_folded": {},
}  # fmt: skip
ANONYMOUS = {
    "company": "", "company_folded": "", "title": "", "title_folded": "", "postcode": "", "city": "", "city_folded": "",
    "external_key": "",
}  # fmt: skip
NO_COMPANY = {
    "name": "", "name_folded": "", "domain": "", "external_key": "", "attributes": {}, "attributes_folded": {},
}  # fmt: skip
UNTOLD = {"medium": "", "content": "", "term": "", "utm_source": "", "utm_campaign": ""}

HOLDINGS: tuple[Holding, ...] = (
    Holding(Person, _("Person"), lambda s: Q(pk__in=s.people), NOBODY),
    Holding(PersonEmail, _("Addresses"), _of_people, gone=True),
    Holding(MatchKey, _("What they are recognised by"), _of_people, gone=True),
    Holding(Merge, _("Merges"), lambda s: Q(winner__in=s.people) | Q(loser__in=s.people), {"before": {}}),
    Holding(Consent, _("Consents"), _of_people, {"collected_from": ""}),
    Holding(Suppression, _("Suppressions"), lambda s: Q(digest__in=s.digests), {"why": ""}),
    Holding(Lifting, _("Suppressions lifted"), lambda s: Q(suppression__digest__in=s.digests), {"why": ""}),
    Holding(Account, _("Company"), lambda s: Q(pk=s.account), NO_COMPANY),
    Holding(
        Lead, _("Leads"), lambda s: Q(pk__in=s.leads), ANONYMOUS,
        each={"attributes": countable, "attributes_folded": countable},
    ),
    Holding(Opportunity, _("Opportunities"), _of_leads, {"name": ""}),
    Holding(Task, _("Tasks"), _of_leads, {"text": ""}),
    Holding(Submission, _("What was received"), _submissions, {
        "body": b"", "headers": {}, "content_type": "", "warnings": [], "edited": None, "error": "", "reason": "erased",
    }, each={"delivery_key": key_without_name}),
    Holding(Touch, _("What they did"), _of_people, UNTOLD),
    Holding(TouchDetail, _("What they wrote"), _of_people, gone=True),
    Holding(Visit, _("Visits"), lambda s: Q(visitor__person__in=s.people),
            {"url": "", "referrer": "", "utm": {}, "click_ids": {}}),
    Holding(Visitor, _("Browsers"), _of_people, each={"token": lambda _old, _s: ids.chance(32)}),
    Holding(JournalEntry, _("What we did"), _of_either),
    Holding(EntryText, _("What we noted"), _of_leads, gone=True),
    Holding(Decision, _("What was decided"), _of_leads, each={"why": without_facts}),
    Holding(DecisionFacts, _("What decisions saw"), _seen, gone=True),
    Holding(FrameworkAnswer, _("Qualification answers"), _of_leads),
    Holding(AnswerNote, _("Notes of the qualification"), lambda s: Q(answer__lead__in=s.leads), gone=True),
    Holding(Effect, _("Messages"), _of_either, {"error": ""}),
    Holding(KeptMail, _("Kept mails"), _mails, gone=True),
    Holding(Enrolment, _("Sequences"), _of_leads),
    Holding(Away, _("Absences they told"), _of_people, gone=True),
    Holding(Stalled, _("What failed"), _of_leads, {"error": ""}),
    Holding(Reassignment, _("Reasons of reassignments"), _reasons, {"reason": ""}),
    Holding(ApiCall, _("Answers of the API"), _calls, {"body": '{"erased": true}'},
            each={"key": key_without_name}),
    Holding(LogEntry, _("Log of the administration"), _log, {"object_repr": "", "change_message": ""}),
)  # fmt: skip
