"""Hosted forms and the channel table in the API. It calls capture's services and the versions' only."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from capture import attribution, editing
from capture.api import source_by_slug
from capture.models import Form
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import BySlug
from leadops.rest.shapes import Document, Strict
from leadops.rest.versions import VersionEndpoint


class ChannelTableEndpoint(VersionEndpoint):
    kind = attribution.KIND


class FormOut(serializers.ModelSerializer[Form]):
    source = serializers.CharField(source="source.slug", read_only=True)
    address = serializers.SerializerMethodField()

    class Meta:
        model = Form
        fields = ("id", "slug", "address", "source", "title", "intro", "thanks", "consent", "fields", "active")
        read_only_fields = fields

    def get_address(self, form: Form) -> str:
        return f"/f/{form.slug}"


class TextsIn(Strict):
    """A text in both languages; a language left out is empty."""

    fr = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    en = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class FormChange(Strict):
    """`fields`: the questions in order, each {"name", "required", "label", "choices"}."""

    title = TextsIn(required=False)
    intro = TextsIn(required=False)
    thanks = TextsIn(required=False)
    consent = TextsIn(required=False)
    active = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`fields` is a word of the serializer itself: it cannot be an attribute."""
        return {
            **super().get_fields(),
            "fields": serializers.ListField(child=Document(), required=False, max_length=40),
        }


class FormNew(FormChange):
    slug = serializers.SlugField(max_length=64)
    source = serializers.SlugField(max_length=64, help_text="name in figures of a source with the adapter `hosted`")
    title = TextsIn()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "fields": serializers.ListField(child=Document(), max_length=40)}


@extend_schema_view(
    list=extend_schema(operation_id="forms_list", summary="Hosted forms"),
    retrieve=extend_schema(operation_id="forms_read", summary="One hosted form", responses=FormOut),
)
class FormEndpoint(Endpoint):
    serializer_class = FormOut
    pagination_class = BySlug
    queryset = Form.objects.none()

    def _rows(self) -> Any:
        self.require("read_sources")
        return Form.objects.select_related("source")

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(self._rows(), pk))

    @extend_schema(operation_id="forms_create", summary="A new page", request=FormNew, responses={201: FormOut})
    def create(self, request: Request) -> Response:
        self.require("edit_sources")
        data = self.read(FormNew)
        form = Form(slug=data["slug"], source=source_by_slug(data["source"]))
        return self.answer(self.in_unit(lambda unit: editing.keep_form(form, data, unit=unit)), 201)

    @extend_schema(
        operation_id="forms_update", summary="Other words or questions", request=FormChange, responses=FormOut
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("edit_sources")
        form, data = one(self._rows(), pk), self.read(FormChange)
        return self.answer(self.in_unit(lambda unit: editing.keep_form(form, data, unit=unit)))
