"""Sequences, templates, enrolments, messages and suppressions in the API. It calls nurture's services only."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.errors import NotFound
from leadops.models import Suppression
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.pagination import Newest
from leadops.rest.versions import VersionEndpoint
from leadops.unit import Unit
from nurture import api_shapes as shapes
from nurture import foresight, pages, selectors, services
from nurture.filters import SuppressionFilter
from nurture.models import Enrolment


class SequenceEndpoint(VersionEndpoint):
    kind = "sequence"


class MailPolicyEndpoint(VersionEndpoint):
    """`body` is `{"per_day": 1, "per_week": 3}`; the key is `house`."""

    kind = "mail_policy"


class TemplateEndpoint(VersionEndpoint):
    kind = "template"

    @extend_schema(
        operation_id="templates_preview",
        summary="The letter to a real lead in both languages; nothing is sent",
        request=shapes.PreviewOf,
        responses=shapes.PreviewOut(many=True),
    )
    @action(detail=True, methods=["post"], pagination_class=None, filterset_class=None)
    def preview(self, request: Request, pk: uuid.UUID) -> Response:
        version = one(self._rows(), pk)
        self.require("read_contacts")
        if access.masks_contacts(self.actor):
            raise NotFound(_("There is no such lead, or it is not yours to see."))
        lead = access.lead_for(self.actor, self.read(shapes.PreviewOf)["lead"])
        found = [
            {
                "language": each["language"],
                "subject": each["worded"].subject if each["worded"] else None,
                "text": each["worded"].text if each["worded"] else None,
                "html": each["worded"].html if each["worded"] else None,
                "faults": [str(fault) for fault in each["faults"]],
            }
            for each in pages.previews(version.body, lead)
        ]
        return Response(found)


class EnrolmentFilter(filters.FilterSet):
    lead = filters.UUIDFilter(field_name="lead")
    sequence = filters.CharFilter(field_name="sequence")
    state = filters.MultipleChoiceFilter(choices=Enrolment.State.choices)
    reason = filters.CharFilter(field_name="reason")

    class Meta:
        model = Enrolment
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="enrolments_list", summary="Who is or was in a sequence, newest first"),
    retrieve=extend_schema(operation_id="enrolments_read", summary="One enrolment", responses=shapes.EnrolmentOut),
)
class EnrolmentEndpoint(Endpoint):
    reads = "read_sequences"
    serializer_class = shapes.EnrolmentOut
    filterset_class = EnrolmentFilter
    queryset = Enrolment.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.enrolments_visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(selectors.enrolments_visible_to(self.actor), pk))

    @extend_schema(
        operation_id="enrolments_create",
        summary="Put a lead into a sequence by hand, or see what would be sent",
        request=shapes.EnrolmentNew,
        responses={200: shapes.EnrolmentForeseen, 201: shapes.EnrolmentOut},
    )
    def create(self, request: Request) -> Response:
        self.require("enrol")
        data = self.read(shapes.EnrolmentNew)
        lead = access.lead_for(self.actor, data["lead"], "enrol")
        if data["dry_run"]:
            seen = foresight.preview(lead, data["sequence"], self.actor, moment.now())
            if seen is None:
                raise NotFound(_("There is no published sequence of this name."), code="no-such-sequence")
            return Response(shapes.EnrolmentForeseen(seen.to_json()).data)
        return self.answer(self.in_unit(lambda unit: services.enrol_one(lead, data["sequence"], unit)), 201)

    def _act(self, pk: uuid.UUID, verb: Callable[[uuid.UUID, Unit], Enrolment]) -> Response:
        one(selectors.enrolments_visible_to(self.actor), pk)
        return self.answer(self.in_unit(lambda unit: verb(pk, unit)))

    @extend_schema(
        operation_id="enrolments_exit", summary="Take a lead out of its sequence", request=None,
        responses=shapes.EnrolmentOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def exit(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, services.leave)

    @extend_schema(operation_id="enrolments_pause", summary="Hold it", request=None, responses=shapes.EnrolmentOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, services.pause)

    @extend_schema(
        operation_id="enrolments_resume", summary="Go on after a pause or a block", request=None,
        responses=shapes.EnrolmentOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, services.resume)


class MessageFilter(filters.FilterSet):
    lead = filters.UUIDFilter(field_name="lead")
    person = filters.UUIDFilter(field_name="person")
    state = filters.MultipleChoiceFilter(choices=Effect.State.choices)

    class Meta:
        model = Effect
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="messages_list", summary="Mails to prospects, newest first"),
    retrieve=extend_schema(operation_id="messages_read", summary="One mail", responses=shapes.MessageOut),
)
class MessageEndpoint(Endpoint):
    reads = "read_letters"
    serializer_class = shapes.MessageOut
    filterset_class = MessageFilter
    queryset = Effect.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.letters_visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(selectors.letters_visible_to(self.actor), pk))


@extend_schema_view(
    list=extend_schema(operation_id="suppressions_list", summary="Addresses nobody is written to, newest first")
)
class SuppressionEndpoint(Endpoint):
    reads = "read_suppressions"
    serializer_class = shapes.SuppressionOut
    filterset_class = SuppressionFilter
    pagination_class = Newest
    lookup_value_converter = "int"
    queryset = Suppression.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(suppression.listed())

    @extend_schema(
        operation_id="suppressions_create",
        summary="Never write to an address again",
        request=shapes.SuppressionNew,
        responses={201: shapes.SuppressionOut},
    )
    def create(self, request: Request) -> Response:
        self.require("edit_suppressions")
        data = self.read(shapes.SuppressionNew)
        row = self.in_unit(lambda unit: suppression.add(data["address"], data["why"], unit))
        return self.answer(suppression.listed().get(pk=row.pk), 201)

    @extend_schema(
        operation_id="suppressions_remove",
        summary="Take an address off the list, with a reason that stays on record",
        request=shapes.LiftedBecause,
        responses=shapes.SuppressionOut,
    )
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: int) -> Response:
        self.require("edit_suppressions")
        data = self.read(shapes.LiftedBecause)
        self.in_unit(lambda unit: suppression.remove(pk, data["why"], unit, address=data["address"]))
        return self.answer(suppression.listed().get(pk=pk))
