"""The mail server of the demo: keeps every mail in a table, where a page shows it; nothing leaves the house."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from leadops import moment
from leadops.effects.models import KeptMail


class Mailbox(BaseEmailBackend):
    """Takes what a mail server takes and refuses what it would refuse."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        rows = []
        for mail in email_messages:
            mail.message()  # a header with a line break is refused here as it is by a server
            rows += [self._kept(mail, to) for to in mail.recipients()]
        KeptMail.objects.bulk_create(rows)
        return len(email_messages)

    def _kept(self, mail: EmailMessage, to: str) -> KeptMail:
        html = next((str(part[0]) for part in getattr(mail, "alternatives", ()) if part[1] == "text/html"), "")
        headers = {name: str(value) for name, value in mail.extra_headers.items()}
        if mail.reply_to:
            headers["Reply-To"] = ", ".join(mail.reply_to)
        return KeptMail(
            to=to[:254],
            sender=mail.from_email[:254],
            subject=str(mail.subject)[:300],
            text=str(mail.body),
            html=html,
            headers=headers,
            at=moment.now(),
        )
