"""What the columns of a person's data are called in the copy they get; a column without a word keeps its name."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

COLUMNS: dict[str, Promise] = {
    "account": _("Company"),
    "answer": _("Answer"),
    "at": _("When"),
    "attributes": _("Further fields"),
    "back": _("Back on"),
    "basis": _("Legal basis"),
    "before": pgettext_lazy("merge", "Before"),
    "body": _("Content"),
    "campaign": _("Campaign"),
    "channel": _("Channel"),
    "city": _("City"),
    "click_ids": _("Marks of advertisements"),
    "closed_at": _("Closed"),
    "collected_from": _("Collected from"),
    "company": _("Company"),
    "country": _("Country"),
    "created_at": _("Known since"),
    "data": _("Details"),
    "due_at": _("Due"),
    "email": _("E-mail address"),
    "ended_at": _("Ended"),
    "facts": _("Facts"),
    "family_name": _("Family name"),
    "given_name": _("First name"),
    "headers": _("Headers"),
    "id": _("Number"),
    "industry": _("Industry"),
    "kind": _("Kind"),
    "landing_url": _("Page they came to"),
    "language": _("Language"),
    "last_inbound_at": _("Last sign of life"),
    "message": _("Message"),
    "name": _("Name"),
    "notice": _("Notice shown"),
    "occurred_at": _("Happened"),
    "outcome": _("Outcome"),
    "owner": _("Who takes care of it"),
    "person": _("Person"),
    "phone": _("Phone"),
    "postcode": _("Postcode"),
    "purpose": _("Purpose"),
    "reason": _("Reason"),
    "received_at": _("Received"),
    "recorded_at": _("Recorded"),
    "referrer": _("Page they came from"),
    "region": _("Region"),
    "score": _("Score"),
    "source": _("Source"),
    "stage": _("Stage"),
    "state": _("State"),
    "status": _("Status"),
    "text": _("Text"),
    "title": _("Job title"),
    "url": _("Page"),
    "value": _("Value"),
    "why": _("Why"),
    "zone": _("Time zone"),
}


def column_words(name: str) -> str:
    return str(COLUMNS.get(name, name.replace("_", " ")))
