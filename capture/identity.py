"""Who a draft is: matching by normalised e-mail, then by phone, over rows read before; it reads and writes nothing.

An address identifies. A phone only suggests: it attaches a draft without an address to the one person who has that
number and whose name does not contradict it; it never joins two people.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from capture.adapters.base import Draft
from leadops.fold import fold, fold_company, fold_email, is_free_mail
from leadops.models import Account, Person

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Keys:
    """What a draft can be recognised by; empty = unknown. `domain` is never a free-mail one."""

    email: str = ""
    phone: str = ""
    name: str = ""
    family: str = ""
    domain: str = ""
    company: str = ""
    company_whole: str = ""
    free_mail: bool | None = None


def whole_name(draft: Draft) -> str:
    return draft.name or f"{draft.given_name} {draft.family_name}".strip()


def keys_for(draft: Draft) -> Keys:
    """The match keys of a draft, folded."""
    email = fold_email(draft.email) or ""
    domain = email.rpartition("@")[2]
    free = is_free_mail(domain) if domain else None
    return Keys(
        email=email,
        phone=draft.phone,
        name=fold(whole_name(draft)),
        family=fold(draft.family_name),
        domain="" if free else domain,
        company=fold_company(draft.company),
        company_whole=fold(draft.company),
        free_mail=free,
    )


def names_conflict(person: Person, keys: Keys) -> bool:
    """Whether two names cannot be one person's: other family names, or words the other does not have."""
    family = fold(person.family_name)
    if family and keys.family:
        return family != keys.family
    theirs, ours = set(person.name_folded.split()), set(keys.name.split())
    return bool(theirs and ours) and not (theirs <= ours or ours <= theirs)


@dataclass(slots=True)
class People:
    """The people a batch may meet: those read before it and those it made, folded in arrival order."""

    by_email: dict[str, Person] = field(default_factory=dict)
    by_phone: dict[str, dict[uuid.UUID, Person]] = field(default_factory=lambda: defaultdict(dict))

    def learn_email(self, folded: str, person: Person) -> None:
        self.by_email[folded] = person

    def learn_phone(self, number: str, person: Person) -> None:
        """One entry per canonical person; the canonical one itself stands for its aliases."""
        held = self.by_phone[number]
        if person.canonical_id not in held or person.pk == person.canonical_id:
            held[person.canonical_id] = person

    def has_phone(self, number: str, person: Person) -> bool:
        return person.canonical_id in self.by_phone.get(number, {})

    def find(self, keys: Keys) -> Person | None:
        """The person a draft belongs to, or None for somebody new."""
        if keys.email:
            return self.by_email.get(keys.email)
        if keys.phone:
            agreeing = [p for p in self.by_phone.get(keys.phone, {}).values() if not names_conflict(p, keys)]
            return agreeing[0] if len(agreeing) == 1 else None
        return None


@dataclass(slots=True)
class Accounts:
    """The organisations a batch may meet: by their own domain, else by exact folded name."""

    by_domain: dict[str, Account] = field(default_factory=dict)
    by_name: dict[str, Account] = field(default_factory=dict)

    def learn(self, accounts: Iterable[Account]) -> None:
        for account in accounts:
            if account.domain:
                self.by_domain.setdefault(account.domain, account)
            if account.name_folded:
                self.by_name.setdefault(account.name_folded, account)

    def find(self, keys: Keys) -> Account | None:
        """A domain decides; a name alone only where it does not contradict the domain the account is known by."""
        if keys.domain and keys.domain in self.by_domain:
            return self.by_domain[keys.domain]
        found = (self.by_name.get(keys.company) or self.by_name.get(keys.company_whole)) if keys.company else None
        if found and keys.domain and found.domain and found.domain != keys.domain:
            return None
        return found
