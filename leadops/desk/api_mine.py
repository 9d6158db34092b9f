"""What is one's own at the desk, in the API: notices, the availability switch, and the answers to a handoff."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.desk import availability, services
from leadops.desk.api_shapes import HandBack, Verb
from leadops.desk.lead_view import masked_name
from leadops.desk.notices import mark_seen, sentence
from leadops.effects.models import Notice
from leadops.errors import Conflict, NotFound
from leadops.models import Lead, Rep
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import Strict
from leadops.unit import Unit
from qualification import api as qualification
from qualification import selectors
from qualification.models import Handoff

# -- notices -------------------------------------------------------------------------------------------


class NoticeOut(serializers.ModelSerializer[Notice]):
    text = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = ("id", "kind", "lead", "text", "at", "seen_at")
        read_only_fields = fields

    def get_text(self, row: Notice) -> str:
        if row.lead is None:
            return sentence(row.kind, row.data, "")
        masked = self.context.get("masked", True)
        return sentence(row.kind, row.data, masked_name(row.lead) if masked else str(row.lead.person))


class SeenOut(serializers.Serializer[Any]):
    seen = serializers.IntegerField()


class NoticeFilter(filters.FilterSet):
    unseen = filters.BooleanFilter(field_name="seen_at", lookup_expr="isnull")

    class Meta:
        model = Notice
        fields: list[str] = []


@extend_schema_view(list=extend_schema(operation_id="notices_list", summary="One's own notices, newest first"))
class NoticeEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = NoticeOut
    filterset_class = NoticeFilter
    queryset = Notice.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        masked = access.masks_contacts(self.actor) if self.request else True
        return {**super().get_serializer_context(), "masked": masked}

    def _rows(self) -> Any:
        self.require("read_leads")
        return Notice.objects.filter(user=self.actor.user_id).select_related("lead__person")

    def list(self, request: Request) -> Response:
        """Reading marks nothing as seen."""
        return self.listed(self._rows())

    @extend_schema(operation_id="notices_seen", summary="This one was seen", request=None, responses=NoticeOut)
    @action(detail=True, methods=["post"])
    def seen(self, request: Request, pk: uuid.UUID) -> Response:
        row = one(self._rows(), pk)
        mark_seen(self.actor, [row.pk], moment.now())
        row.refresh_from_db(fields=["seen_at"])
        return self.answer(row)

    @extend_schema(operation_id="notices_all_seen", summary="All were seen", request=None, responses=SeenOut)
    @action(detail=False, methods=["post"], url_path="seen")
    def all_seen(self, request: Request) -> Response:
        self.require("read_leads")
        return Response({"seen": mark_seen(self.actor, None, moment.now())})


# -- availability --------------------------------------------------------------------------------------


class AvailabilityOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["available", "busy", "away"])
    until = serializers.DateTimeField(allow_null=True)


class Choice(Strict):
    choice = serializers.ChoiceField(choices=list(availability.CHOICES))


class AvailabilityEndpoint(Endpoint):
    """The switch of the top bar; for reps only."""

    pagination_class = None
    serializer_class = AvailabilityOut

    def _rep(self) -> Rep:
        self.require("set_absence")
        rep = Rep.objects.filter(pk=self.actor.user_id).first()
        if rep is None:
            raise NotFound(_("Only reps have an availability."))
        return rep

    @extend_schema(operation_id="availability_read", summary="Whether new leads reach one", responses=AvailabilityOut)
    def show(self, request: Request) -> Response:
        self._rep()
        return self._answer()

    @extend_schema(
        operation_id="availability_set", summary="Available, busy for a while, or away", request=Choice,
        responses=AvailabilityOut,
    )  # fmt: skip
    def set(self, request: Request) -> Response:
        rep, choice = self._rep(), self.read(Choice)["choice"]
        self.in_unit(lambda unit: availability.choose(rep, choice, unit))
        return self._answer()

    def _answer(self) -> Response:
        absence = availability.now_of(self.actor, moment.now())
        return Response({"state": availability.state_of(absence), "until": absence.valid_to if absence else None})


# -- handoffs ------------------------------------------------------------------------------------------


class HandoffEndpoint(qualification.HandoffEndpoint):
    """The handoffs, with the two answers sales gives: the same verbs as on the lead."""

    @extend_schema(
        operation_id="handoffs_accept", summary="Accept what was handed off", request=Verb,
        responses=qualification.HandoffOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "accept", Verb, lambda lead, unit, data: services.accept(lead, unit))

    @extend_schema(
        operation_id="handoffs_hand_back", summary="Hand it back, with a reason", request=HandBack,
        responses=qualification.HandoffOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path="hand-back")
    def hand_back(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(
            pk, "hand_back", HandBack,
            lambda lead, unit, data: services.hand_back(lead, data["reason"], unit, data["text"]),
        )  # fmt: skip

    def _act(
        self, pk: uuid.UUID, verb: str, shape: type[Any], work: Callable[[Lead, Unit, dict[str, Any]], object]
    ) -> Response:
        row: Handoff = one(selectors.handoffs_visible_to(self.actor), pk)
        lead, data = access.lead_for(self.actor, row.lead_id, verb), self.read(shape)

        def checked(unit: Unit) -> None:
            (mine,) = unit.leads([lead.pk])
            services.check_unchanged(mine, data.get("version"))
            newest = Handoff.objects.filter(lead=mine).order_by("-offered_at", "-id").first()
            if newest is None or newest.pk != row.pk or newest.state not in _STILL[verb]:
                raise Conflict("handoff-over", _("This handoff was answered already."))
            work(mine, unit, data)

        self.in_unit(checked)
        row.refresh_from_db()  # whoever handed it back sees it no more, but is told what became of it
        return self.answer(row)


_STILL = {
    "accept": (Handoff.State.OFFERED,),
    "hand_back": (Handoff.State.OFFERED, Handoff.State.ACCEPTED),
}
