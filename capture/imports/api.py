"""Imports in the API: the same verbs as on the pages. It calls the services and selectors of imports only."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from capture import reasons
from capture.imports import files, selectors, services, shown, undoing
from capture.imports.uploads import Bounded, bound
from capture.models import Import, ImportFault
from leadops import moment
from leadops.rest.endpoints import BoundedJson, Endpoint
from leadops.rest.pagination import Newest
from leadops.rest.shapes import Document, Strict


class ProgressOut(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    rows = serializers.IntegerField()
    per_second = serializers.FloatField(allow_null=True)
    seconds_left = serializers.FloatField(allow_null=True)


class ImportOut(serializers.ModelSerializer[Import]):
    source = serializers.CharField(source="source.slug", read_only=True, default="")
    ends = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = (
            "id", "kind", "state", "name", "size", "rows", "columns", "encoding", "separator", "mapping", "options",
            "source", "found", "ends", "progress", "error", "created_at", "committed_at", "finished_at",
            "undo_at", "undone_at", "undone_by",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_ends(self, file: Import) -> dict[str, int]:
        return selectors.ends_of(file)

    @extend_schema_field(ProgressOut)
    def get_progress(self, file: Import) -> dict[str, Any]:
        return dict(ProgressOut(selectors.progress_of(file, moment.now())).data)


class ImportUndo(Strict):
    dry_run = serializers.BooleanField(required=False, default=False)


class StaysOut(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    lead = serializers.UUIDField()
    reason = serializers.CharField()


class ImportUndoOut(serializers.Serializer[Any]):
    """`withdrawn` leads would end, `stays` would not (the first 200 in `rows`), `touched` rows fell on older leads."""

    possible = serializers.BooleanField()
    withdrawn = serializers.IntegerField()
    stays = serializers.IntegerField()
    touched = serializers.IntegerField()
    rows = StaysOut(many=True)


class ImportNew(Strict):
    """A file of rows as `multipart/form-data`."""

    kind = serializers.ChoiceField(choices=Import.Kind.choices, default=Import.Kind.LEADS)
    file = serializers.FileField(allow_empty_file=True)


class ImportFormat(Strict):
    encoding = serializers.ChoiceField(choices=files.ENCODINGS)
    separator = serializers.ChoiceField(choices=files.SEPARATORS)


class ImportMapping(Strict):
    """`mapping`: position of a column (from 0) → what it holds; left out, what was suggested holds.

    `new:text`, `new:number`, `new:day` or `new:flag` makes a custom field of the column when the import is committed.
    """

    mapping = serializers.DictField(child=serializers.CharField(max_length=80), required=False)
    options = Document(required=False, default=dict, help_text=", ".join(services.OPTIONS))

    def validate_options(self, value: dict[str, Any]) -> dict[str, Any]:
        wrong = sorted(set(value) - set(services.OPTIONS))
        if wrong or not all(isinstance(one, str | bool) for one in value.values()):
            words = _("There is no such field, or it cannot be written.")
            raise serializers.ValidationError({name: [words] for name in wrong or value}, code="unknown-field")
        return value


class BadRowOut(serializers.ModelSerializer[ImportFault]):
    words = serializers.SerializerMethodField()

    class Meta:
        model = ImportFault
        fields = ("row", "reason", "words", "detail")
        read_only_fields = fields

    def get_words(self, fault: ImportFault) -> str:
        return reasons.words_of_row(fault.reason)


class ByRow(Newest):
    ordering = "row"


class ImportFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Import.Kind.choices)
    state = filters.MultipleChoiceFilter(choices=Import.State.choices)

    class Meta:
        model = Import
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="imports_list", summary="Imports, newest first"),
    retrieve=extend_schema(
        operation_id="imports_read", summary="One import: what was found, how far it is", responses=ImportOut
    ),
)
class ImportEndpoint(Endpoint):
    serializer_class = ImportOut
    filterset_class = ImportFilter
    queryset = Import.objects.none()
    parser_classes = [BoundedJson, MultiPartParser]
    bounded: Bounded | None = None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        if request.method == "POST":
            self.bounded = bound(request)
        return super().initialize_request(request, *args, **kwargs)

    def staged(self) -> bool:
        """Sending a file is idempotent by its bytes, which no key is needed for."""
        return self.action == "create"

    def list(self, request: Request) -> Response:
        return self.listed(selectors.imports(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(selectors.import_for(self.actor, pk))

    @extend_schema(
        operation_id="imports_create",
        summary="Send a file; the same bytes again are the import they were before (200)",
        request={"multipart/form-data": ImportNew},
        responses={201: ImportOut, 200: ImportOut},
    )
    def create(self, request: Request) -> Response:
        self.require("import_leads")
        if self.bounded is not None:
            _ = request.data  # read now: only then is its size known
            if self.bounded.too_large:
                raise files.too_large()
        data = self.read(ImportNew)
        given, kind = data["file"], data["kind"]
        file, new = self.in_unit(lambda unit: services.upload(kind, given.name or "", given.chunks(), unit))
        return self.answer(file, 201 if new else 200)

    @extend_schema(
        operation_id="imports_format",
        summary="Read the file in another encoding or with another separator",
        request=ImportFormat,
        responses=ImportOut,
    )
    @action(detail=True, methods=["post"], url_path="format")
    def read_again(self, request: Request, pk: uuid.UUID) -> Response:
        selectors.import_for(self.actor, pk)
        data = self.read(ImportFormat)
        return self.answer(
            self.in_unit(lambda unit: services.read_again(pk, data["encoding"], data["separator"], unit))
        )

    @extend_schema(
        operation_id="imports_dry_run",
        summary="Say what the columns mean and check every row; nothing is taken in",
        request=ImportMapping,
        responses={202: ImportOut},
    )
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, pk: uuid.UUID) -> Response:
        held = selectors.import_for(self.actor, pk)
        data = self.read(ImportMapping)
        mapping = data.get("mapping", held.mapping)
        return self.answer(self.in_unit(lambda unit: services.set_mapping(pk, mapping, data["options"], unit)), 202)

    @extend_schema(
        operation_id="imports_commit",
        summary="Take the checked rows in, in the background",
        request=None,
        responses={202: ImportOut},
    )
    @action(detail=True, methods=["post"])
    def commit(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(self.in_unit(lambda unit: services.commit(pk, unit)), 202)

    @extend_schema(
        operation_id="imports_undo",
        summary="Take a finished import of leads back, in the background; with `dry_run` only tell what would go",
        request=ImportUndo,
        responses={200: ImportUndoOut, 202: ImportOut},
    )
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: uuid.UUID) -> Response:
        file = selectors.import_for(self.actor, pk)
        if not self.read(ImportUndo)["dry_run"]:
            return self.answer(self.in_unit(lambda unit: services.undo(pk, unit)), 202)
        plan = undoing.plan(file, shown.STAYS_SHOWN)
        kept = [{"row": row.row, "lead": row.lead_id, "reason": code} for row, code in plan.shown]
        told = {"withdrawn": plan.goes, "stays": sum(plan.stays.values()), "touched": plan.touched, "rows": kept}
        return Response(ImportUndoOut({**told, "possible": undoing.may_undo(file, moment.now())}).data)

    @extend_schema(
        operation_id="imports_bad_rows",
        summary="The rows that cannot be taken, and why",
        responses=BadRowOut(many=True),
        filters=False,
    )
    @action(
        detail=True, methods=["get"], url_path="bad-rows", pagination_class=ByRow, serializer_class=BadRowOut,
        filterset_class=None,
    )  # fmt: skip
    def bad_rows(self, request: Request, pk: uuid.UUID) -> Response:
        return self.listed(selectors.faults_of(selectors.import_for(self.actor, pk)).order_by())

    @extend_schema(
        operation_id="imports_discard", summary="Throw away a file that was never committed", responses={204: None}
    )
    def destroy(self, request: Request, pk: uuid.UUID) -> Response:
        self.in_unit(lambda unit: services.discard(pk, unit))
        return Response(status=204)
