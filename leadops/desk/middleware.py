"""What every request passes: database outage, the reader's language and zone, the actor, refusals as answers."""

from __future__ import annotations

import time
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone, translation

from capture import doors
from leadops import access
from leadops.desk import errors, sessions
from leadops.desk.sessions import SEEN, SINCE
from leadops.errors import Refused, lost_race
from leadops.platform.headers import PERMISSIONS

Answer = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE = "leadops_language"
IDLE, LONGEST, NOTED = 8 * 3600, 7 * 24 * 3600, 300
BY_ITSELF = ("/inbox/state", "/inbox/arrivals")  # an open page asks these: nobody has done anything


def database_outage(get_response: Answer) -> Answer:
    """503 with Retry-After while the database is away; what fails outside of a view ends in `errors.server_error`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, fault: Exception) -> HttpResponse | None:
        return errors.database_away(request) if isinstance(fault, errors.OUTAGE) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def permissions_and_encryption(get_response: Answer) -> Answer:
    """Behind a TLS proxy a program that comes unencrypted is refused, never sent on: its token is known on the way by then."""

    def middleware(request: HttpRequest) -> HttpResponse:
        plain = settings.HTTPS and request.path_info.startswith("/api/") and not request.is_secure()
        response = errors.unencrypted() if plain else get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return middleware


def _language_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return translation.get_language_from_request(request)


def language_and_zone(get_response: Answer) -> Answer:
    """Before sign-in the browser's wish counts; afterwards the person's own settings."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with translation.override(_language_of(request)):
            request.LANGUAGE_CODE = translation.get_language()
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return response

    return middleware


def _ended(request: HttpRequest) -> bool:
    """Whether this session is over: eight hours without an act, or seven days old. Notes the act every five minutes."""
    now, since, seen = int(time.time()), request.session.get(SINCE), request.session.get(SEEN, 0)
    if since is None:
        return False
    if now - since > LONGEST or now - seen > IDLE:
        return True
    if now - seen > NOTED and request.path not in BY_ITSELF:
        request.session[SEEN] = now
    return False


def person_at_the_desk(get_response: Answer) -> Answer:
    """`request.actor` for every later step; the person's language and zone; nothing private is cached."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            if request.user.is_authenticated and _ended(request):
                logout(request)
            user = request.user
            origin = doors.sender(request.META)
            request.actor = access.actor_of(user, origin=origin) if user.is_authenticated else access.visitor(origin)  # type: ignore[attr-defined]
        except errors.OUTAGE:
            return errors.database_away(request)
        if not user.is_authenticated:
            return get_response(request)
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
        with timezone.override(zoneinfo.ZoneInfo(user.zone)):
            response = sessions.held_at_the_door(request) or get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def refusals(get_response: Answer) -> Answer:
    """A `Refused` from any page becomes one clear answer; htmx gets the fragment with its status. A 405 is a page, too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        blank = isinstance(response, HttpResponseNotAllowed) and not response.content
        browser = "text/html" in request.headers.get("Accept", "")
        return errors.wrong_method(request, response) if blank and browser else response

    def process_exception(request: HttpRequest, fault: Exception) -> HttpResponse | None:
        fault = lost_race(fault) or fault
        return errors.refused(request, fault) if isinstance(fault, Refused) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
