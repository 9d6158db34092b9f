"""The unsubscribe page: for whoever holds a letter, without sign-in; only a POST acts. It decides nothing."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leadops import access
from leadops.errors import Refused
from leadops.limit import Limit, network
from leadops.unit import in_unit
from nurture import letters, merging

UNKNOWN = Limit(60, 60)  # letters that are none, per sender: who holds a real one is never told to wait


@csrf_exempt  # a mail program has no cookie of ours; the token is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows and never acts: link scanners follow every link. POST acts, as often as it comes, with one result."""
    letter = letters.letter_of(token)
    if letter is None:
        return _unknown(request)
    acted = request.method == "POST"
    if acted:
        in_unit(lambda unit: letters.unsubscribe(letter, unit), actor=access.VISITOR)
    done = acted or letters.has_unsubscribed(letter)
    language = merging.language_of(letter.lead) if letter.lead else translation.get_language() or "en"
    with translation.override(language):
        return render(request, "nurture/unsubscribe.html", {"done": done, "token": token})


def _unknown(request: HttpRequest) -> HttpResponse:
    """Nothing is here; whoever goes on guessing waits."""
    wait = UNKNOWN.take(network(request.actor.origin))  # type: ignore[attr-defined]
    if wait:
        raise Refused("too-many-tries", _("Too many tries. Wait a minute."), status=429, retry_after=wait)
    raise Http404
