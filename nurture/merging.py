"""The merge fields a letter may name, and their values for one lead: plain texts of one line, nothing else is reachable."""

from __future__ import annotations

import re

from babel import Locale
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadops.models import Lead

FIELDS: dict[str, str | Promise] = {
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "name": _("Name"),
    "title": _("Job title"),
    "company": _("Company"),
    "industry": _("Industry"),
    "city": _("City"),
    "country": _("Country"),
    "owner_name": _("Name of the owner"),
    "owner_email": _("E-mail address of the owner"),
}
LONGEST = 120
# a name that carries an address would make our mail advertise for whoever typed it into a form
_advertises = re.compile(r"https?:|://|www\.|<|>|\{\{|\{%", re.IGNORECASE)


def values_of(lead: Lead, language: str) -> dict[str, str]:
    """Field -> value; "" where nothing is known. Needs the lead with its person and owner."""
    person, owner = lead.person, lead.owner
    found = {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "name": person.name,
        "title": lead.title or person.title,
        "company": lead.company,
        "industry": lead.industry,
        "city": lead.city,
        "country": Locale.parse(language).territories.get(lead.country, ""),
        "owner_name": owner.user.name if owner else "",
        "owner_email": owner.user.email if owner else "",
    }
    return {name: plain(value) for name, value in found.items()}


def plain(value: str) -> str:
    """One short line; what tries to be more than a value is as good as unknown."""
    line = " ".join((value or "").split())
    return "" if _advertises.search(line) else line[:LONGEST]


def language_of(lead: Lead) -> str:
    """The language a prospect is written to: their own where we speak it, else the house's."""
    wanted = (lead.person.language or lead.language)[:2]
    return wanted if wanted in dict(settings.LANGUAGES) else settings.HOUSE_LANGUAGE
