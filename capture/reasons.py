"""Why a submission was set apart, in the reader's words; the codes are what the adapters and doors gave."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Promise] = {
    "amount-unreadable": _("The amount is no number"),
    "closed-before-opened": _("It ends before it begins"),
    "closed-without-day": _("It is over and names no day of its end"),
    "automatic": _("A program answered by itself: nobody wrote this mail"),
    "bounce-of-nobody": _("A mail came back or was complained about, and it is not one of ours"),
    "conflict": _("The same delivery came before with another content"),
    "currency-unknown": _("There is no such currency"),
    "day-to-come": _("It ended on a day to come"),
    "day-unreadable": _("A day cannot be read"),
    "dead": _("Reading it failed several times"),
    "erased": _("Whoever sent it was erased: nothing of it is kept"),
    "empty": _("Nobody can be found in it: no address, no number, no name"),
    "encoding": _("Its characters cannot be read"),
    "flood": _("Too many came from one place at once"),
    "form": _("It is not a readable form"),
    "honeypot": _("A robot filled a field people do not see"),
    "json": _("It is not readable JSON"),
    "json-constant": _("It holds a number that JSON does not know"),
    "json-depth": _("It is nested too deeply"),
    "json-duplicate-key": _("It names the same field twice"),
    "mail-event": _("A mail service told how one of our mails fares: nothing to do"),
    "no-adapter": _("Nothing here reads what this source sends"),
    "no-identifier": _("It names no identifier"),
    "not-a-flag": _("A yes-or-no field holds something else"),
    "placeholders": _("It still holds the placeholders of a template"),
    "several": _("It holds several leads at once"),
    "undone": _("Its import was taken back"),
    "stays-closed": _("Stays: the lead has ended"),
    "stays-worked-on": _("Stays: somebody worked on the lead"),
    "stays-written": _("Stays: a mail went to the person, or came from them"),
    "stays-came-back": _("Stays: the person came by another way, too"),
    "shape": _("It is not built as this source should send it"),
    "stale-form": _("The form page had been open for too long"),
    "too-fast": _("It was sent faster than a person can type"),
    "too-many-fields": _("It has too many fields"),
    "unknown-account": _("No account has this name"),
    "unknown-choice": _("A field holds a choice the form does not offer"),
    "unknown-owner": _("Nobody here has this name"),
    "won-without-amount": _("It is won and names no amount"),
}


def words(reason: str) -> str:
    """The reason in the active language; a code of a later version stays as it is."""
    return str(REASONS.get(reason, reason))


def words_of_row(reason: str) -> str:
    """The same for a row of a file, where a shape is a number of cells."""
    return str(_("It has another number of cells than the header")) if reason == "shape" else words(reason)


REFUSALS: dict[str, Promise] = {
    "content-encoding": _("compressed in a way not read here"),
    "database-away": _("the database was away"),
    "handshake": _("the vendor’s handshake failed"),
    "incomplete": _("the body broke off"),
    "length-required": _("no length was given"),
    "method-not-allowed": _("not a POST"),
    "signature": _("not signed, or with another secret"),
    "too-large": _("too large"),
    "too-many-bad-signatures": _("too many wrong signatures"),
    "too-many-requests": _("too many at once"),
    "unknown-source": _("no such source"),
}


def refusal_words(code: str) -> str:
    """Why a request was turned away, in the active language."""
    return str(REFUSALS.get(code, code))
