"""Stalled leads and effects in the admin, for operators: to look at, and to have tried again. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from leadops.adminsite import ReadOnlyAdmin
from leadops.desk import operations
from leadops.effects.models import Effect
from leadops.stalled import Stalled
from leadops.unit import Unit, in_unit


class OperationsAdmin(ReadOnlyAdmin):
    """Rows for operators: shown to nobody else, changed by their verbs only."""

    edit_verb = "read_operations"
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._can(request, self.edit_verb)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._can(request, self.edit_verb)

    def has_run_permission(self, request: HttpRequest) -> bool:
        return self._can(request, "run_operations")

    @admin.display(description=_("Lead"), ordering="lead")
    def who(self, row: Any) -> str:
        return str(row.lead.person) if row.lead else "—"

    def _run(self, request: HttpRequest, rows: QuerySet[Any], work: Callable[[list[Any], Unit], int]) -> None:
        keys = list(rows.values_list("pk", flat=True))
        count = in_unit(lambda unit: work(keys, unit), actor=request.actor)  # type: ignore[attr-defined]
        said = ngettext("%(count)s will be tried again now.", "%(count)s will be tried again now.", count)
        messages.success(request, said % {"count": count})


@admin.register(Stalled)
class StalledAdmin(OperationsAdmin):
    list_display = ("who", "phase", "error", "starts", "due_at", "at")
    list_select_related = ("lead__person",)
    list_filter = ("phase",)
    fields = ("lead", "phase", "error", "starts", "due_at", "at")
    ordering = ("-at",)
    actions = ("retry",)

    @admin.action(description=_("Try again now"), permissions=["run"])
    def retry(self, request: HttpRequest, rows: QuerySet[Stalled]) -> None:
        self._run(request, rows, operations.retry)


@admin.register(Effect)
class EffectAdmin(OperationsAdmin):
    list_display = ("purpose", "channel", "state", "user", "who", "due_at", "starts", "error", "sent_at")
    list_select_related = ("user", "lead__person")
    list_filter = ("state", "channel")
    fields = (
        "purpose",
        "channel",
        "state",
        "user",
        "lead",
        "due_at",
        "starts",
        "error",
        "sent_at",
        "created_at",
        "key",
    )
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.action(description=_("Send again"), permissions=["run"])
    def send_again(self, request: HttpRequest, rows: QuerySet[Effect]) -> None:
        """Only what failed, was held or is unknown; the others are left alone."""
        self._run(request, rows, operations.send_again)
