"""Who must not be written to: addresses by keyed hash, and what people agreed to, read over all aliases. It sends nothing.

A suppression survives erasure and re-import, because it keeps no address. Whoever writes one takes the address's lock
alone, whoever is about to send takes it with others: no letter starts after the no was committed.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.errors import NotFound, Refused
from leadops.fold import fold_email, mailbox_of
from leadops.journal import Kind
from leadops.models import Consent, Lifting, Person, PersonEmail, Suppression
from leadops.models.columns import Mailbox
from leadops.unit import Unit

MAIL = "email"
UNSUBSCRIBED, BOUNCED, COMPLAINED, BY_HAND, ERASED = "unsubscribed", "bounced", "complained", "by_hand", "erased"
REASON_LABELS = {
    UNSUBSCRIBED: _("Unsubscribed"),
    BOUNCED: _("Mail bounced"),
    COMPLAINED: _("Complaint about a mail"),
    BY_HAND: _("Put on the list by hand"),
    ERASED: _("Erased: never to be written to again"),
}
OWN_WORD = (UNSUBSCRIBED, COMPLAINED, ERASED)  # what a person said for themselves: only they take it back
NO = ("refused", "withdrawn", "pending")
SAID_NO = ("refused", "withdrawn")


def digest_of(address: str) -> bytes | None:
    """The keyed hash of the mailbox behind an address; None when it is not an address."""
    folded = fold_email(address)
    return None if folded is None else _keyed(mailbox_of(folded))


def digests_of_address(address: str) -> set[bytes]:
    """Every hash under which this mailbox may stand on the list: today's, and that of entries made before dots were none."""
    folded = fold_email(address)
    return set() if folded is None else {_keyed(mailbox_of(folded)), _keyed(mailbox_of(folded, dots=True))}


def _keyed(box: str) -> bytes:
    return hmac.new(b"leadops.suppression\0" + settings.SECRET_KEY.encode(), box.encode(), hashlib.sha256).digest()


def digests_of(people: Iterable[Person]) -> dict[uuid.UUID, set[bytes]]:
    """Person -> the hashes under which any address of any alias may stand on the list, in two statements."""
    return {pk: set().union(*map(digests_of_address, given)) for pk, given in _addresses_of(people).items()}


def _addresses_of(people: Iterable[Person]) -> dict[uuid.UUID, set[str]]:
    people = list(people)
    canonical = {person.canonical_id for person in people}
    aliases = Person.objects.filter(canonical__in=canonical).values_list("pk", "canonical_id", "email")
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    of: dict[uuid.UUID, uuid.UUID] = {}
    for pk, winner, address in aliases:
        of[pk] = winner
        found[winner].add(address)
    for pk, address in PersonEmail.objects.filter(person__in=of).values_list("person_id", "folded"):
        found[of[pk]].add(address)
    return {person.pk: found[person.canonical_id] for person in people}


def in_force() -> QuerySet[Suppression]:
    """What holds: suppressions nobody lifted."""
    return Suppression.objects.filter(channel=MAIL, lifting__isnull=True)


def listed() -> QuerySet[Suppression]:
    """Every entry there ever was, with who made it and who ended it."""
    return Suppression.objects.filter(channel=MAIL).select_related("by", "lifting__by")


def suppressed(people: Iterable[Person]) -> dict[uuid.UUID, str]:
    """Person -> why none of their addresses is written to; people who may be written to are left out."""
    digests = digests_of(people)
    wanted = {digest for each in digests.values() for digest in each}
    rows = in_force().filter(digest__in=wanted).values_list("digest", "reason")
    known = {bytes(digest): reason for digest, reason in rows}
    found = {pk: next((known[d] for d in sorted(each) if d in known), "") for pk, each in digests.items()}
    return {pk: reason for pk, reason in found.items() if reason}


LAST_ERASED = "SELECT max(at) FROM leadops_suppression WHERE channel = 'erased'"  # by an index of these alone


def erased(addresses: Iterable[str]) -> dict[str, datetime]:
    """Folded address -> when its owner was erased last, of these; none are asked about without a statement."""
    known = {address: digests_of_address(address) for address in addresses}
    asked = {digest for digests in known.values() for digest in digests}
    if not asked:
        return {}
    rows = Suppression.objects.filter(digest__in=asked, channel=ERASED).order_by("at").values_list("digest", "at")
    last = {bytes(digest): at for digest, at in rows}
    found = {address: [last[each] for each in digests & last.keys()] for address, digests in known.items()}
    return {address: max(times) for address, times in found.items() if times}


def consents(people: Iterable[Person]) -> dict[uuid.UUID, str]:
    """Person -> what they last said about mail: a word of `NO`, `given`, or nothing; the strictest over their aliases.

    A no said under another spelling of one of their mailboxes holds, too, until they themselves agree after it.
    """
    people = list(people)
    canonical = {person.canonical_id for person in people}
    others = _same_mailbox(canonical)
    asked = canonical.union(*others.values())
    rows = Consent.objects.filter(person__canonical__in=asked, channel=MAIL).order_by("occurred_at", "id")
    last: dict[uuid.UUID, dict[uuid.UUID, tuple[str, datetime]]] = defaultdict(dict)
    for winner, alias, state, at in rows.values_list("person__canonical_id", "person_id", "state", "occurred_at"):
        last[winner][alias] = (state, at)
    words = {
        winner: _word(last[winner].values(), [said for other in others[winner] for said in last[other].values()])
        for winner in canonical
    }
    return {person.pk: words[person.canonical_id] for person in people if words[person.canonical_id]}


def _word(own: Iterable[tuple[str, datetime]], elsewhere: Iterable[tuple[str, datetime]]) -> str:
    own = list(own)
    no = next((state for state, _at in own if state in NO), "")
    agreed = max((at for state, at in own if state == "given"), default=None)
    after = [(at, state) for state, at in elsewhere if state in SAID_NO and (agreed is None or at > agreed)]
    return no or (max(after)[1] if after else "given" if agreed else "")


def _same_mailbox(canonical: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Canonical person -> others, merged with nobody here, who have one of their mailboxes under another spelling."""
    boxes: dict[str, set[uuid.UUID]] = defaultdict(set)
    known = Person.objects.filter(canonical__in=canonical).values_list("canonical_id", "email", "emails__folded")
    for winner, shown, identifying in known:
        for folded in filter(None, {fold_email(shown), identifying}):
            boxes[mailbox_of(folded)].add(winner)
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    spelled = PersonEmail.objects.annotate(box=Mailbox("folded")).filter(**{"box__any": sorted(boxes)})
    for other, box in spelled.values_list("person__canonical_id", "box"):
        for winner in boxes[box] - {other}:
            found[winner].add(other)
    return found


def lock(digests: Iterable[bytes], *, alone: bool) -> None:
    """Hold these addresses until the transaction ends: alone to suppress them, with others to send."""
    keys = sorted(int.from_bytes(digest[:8], "big", signed=True) for digest in digests)
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        for key in keys:  # one after the other, in one order: nobody waits for a lock that waits for theirs
            cursor.execute(f"SELECT {name}(%s)", [key])


def bury(digests: Iterable[bytes], unit: Unit, *, origin: str) -> None:
    """Their owner was erased: nobody writes to these addresses, and no list brings them back, whatever is lifted later."""
    digests = sorted(set(digests))
    suppress(digests, ERASED, unit, origin=origin)
    rows = Suppression.objects.filter(digest__in=digests, channel=ERASED).values_list("digest", "origin")
    buried: dict[bytes, set[str]] = {digest: set() for digest in digests}  # once more for who came back in between
    for digest, before in rows:
        buried[bytes(digest)].add(before)
    Suppression.objects.bulk_create(
        [
            Suppression(digest=digest, channel=ERASED, reason=ERASED, at=unit.at, origin=origin, round=len(before))
            for digest, before in buried.items()
            if origin not in before
        ],
        ignore_conflicts=True,
    )


def suppress(digests: Iterable[bytes], reason: str, unit: Unit, *, origin: str = "", why: str = "") -> int:
    """Never write to these addresses again; those on the list already stay as they are. How many are new."""
    digests = sorted(set(digests))
    lock(digests, alone=True)
    held = {bytes(digest) for digest in in_force().filter(digest__in=digests).values_list("digest", flat=True)}
    before = Counter(
        bytes(digest)
        for digest in Suppression.objects.filter(digest__in=digests, channel=MAIL).values_list("digest", flat=True)
    )
    fresh = [digest for digest in digests if digest not in held]
    Suppression.objects.bulk_create(
        Suppression(
            digest=digest,
            channel=MAIL,
            reason=reason,
            at=unit.at,
            round=before[digest],
            origin=origin,
            why=why,
            by_id=unit.actor.user_id,
        )
        for digest in fresh
    )
    return len(fresh)


def suppress_person(person: Person, reason: str, unit: Unit, *, also: Iterable[bytes] = (), origin: str = "") -> int:
    """All addresses of a person over all aliases, and those a letter was sent to."""
    own = {digest for address in _addresses_of([person])[person.pk] if (digest := digest_of(address))}
    return suppress({*own, *also}, reason, unit, origin=origin)


def add(address: str, why: str, unit: Unit) -> Suppression:
    """Put one address on the list by hand."""
    access.require(unit.actor, "edit_suppressions")
    digest = digest_of(address)
    if digest is None:
        raise Refused("not-an-address", _("This is not an e-mail address."))
    if not why.strip():
        raise Refused("reason-needed", _("Say why: a reason is needed."))
    suppress([digest], BY_HAND, unit, why=why.strip()[:200])
    unit.record(Kind.SETTING_CHANGED, data={"what": "suppression", "to": "added"})
    return in_force().get(digest=digest)


def remove(suppression_id: int, why: str, unit: Unit, *, address: str = "") -> None:
    """Take an address off the list, with a reason that stays on record.

    What the person said for themselves is lifted only where they asked for mail again since: it takes their `address`,
    and a consent they gave after the suppression.
    """
    access.require(unit.actor, "edit_suppressions")
    if not why.strip():
        raise Refused("reason-needed", _("Say why: a reason is needed."))
    row = in_force().select_for_update(of=("self",)).filter(pk=suppression_id).first()
    if row is None:
        raise NotFound(_("There is no such entry."))
    if row.reason in OWN_WORD:
        _require_asked_again(row, address)
    Lifting.objects.create(suppression=row, why=why.strip()[:200], by_id=unit.actor.user_id, at=unit.at)
    said: Mapping[str, str] = {"what": "suppression", "to": "removed", "from": row.reason, "id": str(row.pk)}
    unit.record(Kind.SETTING_CHANGED, data=dict(said))


def _require_asked_again(row: Suppression, address: str) -> None:
    if not address.strip():
        raise Refused(
            "address-needed", _("The person said so themselves: type their address, to find whether they asked again.")
        )
    if bytes(row.digest) not in digests_of_address(address):
        raise Refused("other-address", _("This entry is about another address."))
    known = PersonEmail.objects.filter(folded=fold_email(address)).select_related("person").first()
    asked = known is not None and consents([known.person]).get(known.person_id) == "given"
    since = Consent.objects.filter(channel=MAIL, state="given", occurred_at__gt=row.at)
    if not asked or known is None or not since.filter(person__canonical=known.person.canonical_id).exists():
        raise Refused(
            "not-asked-again",
            _("They have not agreed to mail since: only their own new consent takes this back."),
        )
