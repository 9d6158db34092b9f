"""Opportunities, handoffs, answers and the versioned criteria in the API. It calls qualification's services only."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import access, moment
from leadops.errors import NotFound, Refused
from leadops.models import Lead, Opportunity
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.queries import MomentFilter
from leadops.rest.shapes import Amount, NamedOut, Strict, amount_of
from leadops.rest.versions import VersionEndpoint
from leadops.versions import services as versions
from qualification import answers, opportunities, selectors
from qualification.answers import Answered
from qualification.filters import HandoffFilter
from qualification.models import FrameworkAnswer, Handoff


class OpportunityOut(serializers.ModelSerializer[Opportunity]):
    owner = serializers.SerializerMethodField()

    class Meta:
        model = Opportunity
        fields = (
            "id", "lead", "account", "owner", "name", "product", "state", "reason", "amount_minor", "currency", "house_minor",
            "rate_on", "expected_on", "opened_at", "closed_at", "external_key",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(NamedOut(allow_null=True))
    def get_owner(self, deal: Opportunity) -> dict[str, Any] | None:
        return {"id": str(deal.owner_id), "name": deal.owner.user.name} if deal.owner else None

    def to_representation(self, instance: Opportunity) -> Any:
        """Free text and keys of other systems may name the person: hidden from whom contacts are masked."""
        shown = super().to_representation(instance)
        return {**shown, "name": "", "external_key": ""} if self.context.get("masked", True) else shown


class OpportunityIn(Amount):
    """With a lead, or without one: such a deal counts in the pipeline as untraced."""

    lead = serializers.UUIDField(required=False, allow_null=True, default=None)
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    expected_on = serializers.DateField(required=False, allow_null=True, default=None)
    external_key = serializers.CharField(required=False, allow_blank=True, default="", max_length=120)


class Win(Amount):
    closed_on = serializers.DateField(required=False, allow_null=True, default=None)


class Lose(Strict):
    reason = serializers.SlugField(max_length=40)
    closed_on = serializers.DateField(required=False, allow_null=True, default=None)


class OpportunityFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Opportunity.State.choices)
    lead = filters.UUIDFilter(field_name="lead")
    owner = filters.UUIDFilter(field_name="owner")
    external_key = filters.CharFilter(method="by_external_key")
    closed_after = MomentFilter(field_name="closed_at", lookup_expr="gte")
    closed_before = MomentFilter(field_name="closed_at", lookup_expr="lt")

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def by_external_key(self, rows: Any, name: str, value: str) -> Any:
        """From whom the key is hidden finds nothing by it: a search is an answer too."""
        asked = getattr(self.request, "_request", self.request)
        masked = access.masks_contacts(getattr(asked, "actor", access.VISITOR))
        return rows.none() if masked else rows.filter(external_key=value)


@extend_schema_view(
    list=extend_schema(operation_id="opportunities_list", summary="Opportunities, newest first"),
    retrieve=extend_schema(operation_id="opportunities_read", summary="One opportunity", responses=OpportunityOut),
)
class OpportunityEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = OpportunityOut
    filterset_class = OpportunityFilter
    queryset = Opportunity.objects.none()

    def get_serializer_context(self) -> dict[str, Any]:
        masked = access.masks_contacts(self.actor) if self.request else True
        return {**super().get_serializer_context(), "masked": masked}

    def _rows(self) -> Any:
        return access.opportunities_visible_to(self.actor).select_related("owner__user")

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(self._rows(), pk))

    @extend_schema(
        operation_id="opportunities_create",
        summary="Open an opportunity, with its lead or without",
        request=OpportunityIn,
        responses={201: OpportunityOut},
    )
    def create(self, request: Request) -> Response:
        self.require("open_opportunity")
        data = self.read(OpportunityIn)
        lead = access.lead_for(self.actor, data["lead"], "open_opportunity") if data["lead"] else None
        key, (minor, currency) = data["external_key"], amount_of(data)
        if key and Opportunity.objects.filter(external_key=key).exists():
            raise Refused("external-key-taken", _("Another opportunity has this external key."), status=409)
        deal = self.in_unit(
            lambda unit: opportunities.open(
                unit.leads([lead.pk])[0] if lead else None,
                unit,
                data["name"],
                minor,
                currency,
                data["expected_on"],
                external_key=key,
            )
        )
        return self.answer(deal, 201)

    @extend_schema(operation_id="opportunities_win", summary="Won, at an amount", request=Win, responses=OpportunityOut)
    @action(detail=True, methods=["post"])
    def win(self, request: Request, pk: uuid.UUID) -> Response:
        deal, data = self._deal(pk, "win"), self.read(Win)
        minor, currency = amount_of({"currency": deal.currency, **data})
        return self.answer(self.in_unit(lambda unit: opportunities.win(deal, unit, minor, currency, data["closed_on"])))

    @extend_schema(
        operation_id="opportunities_lose", summary="Lost, with a reason", request=Lose, responses=OpportunityOut
    )
    @action(detail=True, methods=["post"])
    def lose(self, request: Request, pk: uuid.UUID) -> Response:
        deal, data = self._deal(pk, "lose"), self.read(Lose)
        return self.answer(self.in_unit(lambda unit: opportunities.lose(deal, unit, data["reason"], data["closed_on"])))

    def _deal(self, pk: uuid.UUID, verb: str) -> Opportunity:
        """A deal the caller may use the verb on, through its lead where it has one."""
        deal: Opportunity = one(self._rows().select_related("lead", "owner__user"), pk)
        self.require(verb, deal.lead)
        return deal


# -- handoffs ------------------------------------------------------------------------------------------


class HandoffOut(serializers.ModelSerializer[Handoff]):
    rep = serializers.SerializerMethodField()
    definition = serializers.SerializerMethodField()

    class Meta:
        model = Handoff
        fields = (
            "id", "lead", "cycle", "definition", "decision", "rep", "state", "reason", "offered_at", "answered_at",
            "overdue_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(NamedOut(allow_null=True))
    def get_rep(self, row: Handoff) -> dict[str, Any] | None:
        return {"id": str(row.rep_id), "name": row.rep.user.name} if row.rep else None

    def get_definition(self, row: Handoff) -> str:
        return selectors.reference(row.definition)


@extend_schema_view(
    list=extend_schema(operation_id="handoffs_list", summary="Handoffs between marketing and sales, newest first"),
    retrieve=extend_schema(operation_id="handoffs_read", summary="One handoff", responses=HandoffOut),
)
class HandoffEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = HandoffOut
    filterset_class = HandoffFilter
    queryset = Handoff.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(selectors.handoffs_visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(selectors.handoffs_visible_to(self.actor), pk))


class ScorecardEndpoint(VersionEndpoint):
    kind = "scorecard"


class MqlEndpoint(VersionEndpoint):
    kind = "mql"


class FrameworkEndpoint(VersionEndpoint):
    kind = "framework"


# -- answers -------------------------------------------------------------------------------------------


class AnswersIn(Strict):
    """Answers by question, as the framework in force names them."""

    answers = serializers.DictField(child=serializers.CharField(max_length=50), allow_empty=True)
    evidence = serializers.ChoiceField(choices=FrameworkAnswer.Evidence.choices, default=FrameworkAnswer.Evidence.CALL)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)


class AnswerOut(serializers.ModelSerializer[FrameworkAnswer]):
    framework = serializers.SerializerMethodField()
    author = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = FrameworkAnswer
        fields = ("id", "cycle", "framework", "question", "answer", "evidence", "author", "note", "at")
        read_only_fields = fields

    def get_framework(self, row: FrameworkAnswer) -> str:
        return selectors.reference(row.framework)

    @extend_schema_field(NamedOut(allow_null=True))
    def get_author(self, row: FrameworkAnswer) -> dict[str, Any] | None:
        return {"id": str(row.author_id), "name": row.author.name} if row.author else None

    def get_note(self, row: FrameworkAnswer) -> str:
        note = getattr(row, "note", None)
        return note.text if note is not None and not self.context.get("masked", True) else ""


class VerdictOut(serializers.Serializer[Any]):
    points = serializers.IntegerField(help_text="percent of the whole weight, rounded down")
    minimum = serializers.IntegerField()
    answered = serializers.IntegerField()
    asked = serializers.IntegerField()
    complete = serializers.BooleanField()
    qualified = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField())


class AnswersOut(serializers.Serializer[Any]):
    framework = serializers.CharField(help_text="the version in force")
    verdict = VerdictOut()
    current = serializers.DictField(child=serializers.CharField(), help_text="what counts in the present cycle")
    history = AnswerOut(many=True)


class AnswerEndpoint(Endpoint):
    """What sales learnt about one lead: `leads/<id>/answers`."""

    pagination_class = None
    serializer_class = AnswersOut

    @extend_schema(
        operation_id="leads_answers", summary="Answers to the framework, and its verdict", responses=AnswersOut
    )
    def show(self, request: Request, pk: uuid.UUID) -> Response:
        return self._shown(access.lead_for(self.actor, pk))

    @extend_schema(
        operation_id="leads_answer",
        summary="Answer questions of the framework",
        request=AnswersIn,
        responses=AnswersOut,
    )
    def give(self, request: Request, pk: uuid.UUID) -> Response:
        lead, data = access.lead_for(self.actor, pk, "answer"), self.read(AnswersIn)
        given = Answered(data["answers"], data["evidence"], data["text"])
        self.in_unit(lambda unit: answers.answer(unit.leads([lead.pk]), given, unit))
        return self._shown(lead)

    def _shown(self, lead: Lead) -> Response:
        version = versions.version_at("framework", selectors.HOUSE, moment.now())
        if version is None:
            raise NotFound(_("No framework is in force."), code="no-framework")
        held = selectors.answers_of([lead]).get(lead.pk, {})
        rows = AnswerOut(
            selectors.answers_given(lead), many=True, context={"masked": access.masks_contacts(self.actor)}
        )
        return Response(
            {
                "framework": selectors.reference(version),
                "verdict": answers.verdict_of(version, held).to_json(),
                "current": {question: row.answer for question, row in held.items()},
                "history": rows.data,
            }
        )
