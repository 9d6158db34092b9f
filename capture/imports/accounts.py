"""Rows that are accounts: by domain, else by name; what is empty is filled, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capture.adapters import Unreadable
from capture.adapters.base import Draft, SourceLike
from capture.adapters.coercion import draft_from
from capture.adapters.synonyms import NAMES
from capture.imports.kinds import BAD, DUPLICATE, KNOWN, NEW, NUMBER, Check, Options, Row, RowKind, Target, Verdict
from capture.models import Import
from leadops import bulk, moment
from leadops.fold import clean_text, domain_of, fold_company, is_free_mail
from leadops.models import Account
from leadops.unit import Unit

COLUMNS = ("domain", "country", "industry", "employees", "external_key")
NO_SOURCE: SourceLike = SimpleNamespace(phone_region="", mapping={})


def targets() -> list[Target]:
    return [
        Target("company", _("Name of the account"), "text", (*NAMES["company"].split(), "account", "compte", "name")),
        Target("domain", _("Domain"), "text", ("domain", "domaine", "website", "site_web", "web", "url", "site")),
        Target("industry", _("Industry"), "text", tuple(NAMES["industry"].split())),
        Target("employees", _("Number of employees"), NUMBER, tuple(NAMES["employees"].split())),
        Target("country", _("Country"), "text", (*NAMES["country"].split(), "office_location")),
        Target("external_key", _("Their identifier"), "text", ("external_key", "account_id", "id")),
    ]


@dataclass(slots=True)
class _Seen:
    """Accounts by what they are recognised by; grows as rows are folded in."""

    domains: dict[str, Account] = field(default_factory=dict)
    names: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, Account] = field(default_factory=dict)

    def learn(self, account: Account) -> None:
        for table, key in (
            (self.domains, account.domain), (self.names, account.name_folded), (self.keys, account.external_key),
        ):  # fmt: skip
            if key:
                table.setdefault(key, account)

    def find(self, wanted: Account) -> Account | None:
        found = self.keys.get(wanted.external_key) or self.domains.get(wanted.domain)
        if found is None:
            found = self.names.get(wanted.name_folded)
            if found and wanted.domain and found.domain and found.domain != wanted.domain:
                return None
        return found


def _read(row: Row) -> Account | Verdict:
    if row.bad:
        return BAD, row.bad, row.detail
    wanted = {key: value for key, value in row.values.items() if key in ("company", "industry", "employees", "country")}
    try:
        draft: Draft = draft_from(wanted, source=NO_SOURCE, received_at=moment.now())
    except Unreadable as fault:
        return BAD, fault.code, fault.message[:300]
    domain = _domain(row.values.get("domain", ""))
    if not draft.company and not domain:
        return BAD, "empty", ""
    return Account(
        name=draft.company or domain,
        name_folded=(fold_company(draft.company) or domain)[:250],
        domain=domain,
        country=draft.country,
        industry=draft.industry,
        employees=draft.employees,
        external_key=clean_text(row.values.get("external_key", ""), 120).strip(),
    )


def _domain(text: str) -> str:
    """The domain of an address or a site; free mail is nobody's."""
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = host.partition("/")[0].partition(":")[0].removeprefix("www.")
    domain = domain_of(host if "@" in host else f"a@{host}") or ""
    return "" if not domain or is_free_mail(domain) else domain[:253]


def _held(read: Sequence[Account | Verdict]) -> _Seen:
    wanted = [account for account in read if isinstance(account, Account)]
    seen = _Seen()
    rows = Account.objects.filter(
        Q(domain__in={a.domain for a in wanted} - {""})
        | Q(name_folded__in={a.name_folded for a in wanted})
        | Q(external_key__in={a.external_key for a in wanted} - {""})
    )
    for account in rows.order_by("created_at", "id"):
        seen.learn(account)
    return seen


class _DryRun:
    def __init__(self) -> None:
        self.file = _Seen()

    def __call__(self, rows: Sequence[Row]) -> list[Verdict]:
        read = [_read(row) for row in rows]
        held = _held(read)
        return [self._judge(one, held) if isinstance(one, Account) else one for one in read]

    def _judge(self, wanted: Account, held: _Seen) -> Verdict:
        twice = self.file.find(wanted)
        self.file.learn(wanted)
        return (DUPLICATE if twice else KNOWN if held.find(wanted) else NEW), "", ""


def checker(options: Options) -> Check:
    return _DryRun()


def take(file: Import, rows: Sequence[Row], unit: Unit) -> list[Verdict]:
    read = [_read(row) for row in rows]
    seen = _held(read)
    made: dict[Account, None] = {}
    filled: dict[Account, None] = {}
    found: list[Verdict] = []
    for wanted in read:
        if not isinstance(wanted, Account):
            found.append(wanted)
            continue
        account = seen.find(wanted)
        if account is None:
            wanted.created_at = unit.at
            made[wanted] = None
            seen.learn(wanted)
            found.append((NEW, "", ""))
            continue
        if _fill(account, wanted) and account not in made:
            filled[account] = None
        seen.learn(account)
        found.append((KNOWN, "", ""))
    Account.objects.bulk_create(made)
    bulk.write([bulk.changed(list(filled), COLUMNS)])
    return found


def _fill(account: Account, wanted: Account) -> bool:
    """What is empty takes the file's value, unless it names another account."""
    changed = False
    for name in COLUMNS:
        value = getattr(wanted, name)
        if getattr(account, name) in ("", None) and value not in ("", None):
            setattr(account, name, value)
            changed = True
    return changed


ACCOUNTS = RowKind("accounts", targets, checker, take, ("company", "domain"))
