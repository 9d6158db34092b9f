"""Stalled leads and effects in the API: the lists operators watch, and their two verbs. It decides nothing."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops.desk import operations
from leadops.desk.filters import EffectFilter, StalledFilter
from leadops.effects.models import Effect
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import Newest
from leadops.stalled import Stalled


class StalledOut(serializers.ModelSerializer[Stalled]):
    lead = serializers.UUIDField(source="lead_id")
    batches = serializers.ListField(source="doors", child=serializers.CharField())

    class Meta:
        model = Stalled
        fields = ("lead", "phase", "batches", "error", "starts", "due_at", "at")
        read_only_fields = fields


class EffectOut(serializers.ModelSerializer[Effect]):
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    user = serializers.UUIDField(source="user_id", allow_null=True)

    class Meta:
        model = Effect
        fields = (
            "id", "channel", "purpose", "state", "user", "lead", "due_at", "starts", "error", "sent_at", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class ByLead(Newest):
    ordering = "-lead"


@extend_schema_view(
    list=extend_schema(operation_id="stalled_leads_list", summary="Leads whose work failed and is tried again"),
    retrieve=extend_schema(
        operation_id="stalled_leads_read", summary="What is left for one stalled lead", responses=StalledOut
    ),
)
class StalledEndpoint(Endpoint):
    serializer_class = StalledOut
    filterset_class = StalledFilter
    pagination_class = ByLead
    queryset = Stalled.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(operations.stalled_leads(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(operations.stalled_leads(self.actor), pk))

    @extend_schema(
        operation_id="stalled_leads_retry", summary="Try it again at once", request=None, responses={202: StalledOut}
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("run_operations")
        row: Any = one(operations.stalled_leads(self.actor), pk)
        self.in_unit(lambda unit: operations.retry([row.pk], unit))
        row.refresh_from_db()
        return self.answer(row, 202)


@extend_schema_view(
    list=extend_schema(operation_id="effects_list", summary="What leaves the house, newest first"),
    retrieve=extend_schema(operation_id="effects_read", summary="One thing to send", responses=EffectOut),
)
class EffectEndpoint(Endpoint):
    serializer_class = EffectOut
    filterset_class = EffectFilter
    queryset = Effect.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(operations.effects(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(operations.effects(self.actor), pk))

    @extend_schema(
        operation_id="effects_send_again",
        summary="Send what failed, was held or is not known to have been sent",
        request=None,
        responses={202: EffectOut},
    )
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("run_operations")
        row: Any = one(operations.effects(self.actor), pk)
        self.in_unit(lambda unit: operations.send_again([row.pk], unit))
        row.refresh_from_db()
        return self.answer(row, 202)
