"""Inbound mail as submissions: raw messages, Mailgun routes, Postmark inbound; each reads to one draft with its `mail`."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from capture.adapters import mail, strict
from capture.adapters.away import back_on
from capture.adapters.base import Draft, Mail, Peek, Received, SourceLike, Unreadable
from capture.adapters.coercion import draft_from
from capture.adapters.generic import FORM_KINDS, is_form, scalar_key
from capture.adapters.quoting import words_alone
from leadops.fold import clean_text

LONGEST_MESSAGE = 5000
_REPLY = {mail.HUMAN: "reply", mail.AUTOMATIC: "reply", mail.BOUNCE: "bounce", mail.COMPLAINT: "complaint"}


def draft(
    found: Mail, name: str, address: str, subject: str, words: str, date: str, received: Received, source: SourceLike
) -> Draft:
    """The one draft of a mail: who wrote, and what; the subject stands beside it."""
    said = words if words.strip() else subject
    values: dict[str, Any] = {"email": address, "message": said[:LONGEST_MESSAGE]}
    if name and "@" not in name:
        values["name"] = name
    made = draft_from(values, source=source, received_at=received.received_at)
    made.kind, made.mail = _REPLY[found.kind], found
    made.external_id = clean_text(found.message_id, 120)
    at = mail.sent_at(date)
    if at is not None and at <= received.received_at:
        made.occurred_at = at
    if found.kind == mail.AUTOMATIC:
        sent = made.occurred_at or received.received_at
        made.mail = replace(found, back=back_on(subject, words, sent.date()))
    if subject:
        made.extra["subject"] = clean_text(subject, 500)
    return made


def of_raw(raw: bytes, received: Received, source: SourceLike) -> Draft:
    message = mail.parse(raw)
    if not message.keys() or (not message.get("From") and not message.get("Date") and not message.get("Subject")):
        raise Unreadable("shape", "These bytes are not a mail message.")
    found, words = mail.read(message)
    name, address = mail.sender(message)
    return draft(
        found, name, address, mail.header(message, "Subject"), words, str(message.get("Date", "")), received, source
    )


def of_parts(
    headers: Sequence[tuple[str, str]], address: str, name: str, subject: str, text: str, stripped: str,
    named: Sequence[str], received: Received, source: SourceLike,
) -> Draft:  # fmt: skip
    """A mail a provider has taken apart: headers as pairs, the text, and what it took for the new words."""
    lower = {key.lower(): value for key, value in headers}
    texts = [lower.get("in-reply-to", ""), lower.get("references", ""), lower.get("to", ""), *named]
    kind = mail.kind_of(lower, subject, address)
    found = Mail(kind, mail.message_id(lower.get("message-id", "")), mail.letters_in(texts))
    failed = mail.report_of(_as_message(lower, text), subject, address, text) if kind == mail.AUTOMATIC else None
    words = stripped.strip() or words_alone(text)
    return draft(failed or found, name, address, subject, words, lower.get("date", ""), received, source)


def _as_message(headers: Mapping[str, str], text: str) -> Any:
    told = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in headers.items() if name != "content-type")
    return mail.parse(f"{told}\n{text}".encode("utf-8", "replace"))


class Raw:
    """The message itself, as a mail server pipes it: `inbound_raw`."""

    scheme = ""
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        head = raw[: strict.PEEK_BYTES // 8].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
        return Peek(delivery_key=mail.message_id(str(mail.parse(head + b"\n\n").get("Message-ID", ""))) or None)

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        return [of_raw(bytes(received.body), received, source)]


class Mailgun:
    """Mailgun routes, forwarded as a form or kept as JSON; with the whole message where the route sends it."""

    scheme = ""
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        """Mailgun signs timestamp and token, and sends the proof among the fields; the token is never used twice."""
        try:
            fields = self._fields(raw, headers.get("content-type", ""))
        except Unreadable:
            return Peek(verified=False if secrets else None)
        verified = signed_by_mailgun(fields, secrets) if secrets else None
        return Peek(verified=verified, delivery_key=scalar_key(fields.get("Message-Id") or fields.get("token")))

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        fields = self._fields(bytes(received.body), received.content_type)
        if "body-mime" in fields:
            return [of_raw(fields["body-mime"].encode("utf-8", "surrogateescape"), received, source)]
        if "sender" not in fields or not ("body-plain" in fields or "stripped-text" in fields or "body-html" in fields):
            raise Unreadable("shape", "This is not a mail of a Mailgun route.")
        headers = self._headers(fields)
        lower = {name.lower(): value for name, value in headers}
        name, address = mail.sender(_as_message({"from": lower.get("from") or fields.get("from", "")}, ""))
        text = fields.get("body-plain") or mail.text_of_html(fields.get("body-html", ""))
        subject = mail.decoded(fields.get("subject") or lower.get("subject", ""))
        named = [fields.get("recipient", "")]
        stripped = fields.get("stripped-text", "")
        return [
            of_parts(headers, address or fields["sender"], name, subject, text, stripped, named, received, source)
        ]  # fmt: skip

    def _fields(self, raw: bytes, content_type: str) -> dict[str, str]:
        if is_form(content_type, raw):
            posted = strict.form_fields(raw, content_type or FORM_KINDS[0])
            return {name: str(values[0]) for name, values in posted.items() if values}
        body = strict.strict_json(raw, strict.content_kind(content_type)[1])
        if not isinstance(body, dict):
            raise Unreadable("shape", "The body is not an object.")
        return {str(name): str(value) for name, value in body.items() if isinstance(value, str | int | float)}

    def _headers(self, fields: Mapping[str, str]) -> list[tuple[str, str]]:
        try:
            pairs = json.loads(fields.get("message-headers", "[]"))
        except ValueError:
            pairs = []
        found = [(str(p[0]), str(p[1])) for p in pairs if isinstance(p, list) and len(p) == 2]
        return found or [(name, value) for name, value in fields.items() if name[:1].isupper()]


class Postmark:
    """Postmark inbound: JSON with headers and texts, or with the whole message."""

    scheme = ""
    secret_in_body = False

    def peek(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mapping: Mapping[str, Any]) -> Peek:
        body = strict.bounded_json(raw)
        return Peek(delivery_key=scalar_key(body.get("MessageID")) if isinstance(body, dict) else None)

    def read(self, received: Received, source: SourceLike) -> list[Draft]:
        body = strict.strict_json(bytes(received.body), strict.content_kind(received.content_type)[1])
        if not isinstance(body, dict) or not (body.get("RawEmail") or body.get("FromFull") or body.get("From")):
            raise Unreadable("shape", "This is not an inbound mail of Postmark.")
        if isinstance(body.get("RawEmail"), str) and body["RawEmail"].strip():
            return [of_raw(body["RawEmail"].encode("utf-8", "surrogateescape"), received, source)]
        given = body.get("FromFull") if isinstance(body.get("FromFull"), dict) else {}
        name, address = mail.sender(_as_message({"from": _text(body.get("From"))}, ""))
        headers = [
            (_text(each.get("Name")), _text(each.get("Value")))
            for each in body.get("Headers") or []
            if isinstance(each, dict)
        ]
        text = _text(body.get("TextBody")) or mail.text_of_html(_text(body.get("HtmlBody")))
        named = [_text(body.get("To")), _text(body.get("OriginalRecipient")), f"+{_text(body.get('MailboxHash'))}@"]
        return [
            of_parts(
                headers, _text((given or {}).get("Email")) or address, _text((given or {}).get("Name")) or name,
                mail.decoded(body.get("Subject")), text, _text(body.get("StrippedTextReply")), named, received, source,
            )
        ]  # fmt: skip


def signed_by_mailgun(fields: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether Mailgun made this signature of timestamp and token."""
    said = f"{fields.get('timestamp', '')}{fields.get('token', '')}".encode("utf-8", "replace")
    given = fields.get("signature", "").encode("utf-8", "replace")
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(hmac.new(secret.encode(), said, hashlib.sha256).hexdigest().encode(), given)
    return good and bool(fields.get("token"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
