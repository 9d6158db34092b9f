"""The reports in the API: the same figures as the pages, by the same query string; it counts nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import BooleanField
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import moment
from leadops.errors import Refused
from leadops.rest import queries
from leadops.rest.endpoints import Endpoint
from reports.filters import (
    BY,
    MODELS,
    PERIODS,
    REASONS_BY,
    VIEWS,
    Chosen,
    ComparedForm,
    OriginForm,
    PeriodForm,
    ReasonsForm,
    ResponseForm,
)
from reports.metrics import beginnings
from reports.metrics.deals import deals_report
from reports.metrics.executive import executive_report
from reports.metrics.funnel import funnel_report
from reports.metrics.live import live_report
from reports.metrics.reasons import reasons_report
from reports.metrics.response import response_report
from reports.metrics.sources import sources_report
from reports.metrics.velocity import velocity_report
from reports.periods import Period

PAGE_ONLY = ("sort", "format", "lang")  # what the address of a page may carry beside the question
_period = [
    OpenApiParameter("period", OpenApiTypes.STR, enum=[key for key, _label in PERIODS], description="30 unless given"),
    OpenApiParameter("first_day", OpenApiTypes.DATE, description="with period=custom"),
    OpenApiParameter("last_day", OpenApiTypes.DATE, description="with period=custom"),
    OpenApiParameter("compare", OpenApiTypes.BOOL, description="also the same number of days before"),
]
_origin = [
    *_period,
    OpenApiParameter(
        "view", OpenApiTypes.STR, enum=[key for key, _label in VIEWS], description="cohort unless given: leads received"
    ),
    OpenApiParameter("by", OpenApiTypes.STR, enum=[key for key, _label in BY]),
    OpenApiParameter("model", OpenApiTypes.STR, enum=[key for key, _label in MODELS]),
]


class ReportEndpoint(Endpoint):
    """Each answer names its period, the moment it was counted, and n."""

    pagination_class = None
    serializer_class = serializers.Serializer

    @extend_schema(
        operation_id="reports_sources",
        summary="Leads, deals, revenue, cost and ROI by source, campaign or channel",
        parameters=_origin,
        responses=OpenApiTypes.OBJECT,
    )
    def sources(self, request: Request) -> Response:
        return self._report(OriginForm, lambda c, p: sources_report(self.actor, p, c.by, c.model, c.happened))

    @extend_schema(
        operation_id="reports_funnel",
        summary="How far leads get, with both conversions",
        parameters=_origin,
        responses=OpenApiTypes.OBJECT,
    )
    def funnel(self, request: Request) -> Response:
        return self._report(OriginForm, lambda c, p: funnel_report(self.actor, p, c.by, c.model, c.happened))

    @extend_schema(
        operation_id="reports_response",
        summary="How long leads wait",
        parameters=[*_period, OpenApiParameter("everyone", OpenApiTypes.BOOL)],
        responses=OpenApiTypes.OBJECT,
    )
    def response(self, request: Request) -> Response:
        return self._report(ResponseForm, lambda c, p: response_report(self.actor, p, c.everyone))

    @extend_schema(
        operation_id="reports_reasons",
        summary="Why sales says no: reasons by source or MQL definition",
        parameters=[*_period[:-1], OpenApiParameter("by", OpenApiTypes.STR, enum=[key for key, _label in REASONS_BY])],
        responses=OpenApiTypes.OBJECT,
    )
    def reasons(self, request: Request) -> Response:
        return self._report(ReasonsForm, lambda c, p: reasons_report(self.actor, p, c.by))

    @extend_schema(
        operation_id="reports_executive",
        summary="Leads, MQL, pipeline, won, spend, ROI and response, each with the period before",
        parameters=_period[:3],
        responses=OpenApiTypes.OBJECT,
    )
    def executive(self, request: Request) -> Response:
        return self._report(PeriodForm, lambda c, p: executive_report(self.actor, p))

    @extend_schema(
        operation_id="reports_velocity",
        summary="How long leads stay in each stage, and the oldest open ones",
        parameters=_period[:3],
        responses=OpenApiTypes.OBJECT,
    )
    def velocity(self, request: Request) -> Response:
        return self._report(PeriodForm, lambda c, p: velocity_report(self.actor, p))

    @extend_schema(
        operation_id="reports_deals",
        summary="Win rate and cycle by agent, product and sector",
        parameters=_period,
        responses=OpenApiTypes.OBJECT,
    )
    def deals(self, request: Request) -> Response:
        return self._report(ComparedForm, lambda c, p: deals_report(self.actor, p), beginnings.DEALS)

    @extend_schema(
        operation_id="reports_live",
        summary="Today by hour against the usual, who waits, clocks at risk",
        responses=OpenApiTypes.OBJECT,
    )
    def live(self, request: Request) -> Response:
        return Response(live_report(self.actor).to_json())

    def _report(
        self, shape: type[PeriodForm], count: Callable[[Chosen, Period], Any], of: str = beginnings.LEADS
    ) -> Response:
        """What a page would forgive is refused here: nobody reads the page's hint."""
        extra = sorted(set(self.request.query_params) - set(shape.base_fields) - set(PAGE_ONLY))
        if extra:
            words = _("There is no filter of this name: %(names)s") % {"names": ", ".join(extra)[:200]}
            raise Refused("unknown-filter", words, status=400, names=extra)
        truths = [name for name, field in shape.base_fields.items() if isinstance(field, BooleanField)]
        queries.check(self.request.query_params, (), truths, queries.BOX)
        form = shape(self.request.query_params, moment.now())
        if not form.is_valid():
            raise serializers.ValidationError(dict[str, Any](form.errors))
        chosen = form.chosen()
        shown = count(chosen, chosen.period).to_json()
        if chosen.compare:
            earlier = beginnings.before(self.actor, chosen.period, of)
            shown["before"] = count(chosen, earlier).to_json() if earlier else None
        return Response(shown)
