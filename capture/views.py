"""The public doors of capture: the intake and the hosted form; one address, one verb, no decision."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from capture import hosted, receive, refusals
from capture.bell import bell
from capture.doors import Stopped
from capture.hosted_fields import TRAP
from capture.models import Form
from leadops import moment


@csrf_exempt
def take_submission(request: HttpRequest, source_key: str) -> HttpResponse:
    """POST /in/<source_key>: a submission. GET: the vendor's handshake."""
    if request.method == "POST":
        request.get_host()  # 400 where it is not ours
        answer = receive.post(request.META, source_key)
    elif request.method == "GET":
        answer = receive.handshake(request.GET, source_key, request.META)
    else:
        answer = receive.not_allowed(request.META)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.kind, headers=dict(answer.more))


@csrf_exempt  # the signed nonce of the rendering stands in: a visitor has no session to protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hosted_form(request: HttpRequest, slug: str) -> HttpResponse:
    """A form page that works with nothing but HTML."""
    form = _form_or_404(slug)
    with translation.override(_language(request)):
        request.LANGUAGE_CODE = translation.get_language()
        if request.method != "POST":
            return _show(request, hosted.fresh_page(form, request, moment.now()), 200)
        try:
            again = hosted.take(form, request, moment.now())
        except Stopped as stopped:
            refusals.count(form.source.slug, stopped.code)
            return _wait(request, stopped)
        if again is not None:
            return _show(request, again, 422)
        bell.ring()
        thanks = reverse("capture:hosted_thanks", args=[slug])
        return HttpResponseRedirect(f"{thanks}?lang={translation.get_language()}", status=303)


@require_GET
def hosted_thanks(request: HttpRequest, slug: str) -> HttpResponse:
    """The same words for everybody who sent the form."""
    form = _form_or_404(slug)
    with translation.override(_language(request)):
        return _in_language(render(request, "capture/hosted_thanks.html", {"hosted": form}))


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """After a form of somebody's own site: the same words for everybody."""
    with translation.override(_language(request)):
        return _in_language(render(request, "capture/hosted_thanks.html"))


@require_safe
def not_taken(request: HttpRequest) -> HttpResponse:
    """After a form of somebody's own site that could not be taken: what to do, for whoever filled it in."""
    code, wait = request.GET.get("code", ""), request.GET.get("wait", "")
    seconds = int(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 6 else 0
    why = {"gone": code == "unknown-source", "large": code == "too-large", "cut": code == "incomplete"}
    told = {**why, "seconds": seconds, "passing": code in receive.PASSING}
    with translation.override(_language(request)):
        return _in_language(render(request, "capture/not_taken.html", told))


def _form_or_404(slug: str) -> Form:
    form = hosted.open_form(slug)
    if form is None:
        raise Http404
    return form


def _show(request: HttpRequest, page: hosted.Page, status: int) -> HttpResponse:
    context = {"page": page, "form": page.fields, "hosted": page.form, "trap": TRAP}
    return _in_language(render(request, "capture/hosted_form.html", context, status=status))


def _wait(request: HttpRequest, stopped: Stopped) -> HttpResponse:
    response = render(request, "capture/hosted_wait.html", {"seconds": stopped.retry_after}, status=stopped.status)
    response["Retry-After"] = str(stopped.retry_after)
    return _in_language(response)


def _in_language(response: HttpResponse) -> HttpResponse:
    response["Content-Language"] = translation.get_language() or "en"
    return response


def _language(request: HttpRequest) -> str:
    """What the link or the page says, else what the browser prefers."""
    asked = request.POST.get("lang") or request.GET.get("lang") or ""
    return asked if asked in dict(settings.LANGUAGES) else translation.get_language_from_request(request)
