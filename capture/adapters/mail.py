"""A received mail read for what it is: who wrote, whether a human did, which letter it answers, and the words alone.

It reads any bytes without failing on a broken header or an unknown charset; what From says is never proof of anything.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parseaddr, parsedate_to_datetime

import nh3

from capture.adapters.base import Mail
from capture.adapters.quoting import words_alone
from leadops.fold import clean_text, fold_email

HUMAN, AUTOMATIC, BOUNCE, COMPLAINT = "human", "automatic", "bounce", "complaint"
UNSUBSCRIBE, EVENT = "unsubscribe", "event"  # what only a mail service tells
MOST_PARTS = 100
LONGEST_TEXT = 100_000
MOST_TAGS = 2000
_line_ends = re.compile(r"<br\s*/?>|</(?:p|div|tr|li|h[1-6])>", re.IGNORECASE)
_tags = re.compile(r"</?(?!(?:script|style)\b)[a-z][^<>]*>", re.IGNORECASE)
_blank_before_colon = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_header_line = re.compile(rb"^(?:[!-9;-~]+:|[ \t]|From |>From |\r?$)")
_ids = re.compile(r"<([^<>\s]{1,500})>")
_ours = re.compile(r"([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})@leadops\b", re.IGNORECASE)
_token = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_away = re.compile(
    r"^\s*(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|réponse automatique|"
    r"absen(?:t|ce) du bureau|message d.absence|abwesenheit|fuera de (?:la )?oficina|respuesta automática|ooo\b)",
    re.IGNORECASE,
)
_bounced_subject = re.compile(
    r"^\s*(?:undeliver|delivery (?:status notification|failure)|mail delivery fail|returned mail|failure notice|"
    r"échec de (?:la )?remise|non remis|message non distribué)",
    re.IGNORECASE,
)
_machines = re.compile(r"^(?:mailer-daemon|postmaster)(?:@|$)", re.IGNORECASE)
_status = re.compile(r"^status:\s*([245])\.", re.IGNORECASE | re.MULTILINE)
_code = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_smtp = re.compile(r"\b([45])\d\d[ -]")


def parse(raw: bytes) -> Message:
    """The message as it came; the old policy, because it forgives broken headers."""
    return message_from_bytes(_mended(raw.lstrip(b"\r\n")), policy=policy.compat32)


def _mended(raw: bytes) -> bytes:
    """Headers that one stray line would cut short: lines that are none are left out, blanks before a colon too."""
    end = next((at for at in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n")) if at >= 0), len(raw))
    lines = _blank_before_colon.sub(rb"\1:", raw[:end]).split(b"\n")
    good = [_header_line.match(line) is not None for line in lines]
    if all(good) or not good[0]:
        return b"\n".join(lines) + raw[end:] if good[0] else raw
    return b"\n".join(line for line, is_good in zip(lines, good, strict=True) if is_good) + raw[end:]


def header(message: Message, name: str) -> str:
    """One header as readable text; of a broken one what can be read."""
    wanted = name.lower()
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == wanted), "")
    if not raw.isascii():  # bytes nobody encoded: UTF-8 by the newer standard, else as old programs wrote
        raw = _bytes_to_text(raw.encode("utf-8", "surrogateescape"), "utf-8")
    return decoded(raw)


def decoded(value: object) -> str:
    text = str(value or "")
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return clean_text(text, 2000).strip()
    shown = "".join(
        part if isinstance(part, str) else _bytes_to_text(part, charset or "ascii") for part, charset in parts
    )
    return clean_text(" ".join(shown.split()), 2000)


def _bytes_to_text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")


def sender(message: Message) -> tuple[str, str]:
    """(name, address) of who says to have written; Reply-To where From has no address."""
    for field in ("From", "Reply-To", "Sender"):
        for name, address in getaddresses([header(message, field)]):
            if fold_email(address):
                return name.strip(), address.strip()
    name, address = parseaddr(header(message, "From"))
    return name.strip(), address.strip()


# -- what it is ----------------------------------------------------------------------------------------


def kind_of(headers: Mapping[str, str], subject: str, address: str) -> str:
    """Human or automatic, by headers (names in lower case), and by subject where a program set none."""
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    precedence = headers.get("precedence", "").strip().lower()
    marks = ("x-autoreply", "x-autorespond", "x-autogenerated", "x-auto-response-suppress", "x-mail-autoreply")
    automatic = (
        submitted not in ("no", "")
        or precedence in ("bulk", "junk", "auto_reply", "auto-reply", "list")
        or any(headers.get(mark, "").strip().lower() not in ("", "no", "none") for mark in marks)
        or headers.get("return-path", "x").replace(" ", "") == "<>"
        or bool(_away.search(subject))
        or bool(_machines.match(address))
    )
    return AUTOMATIC if automatic else HUMAN


def read(message: Message) -> tuple[Mail, str]:
    """What the message is, and the words its writer added."""
    headers = {name.lower(): str(value) for name, value in message.items()}
    subject, (_name, address) = header(message, "Subject"), sender(message)
    text = text_of(message)
    failed = report_of(message, subject, address, text)
    if failed is not None:
        return failed, text
    kind = kind_of(headers, subject, address)
    if message.get_content_type() == "multipart/report":  # a read receipt and its like
        kind = AUTOMATIC
    named = [*headers_of(message, ("In-Reply-To", "References")), *recipients(message)]
    return Mail(kind, message_id(headers.get("message-id", "")), letters_in(named)), words_alone(text)


def headers_of(message: Message, names: Iterable[str]) -> list[str]:
    return [str(value) for name in names for value in message.get_all(name, [])]


def recipients(message: Message) -> list[str]:
    return headers_of(message, ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"))


def message_id(text: str) -> str:
    found = _ids.search(text)
    return found.group(1) if found else clean_text(text, 300).strip()


def letters_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Ids of our letters named in headers: Message-IDs we gave, and the part after + of an address answered to."""
    found: dict[str, None] = {}
    for text in texts:
        for match in (*_token.finditer(text), *_ours.finditer(text)):
            found[match.group(1).replace("-", "").lower()] = None
    return tuple(found)


# -- reports of failure --------------------------------------------------------------------------------


def report_of(message: Message, subject: str, address: str, text: str) -> Mail | None:
    """A bounce or a complaint, by its machine-readable part, else by who sent it; None for everything else."""
    parts = list(walked(message))
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds:
        return Mail(COMPLAINT, message_id(str(message.get("Message-ID", ""))), _original(parts), about=_about(parts))
    status = [_flat(part) for part in parts if part.get_content_type() == "message/delivery-status"]
    machine = bool(_machines.match(address)) and bool(_bounced_subject.search(subject))
    report = message.get_content_type() == "multipart/report" and "delivery-status" in str(message.get("Content-Type"))
    if not status and not report and not machine:
        return None
    told = "\n".join(status) if any(status) else f"{text}\n{message.get_payload()}"[:40_000]
    action = re.search(r"^action:\s*(\w+)", told, re.IGNORECASE | re.MULTILINE)
    if action and action.group(1).lower() in ("delivered", "relayed", "expanded"):
        return Mail(AUTOMATIC, message_id(str(message.get("Message-ID", ""))), ())
    delayed = action is not None and action.group(1).lower() == "delayed"
    hard = not delayed and _is_hard(told)
    return Mail(
        BOUNCE, message_id(str(message.get("Message-ID", ""))), _original(parts), about=_about(parts) or _in_text(text), hard=hard
    )  # fmt: skip


def _is_hard(told: str) -> bool:
    """Permanent: 5.x.x, else the code of the server's answer; what says nothing counts as passing."""
    codes = _status.findall(told) or _code.findall(told) or _smtp.findall(told)
    return bool(codes) and codes[0] == "5"


def _flat(part: Message) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = (each for each in payload if isinstance(each, Message))
        return "\n".join(f"{name}: {value}" for block in blocks for name, value in block.items())
    return str(payload)


def _about(parts: Sequence[Message]) -> str:
    """The address that failed, as the report names it."""
    for part in parts:
        if part.get_content_type() in ("message/delivery-status", "message/feedback-report"):
            found = re.search(
                r"^(?:final|original)-(?:recipient|rcpt-to):\s*(?:rfc822\s*;)?\s*<?([^\s<>;]+@[^\s<>;]+?)>?\s*$",
                _flat(part),
                re.IGNORECASE | re.MULTILINE,
            )
            if found:
                return found.group(1)
    return ""


def _in_text(text: str) -> str:
    found = (match.group(1) for match in re.finditer(r"<([^\s<>@]+@[^\s<>]+)>", text[:5000]))
    return next((address for address in found if not _machines.match(address)), "")


def _original(parts: Sequence[Message]) -> tuple[str, ...]:
    """Our letter among what the report carries of the message that failed."""
    texts = [str(value) for part in parts for value in part.get_all("Message-ID", [])]
    texts += [str(part.get_payload())[:20_000] for part in parts if part.get_content_type() == "text/rfc822-headers"]
    return letters_in(texts)


# -- its words -----------------------------------------------------------------------------------------


def walked(message: Message) -> Iterable[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def text_of(message: Message) -> str:
    """The plain text of a message, else the text of its HTML; attachments are not read."""
    plain: list[str] = []
    marked: list[str] = []
    for part in walked(message):
        if part.is_multipart() or part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            plain.append(_part_text(part))
        elif part.get_content_type() == "text/html":
            marked.append(_part_text(part))
    found = "\n".join(plain) if any(text.strip() for text in plain) else text_of_html("\n".join(marked))
    return clean_text(found, LONGEST_TEXT).strip()


def _part_text(part: Message) -> str:
    try:
        raw = part.get_payload(decode=True)
    except (ValueError, TypeError, AssertionError):  # an encoding that is none
        raw = str(part.get_payload()).encode("utf-8", "surrogateescape")
    if not isinstance(raw, bytes):
        return ""
    return _bytes_to_text(raw[: 4 * LONGEST_TEXT], part.get_content_charset() or "utf-8")


def text_of_html(markup: str) -> str:
    """The words of a page. Tags go before the cleaner sees them, but for those that take words with them: its time grows
    with the square of what is open at once, and it cannot be interrupted."""
    lines = _line_ends.sub("\n", markup[: 4 * LONGEST_TEXT])
    return html.unescape(nh3.clean(_with_few_tags(_tags.sub("", lines)), tags=set()))


def _with_few_tags(markup: str) -> str:
    """As far as the first `MOST_TAGS` of what may still be one; real letters have a handful."""
    at = -1
    for _tag in range(MOST_TAGS):
        at = markup.find("<", at + 1)
        if at < 0:
            return markup
    return markup[:at]


def sent_at(text: str) -> datetime | None:
    """The date a mail names; None where it names none that exists."""
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
