"""Routing in the API: the decision as a service, rules, policies, calendars, clocks, decisions.

It calls routing's services only; what it decides nothing about it does not show either.
"""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.decisions import Decision
from leadops.errors import NotFound
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.queries import MomentFilter
from leadops.rest.versions import VersionEndpoint, VersionOut
from leadops.versions import services as versions
from leadops.versions.calendars import name_of
from leadops.versions.models import Version
from routing import api_shapes as shapes
from routing import replay, selectors, services
from routing.filters import DecisionFilter
from routing.hours import reading as hours
from routing.hours.api_shapes import CalendarUsage
from routing.models import Clock
from routing.sla import trying
from routing.sla.api_shapes import PolicyTakes
from routing.sla.switching import switch_take_away


class RouteEndpoint(Endpoint):
    """Routing as a service: nothing is stored, nobody's turn is used."""

    pagination_class = None
    serializer_class = shapes.Route

    @extend_schema(
        operation_id="route",
        summary="The decision these facts would get now, with its trace; stores nothing",
        request=shapes.Route,
        responses=OpenApiTypes.OBJECT,
    )
    def ask(self, request: Request) -> Response:
        self.require("ask_route")
        data = self.read(shapes.Route)
        version = self._version(data["ruleset"]) if data["ruleset"] else None
        answer = services.preview(data["facts"], moment.now(), version)
        reps = {answer["outcome"].get("rep") or "", *(row["rep"] for row in answer["why"]["best"])}
        return Response({**answer, "reps": dict(selectors.names(reps))})

    def _version(self, number: int) -> Version:
        found = Version.objects.filter(kind="ruleset", key="house", number=number).first()
        if found is None:
            raise NotFound(_("There is no such version."))
        return found


class RulesetEndpoint(VersionEndpoint):
    kind = "ruleset"


class SlaEndpoint(VersionEndpoint):
    kind = "sla"

    @extend_schema(
        operation_id="sla_policies_take_away",
        summary="Switch the take-away step of one policy, as a new version",
        request=shapes.TakeAway,
        responses=VersionOut,
    )
    @action(detail=False, methods=["post"], url_path="take-away")
    def take_away(self, request: Request) -> Response:
        self.require("edit_sla")
        data = self.read(shapes.TakeAway)
        made = self.in_unit(lambda unit: switch_take_away(data["policy"], data["on"], unit, data["reason"]))
        return self.answer(made)

    @extend_schema(
        operation_id="sla_policies_preview",
        summary="Which open leads the caller sees would fall under each policy of this version; stores nothing",
        responses=PolicyTakes(many=True),
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def preview(self, request: Request, pk: uuid.UUID) -> Response:
        rows = trying.taken(self.actor, one(self._rows(), pk).body, moment.now())
        found = [{"policy": row.key, "count": row.count, "leads": [lead.pk for lead in row.leads]} for row in rows]
        return Response(PolicyTakes(found, many=True).data)


class CalendarEndpoint(VersionEndpoint):
    kind = "calendar"

    @extend_schema(
        operation_id="calendars_usage",
        summary="Who counts by this calendar now, and its closed days of the next twelve months",
        responses=CalendarUsage,
    )
    @action(detail=True, methods=["get"])
    def usage(self, request: Request, pk: uuid.UUID) -> Response:
        version, at = one(self._rows(), pk), moment.now()
        used = hours.usage_of(version.key, at)
        closed = [] if versions.check(version) else hours.coming(versions.compiled(version), at, 366)
        days = [{"day": row.day, "name": row.name, "hours": row.hours} for row in closed]
        named = [row["label"] for row in used.versions]
        shown = {"reps": used.reps, "teams": used.teams, "pools": used.pools, "named_by": named, "closed": days}
        return Response(CalendarUsage({"name": name_of(version.key, version.body), **shown}).data)


# -- what was decided ----------------------------------------------------------------------------------


class ClockFilter(filters.FilterSet):
    lead = filters.UUIDFilter(field_name="lead")
    kind = filters.ChoiceFilter(choices=Clock.Kind.choices)
    state = filters.ChoiceFilter(choices=Clock.State.choices)
    breached = filters.BooleanFilter(field_name="breached_at", lookup_expr="isnull", exclude=True)
    due_before = MomentFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Clock
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="clocks_list", summary="Clocks of the leads the caller sees, newest first"),
    retrieve=extend_schema(
        operation_id="clocks_read", summary="One clock with its arithmetic", responses=shapes.ClockWithSum
    ),
)
class ClockEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = shapes.ClockOut
    filterset_class = ClockFilter
    queryset = Clock.objects.none()

    def _rows(self) -> Any:
        rows = Clock.objects.filter(lead__in=access.leads_visible_to(self.actor))
        return rows.select_related("policy", "calendar", "rep__user")

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(shapes.ClockWithSum(one(self._rows(), pk)).data)


@extend_schema_view(
    list=extend_schema(operation_id="decisions_list", summary="Routing decisions on leads the caller sees"),
    retrieve=extend_schema(operation_id="decisions_read", summary="One decision", responses=shapes.DecisionOut),
)
class DecisionEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = shapes.DecisionOut
    filterset_class = DecisionFilter
    queryset = Decision.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.decisions_seen_by(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(selectors.decisions_seen_by(self.actor), pk))

    @extend_schema(
        operation_id="decisions_replay",
        summary="Decide again from what was recorded, and compare",
        request=None,
        responses=shapes.ReplayOut,
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: uuid.UUID) -> Response:
        row: Decision = one(selectors.decisions_seen_by(self.actor).select_related("batch"), pk)
        if row.batch is None:
            raise NotFound(_("This decision was not recorded in a batch."), code="not-replayable")
        found = next(each for each in replay.replay(row.batch) if each.decision == row.pk)
        return Response({"answer": found.answer, "recorded": found.recorded, "again": found.again})
