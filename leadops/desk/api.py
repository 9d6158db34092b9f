"""Leads in the API: list, read, create, update, why, history, and every verb a screen has. It calls services only."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from capture import editing, pipeline
from capture import services as capture
from capture.bell import bell
from capture.models import Submission
from leadops import access, ids, moment
from leadops.desk import api_shapes as shapes
from leadops.desk import lead_view, moves, selectors, services, timeline, trace, undo
from leadops.desk.filters import LeadFilter
from leadops.errors import NotFound, Refused
from leadops.models import Lead, Rep
from leadops.rest import idempotency
from leadops.rest.endpoints import Endpoint
from leadops.rest.shapes import amount_of
from leadops.unit import Unit
from qualification import opportunities
from qualification import services as qualification
from qualification.answers import Answered
from qualification.api import OpportunityOut
from routing import claims
from routing import selectors as routing_selectors
from routing import services as routing

API_SOURCE = "api"
Data = dict[str, Any]


def _verb(summary: str, shape: type[Any]) -> Callable[[Any], Any]:
    return extend_schema(summary=summary, request=shape, responses={200: shapes.LeadOut})


@extend_schema_view(
    list=extend_schema(operation_id="leads_list", summary="Leads the caller may see, newest first"),
    retrieve=extend_schema(operation_id="leads_read", summary="One lead", responses=shapes.LeadOut),
)
class LeadEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = shapes.LeadOut
    filterset_class = LeadFilter
    queryset = Lead.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        masked = access.masks_contacts(self.actor) if self.request else True
        return {**super().get_serializer_context(), "masked": masked}

    def staged(self) -> bool:
        return self.action == "create"  # it runs in the pipeline's own units

    def list(self, request: Request) -> Response:
        return self.listed(selectors.leads_list(self.actor).select_related("team"))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(access.lead_for(self.actor, pk))

    # -- new and changed ------------------------------------------------------------------------------

    @extend_schema(
        operation_id="leads_create",
        summary="A new lead, as one submission of the source `api`",
        request=shapes.LeadNew,
        responses={
            201: OpenApiResponse(shapes.LeadOut, "The lead it created"),
            200: OpenApiResponse(shapes.LeadOut, "The open lead of this person, which it touched"),
            202: OpenApiResponse(shapes.BeingRoutedOut, "Taken in; there is no lead to show, or not yet"),
        },
    )
    def create(self, request: Request) -> Response:
        self.require("create_lead")
        data = self.read(shapes.LeadNew)
        owner = data.pop("owner")
        values = {
            name: v.isoformat() if hasattr(v, "isoformat") else v for name, v in data.items() if v not in ("", {})
        }
        call = idempotency.Call(request, self.actor) if idempotency.keyed(request) else None
        with transaction.atomic():
            known = idempotency.begin(call) if call else None
            if known is not None:
                return known
            nonce = call.nonce if call else ids.token()
            made = self.in_unit(
                lambda unit: capture.new_lead(values, unit=unit, nonce=nonce, owner=owner, source_slug=API_SOURCE)
            )
        if not pipeline.run_now([made.pk], self.actor).ran:
            bell.ring()
        answer = self._taken_in(made.pk)
        return idempotency.end(call, answer) if call else answer

    def _taken_in(self, submission_id: uuid.UUID) -> Response:
        row = Submission.objects.defer("body").get(pk=submission_id)
        lead = access.leads_visible_to(self.actor).filter(pk=row.lead_id).first() if row.lead_id else None
        if lead is None:
            return Response({"submission": str(row.pk), "state": row.end, "reason": row.reason}, status=202)
        return self.answer(lead, 201 if row.end == Submission.End.CREATED else 200)

    @extend_schema(
        operation_id="leads_update",
        summary="Change what is known of who asks",
        request=shapes.LeadChange,
        responses=shapes.LeadOut,
    )
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "update_lead", shapes.LeadChange, _edit, partial=True)

    # -- why and history ------------------------------------------------------------------------------

    @extend_schema(operation_id="leads_trace", summary="The whole why", responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"])
    def trace(self, request: Request, pk: uuid.UUID) -> Response:
        lead = access.lead_for(self.actor, pk)
        return Response(trace.trace(lead, self.actor, moment.now()))

    @extend_schema(
        operation_id="leads_timeline",
        summary="What happened, newest first, in sentences",
        parameters=[OpenApiParameter("before", OpenApiTypes.DATETIME, description="`older` of the page before")],
        responses=OpenApiTypes.OBJECT,
    )
    @action(detail=True, methods=["get"])
    def timeline(self, request: Request, pk: uuid.UUID) -> Response:
        lead, said = access.lead_for(self.actor, pk), request.query_params.get("before", "")
        events, older = timeline.events_of(lead, lead_view.instant_of(said), access.masks_contacts(self.actor))
        rows = [{"id": e.id, "title": e.title, "at": e.at, "actor": e.actor, "text": e.text} for e in events]
        return Response({"results": rows, "older": older})

    # -- verbs ----------------------------------------------------------------------------------------

    def _act(
        self,
        pk: uuid.UUID,
        verb: str,
        shape: type[Any],
        work: Callable[[Lead, Unit, Data], object],
        partial: bool = False,
    ) -> Response:
        """One verb on one lead: right, body, unchanged version, unit; the answer is the lead as the act left it."""
        lead = access.lead_for(self.actor, pk, verb)
        data = self.read(shape, partial)
        return self._done(lead, data, work)

    def _done(self, lead: Lead, data: Data, work: Callable[[Lead, Unit, Data], object]) -> Response:
        def checked(unit: Unit) -> None:
            (mine,) = unit.leads([lead.pk])
            services.check_unchanged(mine, data.get("version"))
            work(mine, unit, data)

        self.in_unit(checked)
        lead.refresh_from_db()
        return self.answer(lead)

    @_verb("Accept the lead: its handoff and its assignment", shapes.Verb)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "accept", shapes.Verb, lambda lead, unit, d: services.accept(lead, unit))

    @_verb("Hand the lead back, with a reason", shapes.HandBack)
    @action(detail=True, methods=["post"], url_path="hand-back")
    def hand_back(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(
            pk,
            "hand_back",
            shapes.HandBack,
            lambda lead, unit, d: services.hand_back(lead, d["reason"], unit, d["text"]),
        )

    @_verb("Log an attempt to reach the person", shapes.Attempt)
    @action(detail=True, methods=["post"])
    def attempts(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "log_attempt", shapes.Attempt, _attempt)

    @_verb("Note something", shapes.Note)
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "note", shapes.Note, lambda lead, unit, d: services.note(lead, d["text"], unit))

    @_verb("Snooze until a moment", shapes.Snooze)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "snooze", shapes.Snooze, lambda lead, unit, d: services.snooze(lead, d["until"], unit))

    @_verb("Take back one's own last snooze or status", shapes.Undo)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "snooze", shapes.Undo, lambda lead, unit, d: undo.undo(lead, d["entry"], unit))

    @_verb("Set the work status", shapes.StatusSet)
    @action(detail=True, methods=["post"])
    def status(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(
            pk, "set_status", shapes.StatusSet, lambda lead, unit, d: services.set_status(lead, d["status"], unit)
        )

    @_verb("Take the lead from its pool", shapes.Verb)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: uuid.UUID) -> Response:
        self.require("claim")
        data, rep = self.read(shapes.Verb), Rep.objects.filter(pk=self.actor.user_id).first()
        if rep is None:
            raise Refused("not-a-rep", _("Only a rep takes leads from a pool."), status=403)
        lead = _claimable(self.actor, pk)
        return self._done(lead, data, lambda mine, unit, d: routing.claim(mine, rep, unit))

    @extend_schema(
        operation_id="leads_give_back",
        summary="Within 15 minutes: a lead taken by mistake goes back to its pool",
        request=None,
        responses={204: None},
    )
    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, pk: uuid.UUID) -> Response:
        """Nothing is shown after: it is anybody's of the pool again."""
        lead = access.lead_for(self.actor, pk, "hand_back")
        self.in_unit(lambda unit: claims.give_back(lead, unit))
        return Response(status=204)

    @_verb("Give the lead to a rep", shapes.Assign)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "assign", shapes.Assign, _assign)

    @_verb("Decide anew for a lead nobody owns", shapes.Verb)
    @action(detail=True, methods=["post"], url_path="route-again")
    def route_again(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "assign", shapes.Verb, lambda lead, unit, d: routing.route_again(lead, unit))

    @_verb("Sales verified need and fit by its framework: stage SQL", shapes.Qualify)
    @action(detail=True, methods=["post"])
    def qualify(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(pk, "qualify", shapes.Qualify, _qualify)

    @_verb("Disqualify, with a reason", shapes.Disqualify)
    @action(detail=True, methods=["post"])
    def disqualify(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(
            pk,
            "disqualify",
            shapes.Disqualify,
            lambda lead, unit, d: qualification.disqualify(lead, unit, d["reason"], d["text"]),
        )

    @_verb("Rest the lead until a moment, with a reason", shapes.Recycle)
    @action(detail=True, methods=["post"])
    def recycle(self, request: Request, pk: uuid.UUID) -> Response:
        return self._act(
            pk,
            "recycle",
            shapes.Recycle,
            lambda lead, unit, d: qualification.recycle(lead, unit, d["reason"], d["wake_at"], d["text"]),
        )

    def _any(self, pk: uuid.UUID, verbs: set[str]) -> None:
        """Refuse who may use none of these verbs on the lead; which one it takes is said by the body."""
        lead = access.lead_for(self.actor, pk)
        if not any(access.can(self.actor, verb, lead) for verb in verbs):
            self.require(min(verbs), lead)

    @_verb("Move the lead to a stage, by the verb that owns it", shapes.Move)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: uuid.UUID) -> Response:
        self._any(pk, {*moves.STAGE_VERBS.values(), "set_status"})
        to = self.read(shapes.Move)["stage"]
        return self._act(pk, moves.STAGE_VERBS.get(to, "set_status"), shapes.Move, _move)

    @_verb("How the lead ended: won, lost, disqualified, recycled", shapes.OutcomeIn)
    @action(detail=True, methods=["post"])
    def outcome(self, request: Request, pk: uuid.UUID) -> Response:
        self._any(pk, set(moves.OUTCOME_VERBS.values()))
        name = self.read(shapes.OutcomeIn)["outcome"]
        return self._act(pk, moves.OUTCOME_VERBS[name], shapes.OutcomeIn, _outcome)

    @extend_schema(
        operation_id="leads_open_opportunity",
        summary="Open an opportunity on the lead",
        request=shapes.OpportunityNew,
        responses={201: OpportunityOut},
    )
    @action(detail=True, methods=["post"])
    def opportunities(self, request: Request, pk: uuid.UUID) -> Response:
        lead = access.lead_for(self.actor, pk, "open_opportunity")
        data = self.read(shapes.OpportunityNew)
        minor, currency = amount_of(data)
        deal = self.in_unit(
            lambda unit: opportunities.open(
                unit.leads([lead.pk])[0], unit, data["name"], minor, currency, data["expected_on"]
            )
        )
        return Response(OpportunityOut(deal, context=self.get_serializer_context()).data, status=201)


# -- the work of the longer verbs ------------------------------------------------------------------------


def _edit(lead: Lead, unit: Unit, data: Data) -> object:
    return editing.edit_lead(lead, {name: value for name, value in data.items() if name != "version"}, unit)


def _attempt(lead: Lead, unit: Unit, data: Data) -> object:
    given = {name: data[name] for name in ("channel", "outcome", "text", "callback_at")}
    return services.log_attempt(lead, unit, **given)


def _qualify(lead: Lead, unit: Unit, data: Data) -> object:
    given = Answered(data["answers"], data["evidence"], data["text"]) if data["answers"] or data["text"] else None
    return qualification.qualify(lead, unit, given)


def _assign(lead: Lead, unit: Unit, data: Data) -> object:
    rep = Rep.objects.filter(pk=data["rep"]).first()
    if rep is None:
        raise Refused("no-such-rep", _("There is no such active rep."))
    return routing.assign(lead, rep, unit, data["reason"])


def _why(data: Data) -> moves.Why:
    return moves.Why(data["reason"], data["wake_at"], data["text"])


def _move(lead: Lead, unit: Unit, data: Data) -> object:
    return moves.move(lead, data["stage"], _why(data), unit)


def _outcome(lead: Lead, unit: Unit, data: Data) -> object:
    return moves.outcome(lead, data["outcome"], _why(data), amount_of(data), unit)


def _claimable(actor: access.Actor, key: uuid.UUID) -> Lead:
    """A lead of the caller's pools, or one the caller sees; anything else is the one 404."""
    lead = Lead.objects.filter(pk=key).first()
    seen = lead is not None and access.leads_visible_to(actor).filter(pk=key).exists()
    if lead is None or not (seen or routing_selectors.may_claim_from(actor.user_id, lead.pool, moment.now())):
        raise NotFound(_("There is no such lead, or it is not yours to see."))
    return lead
