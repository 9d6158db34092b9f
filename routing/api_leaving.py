"""A rep who leaves, in the API: foreseen, carried out, taken back. It decides nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import moment
from leadops.models import Rep
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import Strict
from routing import departures, leaving, pages, selectors
from routing.api_shapes import RepRead
from routing.leaving import Wish
from routing.models import Departure, ReassignedLead


class LeaveIn(Strict):
    """`leads_to`: `rules`, `pool:<key>` or `rep:<id>`; `accounts_to` empty: nobody owns them from now on."""

    leads_to = serializers.CharField(max_length=64, required=False, default="rules")
    accounts_to = serializers.UUIDField(required=False, allow_null=True, default=None)
    dry_run = serializers.BooleanField(required=False, default=False)


class ForeseenOut(serializers.Serializer[Any]):
    lead = serializers.UUIDField(source="lead_id")
    foreseen = serializers.UUIDField(source="foreseen_id", allow_null=True, help_text="empty: nobody could take it")
    note = serializers.CharField(help_text="why nobody could")


class LeftOut(serializers.Serializer[Any]):
    rep = serializers.UUIDField()
    active = serializers.BooleanField()
    moved = serializers.IntegerField(help_text="open leads that went to others or wait for an owner")
    accounts = serializers.IntegerField(help_text="accounts that changed hands")
    pools = serializers.ListField(child=serializers.CharField(), help_text="pools the rep was in")
    plan = serializers.UUIDField(allow_null=True, help_text="the reassignment of the leads")
    leads = ForeseenOut(many=True, help_text="of a dry run")


def foreseen(rep: Rep, rows: Sequence[ReassignedLead], at: datetime) -> dict[str, Any]:
    """What a departure would change."""
    return {
        "rep": str(rep.pk),
        "active": rep.active,
        "moved": 0,
        "accounts": len(leaving.accounts_of(rep, at)),
        "pools": [row.pool.key for row in leaving.pools_of(rep, at)],
        "plan": None,
        "leads": ForeseenOut(rows, many=True).data,
    }


def left(made: Departure, moved: int) -> dict[str, Any]:
    """What a departure changed."""
    return {
        "rep": str(made.rep_id),
        "active": False,
        "moved": moved,
        "accounts": made.accounts,
        "pools": [row.pool.key for row in leaving.pools_left(made)],
        "plan": str(made.plan_id) if made.plan_id else None,
        "leads": [],
    }


class LeavingVerbs(Endpoint):
    """The verbs of a departure, for the endpoint of reps."""

    @extend_schema(
        operation_id="reps_deactivate",
        summary="The rep receives nothing more; open leads and accounts go to others. A dry run changes nothing",
        request=LeaveIn,
        responses=LeftOut,
    )
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        rep = pages.rep_for(self.actor, pk, "deactivate_rep")
        data = self.read(LeaveIn)
        wish = Wish(data["leads_to"], pages.active_rep(data["accounts_to"]))
        if data["dry_run"]:
            rows = departures.preview(rep, wish, self.actor)
            return Response(foreseen(rep, rows, moment.now()))
        made = departures.leave(rep.pk, wish, self.actor)
        return Response(left(made, departures.moved(made)))

    @extend_schema(
        operation_id="reps_take_back",
        summary="Within 24 hours of the deactivation: the rep, their pools, accounts and untouched leads as before",
        request=None,
        responses=RepRead,
    )
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: uuid.UUID) -> Response:
        rep = pages.rep_for(self.actor, pk, "deactivate_rep")
        departures.take_back(rep, self.actor)
        return Response(RepRead(one(selectors.reps_led_by(self.actor), pk)).data)
