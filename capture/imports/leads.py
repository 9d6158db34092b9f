"""Rows that are leads: each becomes a submission behind the live ones, read by the same pipeline; it resolves nobody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from capture import snapshot
from capture.adapters import Unreadable
from capture.adapters.base import Draft
from capture.adapters.coercion import draft_from
from capture.adapters.synonyms import NAMES
from capture.identity import PHONE, Keys, keys_for
from capture.imports.kinds import (
    ATTRIBUTE,
    BAD,
    DAY,
    DUPLICATE,
    KNOWN,
    NEW,
    NUMBER,
    Check,
    Options,
    Row,
    RowKind,
    Target,
    Verdict,
)  # fmt: skip
from capture.models import Import, Source, Submission
from leadops import bulk, ids, moment
from leadops.models import AttributeDef, MatchKey, PersonEmail
from leadops.templatetags.house import said
from leadops.unit import Unit

BEHIND = 10  # priority: live ones have 0 and go first
LABELS: dict[str, str | Promise] = {
    "email": _("E-mail"), "phone": _("Phone"), "given_name": _("First name"), "family_name": _("Last name"),
    "name": _("Whole name"), "company": _("Company"), "title": _("Job title"), "country": _("Country"),
    "region": _("Region"), "postcode": _("Postcode"), "city": _("City"), "language": _("Language"),
    "industry": _("Industry"), "employees": _("Number of employees"), "message": _("Message"),
    "external_id": _("Their identifier"), "occurred_at": _("When it happened"), "consent": _("Consent to be mailed"),
    "landing_url": _("Landing page"), "referrer": _("Referring page"), "utm_source": "utm_source",
    "utm_medium": "utm_medium", "utm_campaign": "utm_campaign", "utm_content": "utm_content", "utm_term": "utm_term",
}  # fmt: skip
KINDS = {"occurred_at": DAY, "employees": NUMBER}
MORE_NAMES = {"external_id": ("prospect_id", "contact_id", "record_id", "id")}


def targets() -> list[Target]:
    """The fields of a lead, then the house's own."""
    found = [
        Target(key, label, KINDS.get(key, "text"), (*NAMES[key].split(), *MORE_NAMES.get(key, ())))
        for key, label in LABELS.items()
    ]
    for row in AttributeDef.objects.exclude(owner="account").order_by("owner", "key"):
        kind = {"number": NUMBER, "day": DAY, "instant": DAY}.get(row.kind, "text")
        label = said(row.labels) or row.key
        found.append(Target(f"{ATTRIBUTE}{row.key}", label, kind, (row.key,), _("Custom fields")))
    return found


# -- the dry run -----------------------------------------------------------------------------------------


def _parts(row: Row) -> tuple[dict[str, str], dict[str, str]]:
    """What the draft is made of: our fields, and all the rest under its own name or that of the custom field."""
    named = {key: value for key, value in row.values.items() if not key.startswith(ATTRIBUTE)}
    custom = {key.removeprefix(ATTRIBUTE): value for key, value in row.values.items() if key.startswith(ATTRIBUTE)}
    return named, {**row.rest, **custom}


class _DryRun:
    """Who would be new, who is known, who stands in the file twice; remembers what it saw of the file so far."""

    def __init__(self, options: Options) -> None:
        self.source = Source.objects.get(slug=options["source"])
        self.at = moment.now()
        self.emails: set[str] = set()
        self.phones: dict[str, str] = {}

    def __call__(self, rows: Sequence[Row]) -> list[Verdict]:
        read = [self._draft(row) for row in rows]
        keys = [keys_for(draft) for draft in read if isinstance(draft, Draft)]
        emails, phones = _known(keys)
        found: list[Verdict] = []
        each = iter(keys)
        for draft in read:
            found.append(self._judge(next(each), emails, phones) if isinstance(draft, Draft) else draft)
        return found

    def _draft(self, row: Row) -> Draft | Verdict:
        named, _rest = _parts(row)
        try:
            draft = draft_from(named, source=self.source, received_at=self.at)
        except Unreadable as fault:
            return BAD, fault.code, fault.message[:300]
        return (BAD, "empty", "") if snapshot.says_nothing(draft) else draft

    def _judge(self, keys: Keys, emails: set[str], phones: set[str]) -> Verdict:
        if keys.email:
            twice, known = keys.email in self.emails, keys.email in emails
            self.emails.add(keys.email)
        elif keys.phone:
            before = self.phones.get(keys.phone)
            twice = before is not None and (not before or not keys.name or before == keys.name)
            known = keys.phone in phones
        else:
            twice = known = False
        if keys.phone:
            self.phones.setdefault(keys.phone, keys.name)
        return (DUPLICATE if twice else KNOWN if known else NEW), "", ""


def _known(keys: Sequence[Keys]) -> tuple[set[str], set[str]]:
    """Addresses and numbers of these that somebody has already, in two statements."""
    emails = {k.email for k in keys if k.email}
    phones = {k.phone for k in keys if k.phone and not k.email}
    known = set(PersonEmail.objects.filter(folded__in=emails).values_list("folded", flat=True)) if emails else set()
    hints = MatchKey.objects.filter(Q(kind=PHONE, value__in=phones), person__erased_at__isnull=True)
    return known, set(hints.values_list("value", flat=True)) if phones else set()


def checker(options: Options) -> Check:
    return _DryRun(options)


# -- taking them -----------------------------------------------------------------------------------------


def take(file: Import, rows: Sequence[Row], unit: Unit) -> list[Verdict]:
    """One submission a row, bad ones too, so that deliveries are rows; the pipeline gives each its end."""
    headers = {"import": str(file.pk)}
    route = file.options.get("route", "now")
    if route == "assign":
        headers["owner"] = str(file.options["owner"])
    elif route != "source":
        headers["trigger"] = str(route)
    made = [_submission(file, row, headers, unit) for row in rows]
    bulk.insert(made)
    unit.wake("due")
    return [(BAD, row.bad, row.detail) if row.bad else (NEW, "", "") for row in rows]


def _submission(file: Import, row: Row, headers: dict[str, str], unit: Unit) -> Submission:
    body: dict[str, Any] = {"row": row.number}
    if row.bad:
        body |= {"cells": list(row.cells), "of": row.width}
    else:
        body["set"], body["rest"] = _parts(row)
    raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return bulk.make(
        Submission,
        id=ids.uuid7(),
        source_id=file.source_id,
        delivery_key=f"f:{bytes(file.digest).hex()}:{f'{file.lap}-' if file.lap else ''}{row.number}",
        received_at=unit.at,
        content_type="application/json",
        headers=headers,
        body=raw,
        digest=hashlib.sha256(raw).digest(),
        verified=True,
        priority=BEHIND,
        created_by_id=file.by_id,
        file_id=file.pk,
        row=row.number,
    )


LEADS = RowKind(
    "leads",
    targets,
    checker,
    take,
    ("email", "phone", "name", "given_name", "family_name", "company", "title", "message", "external_id"),
    chunk=1000,
)
