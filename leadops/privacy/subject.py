"""Who is meant: a person with all their aliases and leads, and the words that name them. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_plus

from django.utils.translation import gettext_lazy as _

from leadops.effects import suppression
from leadops.errors import NotFound
from leadops.models import Account, Lead, MatchKey, Person, PersonEmail, Touch

SHORTEST_NAME = 5  # letters of a whole name that may be looked for in other texts


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as one. `words` name them wherever they stand; `account` is set where the company is the person."""

    person: Person
    people: frozenset[uuid.UUID]
    leads: frozenset[uuid.UUID]
    touched: frozenset[uuid.UUID]  # submissions that left a touch of theirs
    digests: frozenset[bytes]
    words: tuple[str, ...]
    account: uuid.UUID | None = None

    @property
    def spellings(self) -> list[bytes]:
        """The words as bytes of a body: as typed, in a form, in a JSON text that escapes, in UTF-16."""
        found: dict[bytes, None] = {}
        for word in self.words:
            for text in (word, quote_plus(word), word.encode("unicode_escape").decode()):
                found.setdefault(text.encode())
            found.setdefault(word.encode("utf-16-le"))
        return list(found)


def subject_of(person_id: uuid.UUID, *, company: bool = False) -> Subject:
    """Everything that is this person's, whichever of their aliases is asked for."""
    asked = Person.objects.select_related("canonical").filter(pk=person_id).first()
    if asked is None:
        raise NotFound(_("There is no such person."))
    person = asked.canonical
    aliases = list(Person.objects.filter(canonical=person))
    people = frozenset(alias.pk for alias in aliases)
    return Subject(
        person=person,
        people=people,
        leads=frozenset(Lead.objects.filter(person__in=people).values_list("pk", flat=True)),
        touched=frozenset(
            key for key in Touch.objects.filter(person__in=people).values_list("submission", flat=True) if key
        ),
        digests=frozenset(suppression.digests_of([person])[person.pk]),
        words=tuple(_words(aliases)),
        account=sole_account(person, people) if company else None,
    )


def _words(aliases: Iterable[Person]) -> dict[str, None]:
    found: dict[str, None] = {}
    keys = [alias.pk for alias in aliases]
    for folded, email in PersonEmail.objects.filter(person__in=keys).values_list("folded", "email"):
        found |= {folded: None, email: None}
    for number in MatchKey.objects.filter(person__in=keys).values_list("value", flat=True):
        found[number] = None
    for alias in aliases:
        whole = " ".join(alias.name.split())
        named = whole if " " in whole and len(whole) >= SHORTEST_NAME else ""
        found |= {word: None for word in (alias.email, alias.phone, named) if word}
    return found


def sole_account(person: Person, people: Iterable[uuid.UUID]) -> uuid.UUID | None:
    """The account of which nobody else is known here: it may be the person under another name."""
    others = Lead.objects.exclude(person__in=people).filter(account__isnull=False)
    theirs = Account.objects.filter(leads__person__in=people) | Account.objects.filter(people__in=people)
    alone = theirs.exclude(pk__in=others.values("account")).exclude(
        pk__in=Person.objects.exclude(pk__in=people).filter(account__isnull=False, erased_at=None).values("account")
    )
    found = list(alone.order_by("pk").values_list("pk", flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else None
