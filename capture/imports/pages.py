"""The pages of imports: list, upload, and one page that follows a file from its mapping to its report."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from capture.imports import files, selectors, services, shown, undoing
from capture.imports.forms import FormatForm, MappingForm, UploadForm, initial_of
from capture.imports.uploads import bound
from capture.models import Import
from leadops import access, moment
from leadops.access import Actor
from leadops.errors import Refused
from leadops.unit import in_unit

PAGE = 50


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@require_safe
def list_imports(request: HttpRequest) -> HttpResponse:
    rows = selectors.imports(_actor(request)).order_by("-id")
    after = request.GET.get("after", "")
    try:
        rows = rows.filter(pk__lt=uuid.UUID(after)) if after else rows
    except ValueError:
        pass  # a made-up cursor starts from the newest
    found = list(rows[: PAGE + 1])
    context = {"rows": found[:PAGE], "after": str(found[PAGE - 1].pk) if len(found) > PAGE else ""}
    return render(request, "capture/imports.html", context)


@csrf_exempt  # only so that the limit stands before the body is read; the view below is protected as any other
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest) -> HttpResponse:
    bounded = bound(request) if request.method == "POST" else None
    answer: HttpResponse = _new_import(request, bounded)
    return answer


@csrf_protect
def _new_import(request: HttpRequest, bounded: object) -> HttpResponse:
    actor = _actor(request)
    access.require(actor, "import_leads")
    form = UploadForm(request.POST or None, request.FILES or None, actor=actor, initial={"kind": "leads"})
    if request.method != "POST":
        return render(request, "capture/import_new.html", {"form": form})
    if getattr(bounded, "too_large", False):
        form.add_error("file", str(files.too_large().message))
    elif form.is_valid():
        given, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        try:
            file, new = in_unit(lambda unit: services.upload(kind, given.name or "", given.chunks(), unit), actor=actor)
        except Refused as refused:
            form.add_error("file", str(refused.message))
        else:
            if not new:
                messages.info(request, _("This file is here already: nothing was taken in twice."))
            return redirect("capture:show_import", file.pk)
    return render(request, "capture/import_new.html", {"form": form}, status=422)


@require_safe
def show_import(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    file = selectors.import_for(_actor(request), file_id)
    remap = file.state == Import.State.CHECKED and "mapping" in request.GET
    if file.state == Import.State.MAPPING or remap:
        return _mapping_page(request, file, MappingForm(initial=initial_of(file), file=file, actor=_actor(request)))
    return render(request, "capture/import.html", shown.context(file, moment.now()))


def _mapping_page(request: HttpRequest, file: Import, form: MappingForm, status: int = 200) -> HttpResponse:
    before = FormatForm(initial={"encoding": file.encoding, "separator": file.separator}, auto_id="format_%s")
    context = {"file": file, "form": form, "format": before, "steps": shown.steps(file, mapping=True)}
    return render(request, "capture/import_mapping.html", context, status=status)


@require_safe
def show_progress(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves; once there is nothing to wait for, the whole page comes anew."""
    file = selectors.import_for(_actor(request), file_id)
    answer = render(request, "capture/import_progress.html", shown.context(file, moment.now()))
    if not shown.moves(file):
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def read_again(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    form = FormatForm(request.POST)
    wanted = form.cleaned_data if form.is_valid() else {"encoding": "", "separator": ""}
    in_unit(lambda unit: services.read_again(file_id, wanted["encoding"], wanted["separator"], unit), actor=_actor(request))  # fmt: skip
    return redirect("capture:show_import", file_id)


@require_POST
def map_import(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    actor = _actor(request)
    file = selectors.import_for(actor, file_id)
    form = MappingForm(request.POST, file=file, actor=actor)
    if form.is_valid():
        try:
            in_unit(lambda unit: services.set_mapping(file_id, form.mapping(), form.options(), unit), actor=actor)
        except Refused as refused:
            if refused.status != 422:
                raise
            form.add_error("days" if refused.code == "days-ambiguous" else None, str(refused.message))
        else:
            return redirect("capture:show_import", file_id)
    return _mapping_page(request, file, form, 422)


@require_POST
def commit_import(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    in_unit(lambda unit: services.commit(file_id, unit), actor=_actor(request))
    return redirect("capture:show_import", file_id)


@require_POST
def discard_import(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    in_unit(lambda unit: services.discard(file_id, unit), actor=_actor(request))
    messages.success(request, _("The file is thrown away."))
    return redirect("capture:list_imports")


@require_http_methods(["GET", "HEAD", "POST"])
def undo_import(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """GET shows which leads would go and which stay; POST takes the import back."""
    actor = _actor(request)
    file = selectors.import_for(actor, file_id)
    if request.method == "POST":
        in_unit(lambda unit: services.undo(file_id, unit), actor=actor)
        return redirect("capture:show_import", file_id)
    if not undoing.may_undo(file, moment.now()):
        return redirect("capture:show_import", file_id)
    plan = undoing.plan(file, shown.STAYS_SHOWN)
    context = {"file": file, "plan": plan, "stays": shown.stays(plan, access.masks_contacts(actor))}
    return render(request, "capture/import_undo.html", context)


@require_safe
def download_bad_rows(request: HttpRequest, file_id: uuid.UUID) -> StreamingHttpResponse:
    file = selectors.import_for(_actor(request), file_id)
    answer = StreamingHttpResponse(selectors.bad_rows_csv(file), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="bad-rows-{file.pk}.csv"'
    return answer
