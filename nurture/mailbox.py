"""The mailbox of the demo: every mail that would have left, to be read on a page. In no other mode does it exist."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leadops import access
from leadops.access import Actor
from leadops.effects.models import Effect, KeptMail
from leadops.models import User

PAGE = 50


def _require(request: HttpRequest) -> None:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if settings.MODE != "demo" or actor.user_id is None:
        raise Http404
    access.require(actor, "read_letters")


@require_safe
def list_mails(request: HttpRequest) -> HttpResponse:
    """Newest first; nothing here has left the house."""
    _require(request)
    try:
        after = uuid.UUID(request.GET.get("after", ""))
    except ValueError:
        after = None
    rows = _to(request.GET.get("to", ""))
    found = list((rows.filter(pk__lt=after) if after else rows)[: PAGE + 1])
    planned = Effect.objects.filter(person__isnull=False, state=Effect.State.PLANNED).order_by("due_at")
    context = {
        "mails": found[:PAGE],
        "after": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "tabs": _tabs(request.GET.get("to", "")),
        "next_at": planned.values_list("due_at", flat=True).first(),
    }
    return render(request, "nurture/mailbox.html", context)


def _to(whom: str) -> QuerySet[KeptMail]:
    """Mails to `prospects`, to `colleagues`, or all of them."""
    rows = KeptMail.objects.order_by("-id").defer("text", "html")
    people = User.objects.values("email")
    return {"prospects": rows.exclude(to__in=people), "colleagues": rows.filter(to__in=people)}.get(whom, rows)


def _tabs(whom: str) -> list[dict[str, Any]]:
    tabs = {"": _("All"), "prospects": _("To prospects"), "colleagues": _("To colleagues")}
    current = whom if whom in tabs else ""
    address = reverse("nurture:list_mails")
    return [
        {"label": label, "url": f"{address}?to={key}" if key else address, "current": key == current}
        for key, label in tabs.items()
    ]


@require_safe
def show_mail(request: HttpRequest, mail_id: uuid.UUID) -> HttpResponse:
    _require(request)
    mail = KeptMail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise Http404
    return render(request, "nurture/mail.html", {"mail": mail})
