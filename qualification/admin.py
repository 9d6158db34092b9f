"""The criteria in the admin: versions drafted, previewed, published and rolled back by the services every door uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from leadops import moment
from leadops.adminsite import HouseAdmin
from leadops.errors import Refused
from leadops.fold import whole
from leadops.unit import Unit, in_unit
from leadops.versions import services as versions
from leadops.versions.kinds import kind_of
from leadops.versions.models import Version
from qualification import criteria, page, preview, selectors
from qualification.behaviour_form import BehaviourForm
from qualification.criteria import CardForm, LineForm, MqlForm, ReasonForm
from qualification.framework_form import FrameworkForm
from qualification.models import FrameworkVersion, MqlDefinition, Scorecard


class VersionAdmin(HouseAdmin):
    """Versions of one kind: a draft is edited and published, a published one is read and may be put in force again."""

    kind: ClassVar[str]
    template: ClassVar[str]
    actions = None
    list_display = ("number", "state", "author", "reason", "changed_at")
    list_display_links = ("number",)
    list_select_related = ("author",)
    ordering = ("-number",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(kind=self.kind, key=selectors.HOUSE)

    # -- what a page is made of ------------------------------------------------------------------------

    def _url(self, name: str, *args: Any) -> str:
        return reverse(f"admin:qualification_{self.opts.model_name}_{name}", args=args)

    def _page(self, request: HttpRequest, version: Version | None, status: int = 200, **more: Any) -> HttpResponse:
        number = {"n": version.number} if version else {}
        title = _("Version %(n)s") % number if version else _("New version")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "version": version,
            "in_force": versions.version_at(self.kind, selectors.HOUSE, moment.now()),
            "may_edit": self.has_change_permission(request),
            "may_publish": versions.may_publish(request.actor, self.kind),  # type: ignore[attr-defined]
            "list_url": self._url("changelist"),
            "versions": versions.history(self.kind, selectors.HOUSE),
            **more,
        }
        return TemplateResponse(request, self.template, context, status=status)

    def _start(self, request: HttpRequest) -> dict[str, Any]:
        """The body a new draft begins with: the version asked for, else the one in force."""
        wanted = whole(request.GET.get("from", ""), 9)
        rows = Version.objects.filter(kind=self.kind, key=selectors.HOUSE)
        chosen = rows.filter(number=wanted).first() if wanted is not None else None
        chosen = chosen or versions.version_at(self.kind, selectors.HOUSE, moment.now())
        return dict(chosen.body) if chosen else {}

    # -- acts ------------------------------------------------------------------------------------------

    def _keep(self, request: HttpRequest, version: Version | None, body: dict[str, Any], reason: str | None) -> Version:
        """Save the draft, and publish it when a reason is given; one unit, so that a refusal leaves nothing behind."""
        actor = request.actor  # type: ignore[attr-defined]

        def work(unit: Unit) -> Version:
            if version is None:
                kept = versions.draft(self.kind, selectors.HOUSE, body, actor=actor, at=unit.at)
            else:
                kept = versions.save_draft(version.pk, body, actor=actor, at=unit.at)
            return kept if reason is None else versions.publish(kept.pk, unit=unit, reason=reason)

        return in_unit(work, actor=actor)

    def _tried(self, form: forms.Form, act: Callable[[], Version]) -> Version | None:
        """Run an act; what was refused is written into the form, beside what was typed."""
        try:
            return act()
        except Refused as refused:
            form.add_error("reason" if refused.code == "reason-needed" else None, str(refused.message))
            for where, message in refused.detail.get("faults", ()):
                form.add_error(None, f"{where}: {message}")
        return None

    def _said(self, request: HttpRequest, version: Version, published: bool) -> HttpResponseRedirect:
        text = _("Version %(n)s is in force.") if published else _("Draft %(n)s is saved. Nothing is in force yet.")
        messages.success(request, text % {"n": version.number})
        return redirect(self._url("changelist") if published else self._url("change", version.pk))

    def _old(self, request: HttpRequest, version: Version) -> HttpResponse:
        """A version that left draft: read it, or put it in force again."""
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            self._demand(request)
            actor, reason = request.actor, request.POST.get("reason", "")  # type: ignore[attr-defined]

            def act() -> Version:
                return in_unit(
                    lambda unit: versions.roll_back(
                        self.kind, selectors.HOUSE, version.number, unit=unit, reason=reason
                    ),
                    actor=actor,
                )

            form.is_valid()
            done = self._tried(form, act)
            if done is not None:
                return self._said(request, done, published=True)
        status = 422 if form.errors else 200
        return self._page(request, version, status, form=form, old=True, **self._shown(version.body))

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"sentence": kind_of(self.kind).sentence(body)}

    def _demand(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    @method_decorator(csrf_protect)
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id) if object_id else None
        if object_id and version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if version is not None and version.state != Version.State.DRAFT:
            return self._old(request, version)
        self._demand(request)
        return self.edit(request, version)

    def edit(self, request: HttpRequest, version: Version | None) -> HttpResponse:
        raise PermissionDenied  # each kind says how its draft is edited

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Versions are the history; the stock log knows nothing of them."""
        return redirect(self._url("changelist"))


@admin.register(MqlDefinition)
class MqlDefinitionAdmin(VersionAdmin):
    kind = "mql"
    edit_verb = "edit_mql"
    template = "qualification/admin_mql.html"

    def get_urls(self) -> list[URLPattern]:
        live = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", live, name="qualification_mqldefinition_preview"), *super().get_urls()]

    def edit(self, request: HttpRequest, version: Version | None) -> HttpResponse:
        body = dict(version.body) if version else self._start(request)
        url = self._url("preview")
        posted = request.method == "POST"
        form = MqlForm(request.POST if posted else None, url=url, initial=criteria.mql_initial(body))
        acts = posted and ("_save" in request.POST or "_publish" in request.POST)
        if acts and form.is_valid():
            published = "_publish" in request.POST
            reason = form.cleaned_data["reason"] if published else None
            done = self._tried(form, lambda: self._keep(request, version, form.body(), reason))
            if done is not None:
                return self._said(request, done, published)
        shown = form.body_typed() if posted else body
        seen = preview.of_mql(request.actor, shown, moment.now())  # type: ignore[attr-defined]
        return self._page(
            request, version, 422 if acts else 200, form=form, preview=seen, media=self.media + form.media
        )

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The builder anew, and out of band who would match; stores nothing."""
        self._demand(request)
        form = MqlForm(request.POST, url=self._url("preview"))
        seen = preview.of_mql(request.actor, form.body_typed(), moment.now())  # type: ignore[attr-defined]
        beside = render_to_string("qualification/admin_preview.html", {"preview": seen, "oob": True}, request)
        return HttpResponse(format_html("{}{}", form["when"], beside))


@admin.register(Scorecard)
class ScorecardAdmin(VersionAdmin):
    kind = "scorecard"
    edit_verb = "edit_scorecard"
    template = "qualification/admin_scorecard.html"

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            **super()._shown(body),
            "groups": page.groups_of(body),
            "knockouts": page.lines_of(body.get("knockouts", ())),
        }

    def edit(self, request: HttpRequest, version: Version | None) -> HttpResponse:
        if version is None:
            return self._begin(request)
        line = request.GET.get("line", "")
        return self._line(request, version, line) if line else self._card(request, version)

    def _begin(self, request: HttpRequest) -> HttpResponse:
        """A draft exists before its lines are changed: start it from a version, by a POST."""
        body = {**criteria.EMPTY_CARD, **self._start(request)}
        if request.method == "POST":
            return self._said(request, self._keep(request, None, body, None), published=False)
        return self._page(request, None, begin=True, **self._shown(body))

    def _card(self, request: HttpRequest, version: Version) -> HttpResponse:
        posted = request.method == "POST"
        form = CardForm(request.POST if posted else None, body=version.body)
        acts = posted and "_preview" not in request.POST
        if acts and form.is_valid():
            published = "_publish" in request.POST
            reason = form.cleaned_data["reason"] if published else None
            done = self._tried(form, lambda: self._keep(request, version, form.body(version.body), reason))
            if done is not None:
                return self._said(request, done, published)
        body = form.body(version.body) if posted and form.is_valid() else version.body  # with what was just typed
        seen = preview.of_card(request.actor, body, moment.now())  # type: ignore[attr-defined]
        gate = preview.of_gate(request.actor, body, moment.now())  # type: ignore[attr-defined]
        shown = {**self._shown(version.body), "edit_url": self._url("change", version.pk), "gate": gate}
        return self._page(request, version, 422 if acts or form.errors else 200, form=form, preview=seen, **shown)

    def _line(self, request: HttpRequest, version: Version, key: str) -> HttpResponse:
        """A line with a condition, or one that counts touches: a line keeps its nature."""
        held = criteria.line_named(version.body, "" if key in ("new", "new-behaviour") else key)
        acts = "days" in held if held else key == "new-behaviour"
        key = key if held else ""
        posted = request.POST if request.method == "POST" else None
        initial = held or {"place": request.GET.get("place", "")}
        form: forms.Form = (
            BehaviourForm(posted, initial=initial)
            if acts
            else LineForm(posted, url=request.get_full_path(), initial=initial)
        )
        if posted is not None and "_remove" in posted:
            return self._kept(request, version, criteria.without_line(version.body, key))
        if posted is not None and "_line" in posted and form.is_valid():
            what = form.line() if isinstance(form, BehaviourForm) else None
            return self._kept(request, version, criteria.with_line(version.body, key, form.cleaned_data, what))
        status = 422 if posted is not None and "_line" in posted else 200
        more = {"form": form, "line": True, "line_key": key, "media": self.media + form.media}
        return self._page(request, version, status, card_url=self._url("change", version.pk), **more)

    def _kept(self, request: HttpRequest, version: Version, body: dict[str, Any]) -> HttpResponse:
        return self._said(request, self._keep(request, version, body, None), published=False)


@admin.register(FrameworkVersion)
class FrameworkAdmin(VersionAdmin):
    """Questions, their answers and what they are worth; answers given keep their keys."""

    kind = "framework"
    edit_verb = "edit_framework"
    template = "qualification/admin_framework.html"

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**super()._shown(body), "questions": page.questions_of(body)}

    def edit(self, request: HttpRequest, version: Version | None) -> HttpResponse:
        body = dict(version.body) if version else self._start(request)
        posted = request.method == "POST"
        form = FrameworkForm(request.POST if posted else None, body=body)
        if posted and form.is_valid():
            published = "_publish" in request.POST
            reason = form.cleaned_data["reason"] if published else None
            done = self._tried(form, lambda: self._keep(request, version, form.body(body), reason))
            if done is not None:
                return self._said(request, done, published)
        faults = [str(message) for _path, message in versions.check(version)] if version else []
        return self._page(request, version, 422 if posted else 200, form=form, faults=faults)
