"""Routing in the API: the decision as a service, rules, policies, calendars, reps, absences, pools, clocks, decisions.

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
from leadops.models import Absence, Rep, Role
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import ByKey, ByUser
from leadops.rest.versions import VersionEndpoint
from leadops.versions.models import Version
from routing import api_shapes as shapes
from routing import pages, replay, selectors, services
from routing.filters import DecisionFilter
from routing.models import Clock, Pool


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


class CalendarEndpoint(VersionEndpoint):
    kind = "calendar"


# -- people --------------------------------------------------------------------------------------------


class RepFilter(filters.FilterSet):
    team = filters.CharFilter(field_name="team__key")
    active = filters.BooleanFilter(field_name="active")

    class Meta:
        model = Rep
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="reps_list", summary="Reps of the teams the caller leads"),
    retrieve=extend_schema(operation_id="reps_read", summary="One rep", responses=shapes.RepOut),
)
class RepEndpoint(Endpoint):
    serializer_class = shapes.RepOut
    filterset_class = RepFilter
    pagination_class = ByUser
    queryset = Rep.objects.none()

    def _rows(self) -> Any:
        self.require("read_team")
        rows = Rep.objects.select_related("user", "team")
        teams = self.actor.teams(Role.MANAGER)
        return rows if self.actor.has(Role.REVENUE_OPS) or teams is None else rows.filter(team__in=teams)

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(self._rows(), pk))


class AbsenceFilter(filters.FilterSet):
    rep = filters.UUIDFilter(field_name="rep")

    class Meta:
        model = Absence
        fields: list[str] = []


@extend_schema_view(list=extend_schema(operation_id="absences_list", summary="Absences now and to come"))
class AbsenceEndpoint(Endpoint):
    serializer_class = shapes.AbsenceOut
    filterset_class = AbsenceFilter
    queryset = Absence.objects.none()

    def list(self, request: Request) -> Response:
        """One's own, and those of the teams one leads."""
        rows = Absence.objects.overlapping(moment.now(), None)
        if not access.can(self.actor, "deactivate_rep"):
            self.require("set_absence")
            return self.listed(rows.filter(rep=self.actor.user_id))
        teams = None if self.actor.has(Role.REVENUE_OPS) else self.actor.teams(Role.MANAGER)
        return self.listed(rows if teams is None else rows.filter(rep__team__in=teams))

    @extend_schema(
        operation_id="absences_create",
        summary="A span in which a rep receives nothing",
        request=shapes.AbsenceNew,
        responses={201: shapes.AbsenceOut},
    )
    def create(self, request: Request) -> Response:
        self.require("set_absence")
        data = self.read(shapes.AbsenceNew)
        who = data["rep"] or self.actor.user_id
        rep = pages.rep_for(self.actor, who, "set_absence")
        row = self.in_unit(lambda unit: services.set_absence(rep, data["from_at"], data["to_at"], data["kind"], unit))
        return self.answer(row, 201)


@extend_schema_view(
    list=extend_schema(operation_id="pools_list", summary="Pools and who is in them"),
    retrieve=extend_schema(operation_id="pools_read", summary="One pool", responses=shapes.PoolOut),
)
class PoolEndpoint(Endpoint):
    serializer_class = shapes.PoolOut
    pagination_class = ByKey
    queryset = Pool.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        """Members of every pool shown, read at once."""
        shown = getattr(self, "shown", [])
        members = selectors.members_of(shown, moment.now()) if shown else {}
        return {**super().get_serializer_context(), "members": members}

    def list(self, request: Request) -> Response:
        self.require("read_rules")
        self.shown = self.paginate_queryset(self.filter_queryset(Pool.objects.select_related("team"))) or []
        return self.get_paginated_response(self.get_serializer(self.shown, many=True).data)

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("read_rules")
        self.shown = [one(Pool.objects.select_related("team"), pk)]
        return self.answer(self.shown[0])


# -- what was decided ----------------------------------------------------------------------------------


class ClockFilter(filters.FilterSet):
    lead = filters.UUIDFilter(field_name="lead")
    kind = filters.ChoiceFilter(choices=Clock.Kind.choices)
    state = filters.ChoiceFilter(choices=Clock.State.choices)
    breached = filters.BooleanFilter(field_name="breached_at", lookup_expr="isnull", exclude=True)
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")

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
