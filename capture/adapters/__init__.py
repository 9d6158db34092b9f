"""The adapters as one table: how each kind of source is looked at before the insert and read after the commit."""

from __future__ import annotations

from capture.adapters.base import Adapter, Draft, Peek, Received, Redaction, SourceLike, Unreadable
from capture.adapters.events import Events
from capture.adapters.generic import Generic
from capture.adapters.google_ads import GoogleAds
from capture.adapters.hosted import Hosted
from capture.adapters.inbound import Mailgun, Postmark, Raw
from capture.adapters.typeform import Typeform

ADAPTERS: dict[str, Adapter] = {
    "json": Generic("leadops"),
    "form": Generic(),
    "typeform": Typeform(),
    "google_ads": GoogleAds(),
    "hosted": Hosted(),
    "inbound_raw": Raw(),
    "inbound_mailgun": Mailgun(),
    "inbound_postmark": Postmark(),
    "events_mailgun": Events("mailgun"),
    "events_postmark": Events("postmark"),
    "events_brevo": Events("brevo"),
    "events_mailjet": Events("mailjet"),
}

# Who sends these signs nothing by itself; `hosted` is not among them: its own page needs no signature.
UNSIGNED = frozenset({"form", "inbound_raw", "inbound_postmark", "events_postmark", "events_brevo", "events_mailjet"})

__all__ = ["ADAPTERS", "UNSIGNED", "Adapter", "Draft", "Peek", "Received", "Redaction", "SourceLike", "Unreadable"]
