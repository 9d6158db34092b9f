"""The pages of leads put into a sequence together: preview, confirm, progress, take back. They decide nothing."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from leadops import moment
from leadops.access import Actor
from leadops.errors import NotFound
from leadops.unit import in_unit
from nurture import group_pages, groups
from nurture.models import GroupEnrolment


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _group(actor: Actor, group_id: uuid.UUID) -> GroupEnrolment:
    found = groups.visible_to(actor).filter(pk=group_id).first()
    if found is None:
        raise NotFound(_("There is no such group."))
    return found


@require_safe
def list_groups(request: HttpRequest) -> HttpResponse:
    return render(request, "nurture/groups.html", group_pages.list_context(_actor(request)))


@require_safe
def show_group(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """Before: who enters and who does not. After: what became of each lead."""
    actor = _actor(request)
    context = group_pages.context(_group(actor, group_id), actor, moment.now(), request.GET.get("why", ""))
    return render(request, "nurture/group.html", context)


@require_safe
def show_progress(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves; once it stands still the whole page is asked for."""
    actor = _actor(request)
    context = group_pages.context(_group(actor, group_id), actor, moment.now())
    answer = render(request, "nurture/group_progress.html", context)
    if not context["moving"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def confirm(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    in_unit(lambda unit: groups.confirm(group_id, unit), actor=_actor(request))
    messages.success(request, _("They enter one after the other; you may close the page."))
    return redirect("nurture:show_group", group_id)


@require_POST
def undo(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    in_unit(lambda unit: groups.undo(group_id, unit), actor=_actor(request))
    messages.success(request, _("Everybody still in the sequence is taken out again."))
    return redirect("nurture:show_group", group_id)
