"""The manager's pages: the team board, and a reassignment from its preview to its taking back. One URL, one verb."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from leadops import access, moment
from leadops.access import Actor
from routing import board, foresight, handover, pages


@require_safe
@login_required
def show_team(request: HttpRequest) -> HttpResponse:
    """Load, due, speed and fairness per rep; what waits for an owner; who is away."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    context = pages.team_page(board.board(actor, moment.now()), actor, request.GET.get("risk") == "1")
    return render(request, "routing/team.html", context)


@require_safe
@login_required
def show_reassignment(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Before: the preview. After: what became of each lead."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    made = foresight.reassignment_for(actor, plan_id)
    return render(request, "routing/reassignment.html", foresight.page(made, actor, moment.now()))


@require_POST
@login_required
def carry_out(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Move the leads as planned."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    made = foresight.reassignment_for(actor, plan_id)
    access.require(actor, "assign")
    handover.carry_out(made.pk, actor)
    messages.success(request, _("Done: below is what became of each lead."))
    return redirect("routing:show_reassignment", made.pk)


@require_POST
@login_required
def take_back(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Give the leads back to who had them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    made = foresight.reassignment_for(actor, plan_id)
    handover.take_back(made.pk, actor)
    messages.success(request, _("Taken back, but for leads that somebody worked on since."))
    return redirect("routing:show_reassignment", made.pk)
