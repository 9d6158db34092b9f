"""Who receives leads, in the API: reps with their terms, absences, pools with members, territories with places.

It calls routing's services only, through the same policy as the pages and the admin.
"""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.errors import NotFound
from leadops.models import Absence, Rep, Role, Team, User
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import ByKey, ByUser
from leadops.unit import Unit
from routing import api_shapes as shapes
from routing import memberships, pages, selectors, services, staff
from routing.api_leaving import LeavingVerbs
from routing.models import Pool, Territory, TerritoryPlace


class RepFilter(filters.FilterSet):
    team = filters.CharFilter(field_name="team__key")
    active = filters.BooleanFilter(field_name="active")

    class Meta:
        model = Rep
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="reps_list", summary="Reps of the teams the caller leads"),
    retrieve=extend_schema(operation_id="reps_read", summary="One rep with the terms now", responses=shapes.RepRead),
)
class RepEndpoint(LeavingVerbs):
    serializer_class = shapes.RepOut
    filterset_class = RepFilter
    pagination_class = ByUser
    queryset = Rep.objects.none()

    def _rows(self) -> Any:
        self.require("read_team")
        return selectors.reps_led_by(self.actor)

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(shapes.RepRead(one(self._rows(), pk)).data)

    @extend_schema(
        operation_id="reps_create",
        summary="A user with the role of a rep starts to receive leads",
        request=shapes.RepNew,
        responses={201: shapes.RepRead},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_reps")
        data = self.read(shapes.RepNew)
        user, team = User.objects.filter(pk=data.pop("user")).first(), team_by_key(data.pop("team"))
        if user is None:
            raise NotFound(_("There is no such user."), code="no-such-user")
        made = self.in_unit(lambda unit: staff.create_rep(user, team, unit, data))
        return Response(shapes.RepRead(made).data, status=201)

    @extend_schema(
        operation_id="reps_update",
        summary="Other terms from now on, or from a moment to come; what is not named stays",
        request=shapes.TermsIn,
        responses=shapes.RepRead,
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        rep = one(self._rows(), pk)
        self.require("edit_terms", rep)
        data = self.read(shapes.TermsIn)
        start = data.pop("from_at", None)
        self.in_unit(lambda unit: staff.set_terms(rep, data, unit, start))
        return Response(shapes.RepRead(rep).data)

    @extend_schema(
        operation_id="reps_back", summary="The rep is back: the present absence ends", request=None,
        responses={204: None},
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def back(self, request: Request, pk: uuid.UUID) -> Response:
        rep = pages.rep_for(self.actor, pk, "set_absence")
        self.require("set_absence")
        self.in_unit(lambda unit: services.end_absence(rep, unit))
        return Response(status=204)


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

    @extend_schema(
        operation_id="pools_create", summary="A new pool", request=shapes.PoolNew, responses={201: shapes.PoolOut}
    )
    def create(self, request: Request) -> Response:
        self.require("edit_reference")
        data = self._team(self.read(shapes.PoolNew))
        made = self.in_unit(lambda unit: memberships.keep_pool(Pool(key=data["key"]), data, unit))
        return self.answer(made, 201)

    @extend_schema(
        operation_id="pools_update", summary="Change a pool", request=shapes.PoolChange, responses=shapes.PoolOut
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("edit_reference")
        pool, data = one(Pool.objects.all(), pk), self._team(self.read(shapes.PoolChange))
        return self._shown(self.in_unit(lambda unit: memberships.keep_pool(pool, data, unit)))

    @extend_schema(
        operation_id="pools_members",
        summary="From now on exactly these reps are in the pool, with these weights",
        request=shapes.MembersIn,
        responses=shapes.PoolOut,
    )
    @action(detail=True, methods=["post"])
    def members(self, request: Request, pk: uuid.UUID) -> Response:
        pool = one(Pool.objects.all(), pk)
        self.require("edit_ruleset", pool)
        wanted = {row["rep"]: row["weight"] for row in self.read(shapes.MembersIn)["members"]}
        known = set(Rep.objects.filter(pk__in=wanted, active=True).values_list("pk", flat=True))
        if missing := sorted(str(rep) for rep in set(wanted) - known):
            raise NotFound(_("There is no such active rep."), code="no-such-rep", reps=missing[:20])
        self.in_unit(lambda unit: memberships.set_members(pool, wanted, unit))
        return self._shown(pool)

    def _shown(self, pool: Pool) -> Response:
        self.shown = [pool]
        return self.answer(pool)

    def _team(self, data: dict[str, Any]) -> dict[str, Any]:
        """The team named by its key, where one is named."""
        return data | {"team": team_by_key(data["team"]) if data["team"] else None} if "team" in data else data


@extend_schema_view(
    list=extend_schema(operation_id="territories_list", summary="Territories and the places they cover"),
    retrieve=extend_schema(operation_id="territories_read", summary="One territory", responses=shapes.TerritoryOut),
)
class TerritoryEndpoint(Endpoint):
    serializer_class = shapes.TerritoryOut
    pagination_class = ByKey
    queryset = Territory.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        """Places of every territory shown, read at once."""
        shown = getattr(self, "shown", [])
        rows = TerritoryPlace.objects.state_at(moment.now()).filter(territory__in=shown) if shown else ()
        found: dict[uuid.UUID, list[TerritoryPlace]] = {}
        for row in sorted(rows, key=lambda row: (row.country, row.kind, row.value)):
            found.setdefault(row.territory_id, []).append(row)
        return {**super().get_serializer_context(), "places": found}

    def list(self, request: Request) -> Response:
        self.require("read_rules")
        self.shown = self.paginate_queryset(self.filter_queryset(Territory.objects.all())) or []
        return self.get_paginated_response(self.get_serializer(self.shown, many=True).data)

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("read_rules")
        return self._shown(one(Territory.objects.all(), pk))

    @extend_schema(
        operation_id="territories_create",
        summary="A new territory",
        request=shapes.TerritoryNew,
        responses={201: shapes.TerritoryOut},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_reference")
        data = self.read(shapes.TerritoryNew)
        return self._keep(Territory(key=data["key"]), data, 201)

    @extend_schema(
        operation_id="territories_update",
        summary="Change a territory; `places` names all it covers from now on",
        request=shapes.TerritoryChange,
        responses=shapes.TerritoryOut,
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("edit_reference")
        return self._keep(one(Territory.objects.all(), pk), self.read(shapes.TerritoryChange))

    def _keep(self, territory: Territory, data: dict[str, Any], status: int = 200) -> Response:
        self.require("edit_reference")

        def work(unit: Unit) -> None:
            memberships.keep_territory(territory, data, unit)
            if "places" in data:
                places = [(row["kind"], row["country"], row["value"]) for row in data["places"]]
                memberships.set_places(territory, places, unit)

        self.in_unit(work)
        return self._shown(territory, status)

    def _shown(self, territory: Territory, status: int = 200) -> Response:
        self.shown = [territory]
        return self.answer(territory, status)


def team_by_key(key: str) -> Team:
    found = Team.objects.filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such team."), code="no-such-team")
    return found
