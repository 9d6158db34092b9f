"""A person's data in the API: what would go, the copy, the erasure; and the policy of retention."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from leadops.errors import Refused
from leadops.models import Person
from leadops.privacy import copying, erasing, reading
from leadops.privacy.forms import confirmed
from leadops.privacy.models import Erasure
from leadops.rest.endpoints import Endpoint
from leadops.rest.shapes import Strict
from leadops.rest.versions import VersionEndpoint


class KeptTable(serializers.Serializer[Any]):
    table = serializers.CharField()
    rows = serializers.IntegerField()
    fate = serializers.ChoiceField(choices=[reading.GOES, reading.BLANKED, reading.STAYS])


class KeptOut(serializers.Serializer[Any]):
    person = serializers.UUIDField()
    leads = serializers.ListField(child=serializers.UUIDField())
    open_deals = serializers.IntegerField()
    tables = KeptTable(many=True)


class EraseIn(Strict):
    reason = serializers.ChoiceField(choices=Erasure.Reason.choices)
    confirm = serializers.CharField(max_length=20, help_text="the word `erase`")
    company = serializers.BooleanField(default=False, help_text="the company is the person: its name goes too")


class ErasureOut(serializers.ModelSerializer[Erasure]):
    class Meta:
        model = Erasure
        fields = ("id", "person", "reason", "company", "rows", "at")
        read_only_fields = fields


class CopiedTable(serializers.Serializer[Any]):
    table = serializers.CharField()
    title = serializers.CharField()
    rows = serializers.ListField(child=serializers.DictField())


class CopyOut(serializers.Serializer[Any]):
    format = serializers.CharField()
    made_at = serializers.DateTimeField()
    person = serializers.UUIDField()
    tables = CopiedTable(many=True)


class PrivacyEndpoint(Endpoint):
    serializer_class = ErasureOut
    queryset = Person.objects.none()

    @extend_schema(operation_id="persons_erase_preview", summary="What an erasure would take", responses=KeptOut)
    def preview(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("erase_person")
        shown = reading.preview(pk, self.actor)
        leads = [lead.pk for lead in shown["leads"]]
        told = {"person": shown["person"].pk, "leads": leads, "open_deals": shown["deals"], "tables": shown["tables"]}
        return Response(KeptOut(told).data)

    @extend_schema(
        operation_id="persons_erase", summary="Erase a person for good", request=EraseIn, responses={200: ErasureOut}
    )
    def erase(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("erase_person")
        data = self.read(EraseIn)
        if not confirmed(data["confirm"]):
            raise Refused("not-confirmed", _("Type the word to confirm. Nothing was erased."))
        return self.answer(erasing.erase(pk, data["reason"], self.actor, company=data["company"]))

    @extend_schema(
        operation_id="persons_export", summary="Everything kept about a person", request=None, responses={200: CopyOut}
    )
    def export(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("export_person")
        return Response(CopyOut(self.in_unit(lambda unit: copying.copy_of(pk, unit))).data)


class RetentionEndpoint(VersionEndpoint):
    """`body` is `{"months": 36}` or `{"months": null}`, which erases nobody; the key is `house`."""

    kind = "retention"
