"""Submissions, ledger, sources, campaigns and costs in the API. It calls capture's services and selectors only."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from capture import api_shapes as shapes
from capture import editing, selectors, services
from capture.bell import bell
from capture.models import Campaign, Cost, Source, Submission
from leadops import moment
from leadops.errors import NotFound
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import ByKey, BySlug
from leadops.rest.queries import MomentFilter
from leadops.rest.shapes import amount_of


class SubmissionFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(field_name="end", choices=Submission.End.choices)
    source = filters.CharFilter(field_name="source__slug")
    reason = filters.CharFilter(field_name="reason")
    lead = filters.UUIDFilter(field_name="lead")
    file = filters.UUIDFilter(field_name="file")
    received_after = MomentFilter(field_name="received_at", lookup_expr="gte")
    received_before = MomentFilter(field_name="received_at", lookup_expr="lt")

    class Meta:
        model = Submission
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="submissions_list", summary="What was received, newest first"),
    retrieve=extend_schema(
        operation_id="submissions_read", summary="One submission and its one end", responses=shapes.SubmissionOut
    ),
)
class SubmissionEndpoint(Endpoint):
    serializer_class = shapes.SubmissionOut
    filterset_class = SubmissionFilter
    queryset = Submission.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.submissions(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(selectors.submission_for(self.actor, pk))

    @extend_schema(
        operation_id="submissions_replay",
        summary="Let a submission set aside run again, with corrections",
        request=shapes.Replay,
        responses={202: shapes.SubmissionOut},
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("replay_submission")
        data = self.read(shapes.Replay)
        row = self.in_unit(lambda unit: services.replay(pk, data["edited"], unit=unit))
        bell.ring()
        return self.answer(row, 202)


class LedgerEndpoint(Endpoint):
    """Per source and local day every delivery and its one end."""

    pagination_class = None
    serializer_class = shapes.LedgerOut

    @extend_schema(
        operation_id="ledger",
        summary="The ledger: deliveries and their ends, per source and day",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="first local day"),
            OpenApiParameter("to", OpenApiTypes.DATE, required=True, description="last local day"),
            OpenApiParameter("source", OpenApiTypes.STR, description="name of a source in figures"),
        ],
        responses=shapes.LedgerOut,
    )
    def show(self, request: Request) -> Response:
        self.require("read_submissions")
        asked = shapes.Period(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        period = asked.validated_data
        rows = selectors.ledger_rows(period["from"], period["to"], period["source"], self.actor)
        return Response({"rows": [row.as_dict() for row in rows]})


@extend_schema_view(
    list=extend_schema(operation_id="sources_list", summary="Sources"),
    retrieve=extend_schema(operation_id="sources_read", summary="One source", responses=shapes.SourceOut),
)
class SourceEndpoint(Endpoint):
    serializer_class = shapes.SourceOut
    pagination_class = BySlug
    queryset = Source.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.sources(self.actor).order_by())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(selectors.source_for(self.actor, pk))

    @extend_schema(
        operation_id="sources_health",
        summary="How each source does: the last seven days by end, and its silence",
        responses=shapes.HealthOut(many=True),
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def health(self, request: Request) -> Response:
        rows = selectors.health_of(list(selectors.sources(self.actor)), moment.now())
        return Response(shapes.HealthOut(rows, many=True).data)

    @extend_schema(
        operation_id="sources_create",
        summary="A new source with an address of its own",
        request=shapes.SourceNew,
        responses={201: shapes.SourceOut},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_sources")
        values = self.read(shapes.SourceNew) | self._campaign()
        made = self.in_unit(lambda unit: services.create_source(values, unit=unit))
        return self.answer(made.source, 201)

    @extend_schema(
        operation_id="sources_update",
        summary="Change how a source is read and verified",
        request=shapes.SourceChange,
        responses=shapes.SourceOut,
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("edit_sources")
        values = self.read(shapes.SourceChange, partial=True) | self._campaign()
        return self.answer(self.in_unit(lambda unit: editing.update_source(pk, values, unit=unit)))

    def _campaign(self) -> dict[str, Any]:
        """The campaign named by its key, where the body names one."""
        if not isinstance(self.request.data, dict) or "campaign" not in self.request.data:
            return {}
        key = self.request.data["campaign"]
        return {"campaign": campaign_by_key(key) if key else None}


@extend_schema_view(
    list=extend_schema(operation_id="campaigns_list", summary="Campaigns"),
    retrieve=extend_schema(operation_id="campaigns_read", summary="One campaign", responses=shapes.CampaignOut),
)
class CampaignEndpoint(Endpoint):
    serializer_class = shapes.CampaignOut
    pagination_class = ByKey
    queryset = Campaign.objects.none()

    def list(self, request: Request) -> Response:
        self.require("read_sources")
        return self.listed(Campaign.objects.all())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("read_sources")
        return self.answer(one(Campaign.objects.all(), pk))

    @extend_schema(
        operation_id="campaigns_create",
        summary="A new campaign",
        request=shapes.CampaignNew,
        responses={201: shapes.CampaignOut},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_sources")
        values = self.read(shapes.CampaignNew)
        return self.answer(self.in_unit(lambda unit: services.create_campaign(values, unit=unit)), 201)

    @extend_schema(
        operation_id="campaigns_update",
        summary="Change a campaign",
        request=shapes.CampaignChange,
        responses=shapes.CampaignOut,
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("edit_sources")
        values = self.read(shapes.CampaignChange, partial=True)
        return self.answer(self.in_unit(lambda unit: editing.update_campaign(pk, values, unit=unit)))


class CostFilter(filters.FilterSet):
    source = filters.CharFilter(field_name="source__slug")
    campaign = filters.CharFilter(field_name="campaign__key")
    in_force = filters.BooleanFilter(field_name="corrected_by", lookup_expr="isnull")

    class Meta:
        model = Cost
        fields: list[str] = []


@extend_schema_view(list=extend_schema(operation_id="costs_list", summary="Costs as recorded, corrections beside them"))
class CostEndpoint(Endpoint):
    serializer_class = shapes.CostOut
    filterset_class = CostFilter
    queryset = Cost.objects.none()

    def list(self, request: Request) -> Response:
        self.require("read_sources")
        return self.listed(Cost.objects.select_related("source", "campaign", "corrected_by"))

    @extend_schema(
        operation_id="costs_create",
        summary="Append a cost; a correction names the row it replaces",
        request=shapes.CostNew,
        responses={201: shapes.CostOut},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_costs")
        data = self.read(shapes.CostNew)
        minor, currency = amount_of(data)
        if minor is None:
            raise serializers.ValidationError({"amount_minor": [_("An amount is needed.")]}, code="required")
        cost = services.CostOf(
            from_on=data["from_on"],
            to_on=data["to_on"],
            amount_minor=minor,
            currency=currency,
            source=source_by_slug(data["source"]) if data["source"] else None,
            campaign=campaign_by_key(data["campaign"]) if data["campaign"] else None,
            note=data["note"],
            corrects=data["corrects"],
        )
        return self.answer(self.in_unit(lambda unit: services.add_cost(cost, unit=unit)), 201)


def source_by_slug(slug: str) -> Source:
    found = Source.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no such source."), code="no-such-source")
    return found


def campaign_by_key(key: str) -> Campaign:
    found = Campaign.objects.filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such campaign."), code="no-such-campaign")
    return found
