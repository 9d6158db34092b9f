"""The team board and reassignments in the API: what the manager's pages show and do. It decides nothing."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.rest.endpoints import Endpoint
from leadops.rest.shapes import Strict
from routing import board, foresight, handover, pages, reassigning
from routing.models import Assignment, ReassignedLead, Reassignment


class LineOut(serializers.Serializer[board.Line]):
    """One rep of the board; seconds on the wall clock, over the last 30 days."""

    rep = serializers.UUIDField(source="rep.pk")
    name = serializers.CharField(source="rep.user.name")
    team = serializers.CharField(source="rep.team.key")
    state = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    load = serializers.IntegerField()
    capacity = serializers.IntegerField(allow_null=True)
    new_today = serializers.IntegerField(source="new")
    due_today = serializers.IntegerField(source="due")
    due_within_half_an_hour = serializers.IntegerField(source="soon")
    overdue = serializers.IntegerField(source="breached")
    median_seconds = serializers.FloatField(source="median", allow_null=True)
    p90_seconds = serializers.FloatField(source="p90", allow_null=True)
    answered = serializers.IntegerField()
    acceptance = serializers.FloatField(allow_null=True)
    accepted_of = serializers.IntegerField(source="judged")
    turns_ahead = serializers.FloatField(source="ahead", allow_null=True)
    turns = serializers.IntegerField()


class BoardOut(serializers.Serializer[board.Board]):
    """`without_owner` is counted up to 1,000."""

    at = serializers.DateTimeField()
    without_owner = serializers.IntegerField(source="held")
    to_claim = serializers.IntegerField()
    reps = LineOut(source="lines", many=True)


class AssignMany(Strict):
    """`to`: `rules`, `pool:<key>` or `rep:<id>`. A dry run stores nothing and moves nothing."""

    leads = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=reassigning.MOST)
    to = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=300)
    dry_run = serializers.BooleanField(required=False, default=False)


class RowOut(serializers.ModelSerializer[ReassignedLead]):
    """`foreseen` empty: nobody could take it when it was planned, `note` says why."""

    result = serializers.ChoiceField(ReassignedLead.Result.choices, allow_blank=True, read_only=True)

    class Meta:
        model = ReassignedLead
        fields = ("lead", "before", "foreseen", "note", "got", "result")
        read_only_fields = fields


class ReassignmentOut(serializers.ModelSerializer[Reassignment]):
    class Meta:
        model = Reassignment
        fields = ("id", "by", "destination", "reason", "planned_at", "started_at", "done_at", "undone_at")
        read_only_fields = fields


class ReassignmentRead(ReassignmentOut):
    rows = RowOut(many=True)

    class Meta(ReassignmentOut.Meta):
        fields = (*ReassignmentOut.Meta.fields, "rows")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class DryRunOut(serializers.Serializer[Any]):
    destination = serializers.CharField()
    rows = RowOut(many=True)


class TeamEndpoint(Endpoint):
    pagination_class = None  # type: ignore[assignment]
    serializer_class = BoardOut

    @extend_schema(operation_id="team_read", summary="The board of the teams the caller leads", responses=BoardOut)
    def show(self, request: Request) -> Response:
        self.require("read_team")
        return Response(BoardOut(board.board(self.actor, moment.now())).data)


@extend_schema_view(
    list=extend_schema(operation_id="reassignments_list", summary="Reassignments, newest first"),
    retrieve=extend_schema(
        operation_id="reassignments_read", summary="One reassignment, lead by lead", responses=ReassignmentRead
    ),
)
class ReassignmentEndpoint(Endpoint):
    reads = "assign"
    serializer_class = ReassignmentOut
    queryset = Reassignment.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(foresight.reassignments_seen_by(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self._shown(foresight.reassignment_for(self.actor, pk))

    def _shown(self, made: Reassignment, status: int = 200) -> Response:
        return Response(ReassignmentRead(made).data, status=status)

    @extend_schema(
        operation_id="leads_assign_many",
        summary="Give many leads elsewhere at once; with `dry_run` only tell who would get what",
        request=AssignMany,
        responses={200: DryRunOut, 201: ReassignmentRead},
    )
    def assign(self, request: Request) -> Response:
        self.require("assign")
        data = self.read(AssignMany)
        leads = list(access.leads_visible_to(self.actor).filter(pk__in=data["leads"]))
        keep = not data["dry_run"]
        made, rows = self.in_unit(lambda unit: reassigning.plan(leads, data["to"], data["reason"], unit, keep=keep))
        if not keep:
            return Response(DryRunOut({"destination": made.destination, "rows": rows}).data)
        handover.carry_out(made.pk, self.actor)
        made.refresh_from_db()
        return self._shown(made, 201)

    @extend_schema(
        operation_id="reassignments_carry_out",
        summary="Move the leads as planned; again after an interruption goes on where it stopped",
        request=None,
        responses=ReassignmentRead,
    )
    @action(detail=True, methods=["post"], url_path="carry-out")
    def carry_out(self, request: Request, pk: uuid.UUID) -> Response:
        made = foresight.reassignment_for(self.actor, pk)
        handover.carry_out(made.pk, self.actor)
        made.refresh_from_db()
        return self._shown(made)

    @extend_schema(
        operation_id="reassignments_take_back",
        summary="Within 24 hours: back to who had the leads, but for those somebody worked on",
        request=None,
        responses=ReassignmentRead,
    )
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: uuid.UUID) -> Response:
        made = foresight.reassignment_for(self.actor, pk)
        handover.take_back(made.pk, self.actor)
        made.refresh_from_db()
        return self._shown(made)


class CardOut(serializers.Serializer[Any]):
    """What may be seen of a lead before it is taken: the organisation and the intent, never a contact."""

    id = serializers.UUIDField()
    pool = serializers.CharField()
    company = serializers.CharField()
    industry = serializers.CharField()
    employees = serializers.IntegerField(allow_null=True)
    country = serializers.CharField()
    region = serializers.CharField()
    hand_raiser = serializers.BooleanField()
    channel = serializers.CharField()
    band = serializers.CharField()
    received_at = serializers.DateTimeField()
    aging = serializers.BooleanField()


class TakenOut(serializers.ModelSerializer[Assignment]):
    pool = serializers.CharField(source="lead.pool")
    taken_at = serializers.DateTimeField(source="started_at")

    class Meta:
        model = Assignment
        fields = ("lead", "pool", "taken_at")
        read_only_fields = fields


class ClaimableOut(serializers.Serializer[Any]):
    """`left`: what one may still take of each pool within 24 hours; `may_give_back`: what may still be given back."""

    left = serializers.DictField(child=serializers.IntegerField())
    leads = CardOut(many=True)
    may_give_back = TakenOut(many=True)


class ClaimableEndpoint(Endpoint):
    pagination_class = None  # type: ignore[assignment]
    serializer_class = ClaimableOut

    @extend_schema(
        operation_id="claimable_list",
        summary="The leads the caller may take now, those that wait longest first, at most sixty",
        parameters=[OpenApiParameter("pool", OpenApiTypes.STR, description="the key of one of the caller's pools")],
        responses=ClaimableOut,
    )
    def show(self, request: Request) -> Response:
        self.require("claim")
        found = pages.pool_page(self.actor, moment.now(), request.query_params.get("pool", ""))
        shown = {"left": found["left"], "leads": found["cards"], "may_give_back": found["mine"]}
        return Response(ClaimableOut(shown).data)
