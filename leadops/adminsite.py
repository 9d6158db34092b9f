"""The admin site and the base class of its pages: rights come from `leadops.access`, never from Django's permissions."""

from __future__ import annotations

from functools import wraps
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.effects import stop
from leadops.models import User

# Only our own tables: a row of the queue's schedule names any Python function, so whoever edits one runs code.
OURS = frozenset({"leadops", "capture", "routing", "qualification", "nurture", "reports"})


class HouseAdminSite(admin.AdminSite):
    site_header = "leadops"
    site_title = "leadops"
    index_title = _("Criteria and reference data")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """What installed packages would show of their own tables stays closed."""
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        ours = [model for model in models if model._meta.app_label in OURS]
        if ours:
            super().register(ours, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Without “view on site”: a redirect to any row of any table by its number serves nobody here."""
        return [each for each in super().get_urls() if getattr(each, "name", "") != "view_on_site"]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one sign-in in the house: a second one would have to keep every promise of the first."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Who runs the house reads on every page of the admin that mail reaches nobody."""
        return {**super().each_context(request), "silence": stop.silence() if _may(request, "read_operations") else ""}

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Who is signed in and lacks the right is told so, as everywhere; the way out stays open."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def asked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
            if request.user.is_authenticated and request.path != reverse("admin:logout"):
                access.require(access.actor_of(request.user), "open_admin")
            return cast(HttpResponse, inner(request, *args, **options))

        return asked

    def has_permission(self, request: HttpRequest) -> bool:
        return _may(request, "open_admin")


def _may(request: HttpRequest, verb: str) -> bool:
    return bool(request.user.is_authenticated) and access.can(access.actor_of(cast(User, request.user)), verb)


class HouseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read for whoever may open the admin; `edit_verb` names the access verb that may add and change. Nobody deletes."""

    edit_verb: ClassVar[str] = "edit_reference"
    view_on_site = False

    def _can(self, request: HttpRequest, verb: str) -> bool:
        return access.can(access.actor_of(cast(User, request.user)), verb)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """No row has a NUL in its key, and PostgreSQL does not even take the question."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._can(request, "open_admin")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._can(request, "open_admin")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._can(request, self.edit_verb)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._can(request, self.edit_verb)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(HouseAdmin):
    """History and shared rows: to look at, never to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
