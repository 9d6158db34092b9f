"""Leads put into a sequence together, in the API: what the pages show and do. It decides nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access
from leadops.desk import enrol
from leadops.models import Lead
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import Strict
from nurture import group_pages, groups
from nurture.eligibility import words
from nurture.models import GroupEnrolment, GroupMember


class GroupNew(Strict):
    """Either `leads`, or `filter`: a query string of the list of leads. A dry run stores nothing."""

    sequence = serializers.SlugField(max_length=50)
    leads = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=groups.MOST)
    filter = serializers.CharField(required=False, max_length=2000, allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("leads" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"leads": [_("Give either leads or a filter.")]})
        return attrs


class GroupMemberOut(serializers.ModelSerializer[GroupMember]):
    """`why` speaks against entering, `waits` (`cap`, `away`) holds back the first mail; `result` is empty until the lead was looked at after the confirmation."""

    explanation = serializers.SerializerMethodField()
    result = serializers.ChoiceField(GroupMember.Result.choices, allow_blank=True, read_only=True)

    class Meta:
        model = GroupMember
        fields = ("lead", "why", "explanation", "waits", "result", "enrolment")
        read_only_fields = fields

    def get_explanation(self, row: GroupMember) -> str:
        return words(row.why) if row.why else ""


class GroupOut(serializers.ModelSerializer[GroupEnrolment]):
    state = serializers.SerializerMethodField()

    class Meta:
        model = GroupEnrolment
        fields = ("id", "by", "sequence", "state", "planned_at", "confirmed_at", "done_at", "undo_at", "undone_at")
        read_only_fields = fields

    def get_state(self, row: GroupEnrolment) -> str:
        """planned, entering, entered, leaving or undone"""
        return group_pages.state_of(row)


class GroupRead(GroupOut):
    members = GroupMemberOut(many=True)

    class Meta(GroupOut.Meta):
        fields = (*GroupOut.Meta.fields, "members")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


def _leads(data: dict[str, Any], actor: access.Actor, request: HttpRequest) -> list[Lead]:
    if "filter" in data:
        return enrol.found_by(QueryDict(data["filter"]), request)
    rows = access.leads_visible_to(actor).select_related("person", "owner__user")
    return list(rows.filter(pk__in=data["leads"]))


class GroupDryRun(serializers.Serializer[Any]):
    sequence = serializers.CharField()
    members = GroupMemberOut(many=True)


@extend_schema_view(
    list=extend_schema(operation_id="enrolment_groups_list", summary="Leads enrolled together, newest first"),
    retrieve=extend_schema(
        operation_id="enrolment_groups_read", summary="One group, lead by lead", responses=GroupRead
    ),
)
class GroupEndpoint(Endpoint):
    reads = "enrol"
    serializer_class = GroupOut
    queryset = GroupEnrolment.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(groups.visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self._shown(one(groups.visible_to(self.actor), pk))

    def _shown(self, row: GroupEnrolment, status: int = 200) -> Response:
        return Response(GroupRead(row).data, status=status)

    @extend_schema(
        operation_id="enrolment_groups_create",
        summary="Plan to put leads into a sequence: who would enter, and who not and why",
        request=GroupNew,
        responses={200: GroupDryRun, 201: GroupRead},
    )
    def create(self, request: Request) -> Response:
        self.require("enrol")
        data = self.read(GroupNew)
        keep = not data["dry_run"]
        leads = _leads(data, self.actor, request._request)
        made, members = self.in_unit(lambda unit: groups.plan(leads, data["sequence"], unit, keep=keep))
        if not keep:
            return Response(GroupDryRun({"sequence": made.sequence, "members": members}).data)
        return self._shown(made, 201)

    @extend_schema(
        operation_id="enrolment_groups_confirm",
        summary="Let the group enter, in the background",
        request=None,
        responses=GroupOut,
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(self.in_unit(lambda unit: groups.confirm(pk, unit)))

    @extend_schema(
        operation_id="enrolment_groups_undo",
        summary="Take everybody out again who is still in, in the background",
        request=None,
        responses=GroupOut,
    )
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(self.in_unit(lambda unit: groups.undo(pk, unit)))
