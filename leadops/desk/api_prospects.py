"""People, accounts and touches in the API: what the shared model holds of prospects, as the caller may see it."""

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
from leadops.desk.lead_view import initials
from leadops.errors import NotFound
from leadops.fold import fold, fold_email
from leadops.models import Account, Person, Rep, Touch
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import NamedOut, Strict
from routing import staff


class PersonRow(serializers.ModelSerializer[Person]):
    """A person as the caller may see them: without the right to read contacts, initials only."""

    name = serializers.SerializerMethodField()
    email = serializers.CharField(read_only=True, allow_null=True)
    phone = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Person
        fields = (
            "id", "canonical", "name", "email", "phone", "title", "language", "country", "account", "attributes",
            "created_at", "erased_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_name(self, person: Person) -> str:
        return initials(person.name) if self.context.get("masked", True) else person.name

    def to_representation(self, instance: Person) -> Any:
        shown = super().to_representation(instance)
        hidden: dict[str, Any] = {"email": None, "phone": None, "title": "", "attributes": {}}
        return {**shown, **hidden} if self.context.get("masked", True) else shown


class PersonFilter(filters.FilterSet):
    email = filters.CharFilter(method="by_email")
    account = filters.UUIDFilter(field_name="account")

    class Meta:
        model = Person
        fields: list[str] = []

    def by_email(self, rows: Any, name: str, value: str) -> Any:
        """An exact address; who may not read contacts finds nobody by one: a search is an answer too."""
        asked = getattr(self.request, "_request", self.request)
        folded = fold_email(value)
        masked = access.masks_contacts(getattr(asked, "actor", access.VISITOR))
        return rows.none() if masked or not folded else rows.filter(emails__folded=folded)


class Masking(Endpoint):
    def get_serializer_context(self) -> dict[str, Any]:
        masked = access.masks_contacts(self.actor) if self.request else True
        return {**super().get_serializer_context(), "masked": masked}


@extend_schema_view(
    list=extend_schema(operation_id="persons_list", summary="People the caller may see, newest first"),
    retrieve=extend_schema(operation_id="persons_read", summary="One person", responses=PersonRow),
)
class PersonEndpoint(Masking):
    reads = "read_leads"
    serializer_class = PersonRow
    filterset_class = PersonFilter
    queryset = Person.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(access.people_visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(access.people_visible_to(self.actor), pk))


class AccountOut(serializers.ModelSerializer[Account]):
    class Meta:
        model = Account
        fields = (
            "id", "name", "domain", "country", "industry", "employees", "customer_since", "external_key", "attributes",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class AccountRead(AccountOut):
    owner = serializers.SerializerMethodField()

    class Meta(AccountOut.Meta):
        fields = (*AccountOut.Meta.fields, "owner")  # type: ignore[assignment]
        read_only_fields = fields

    @extend_schema_field(NamedOut(allow_null=True))
    def get_owner(self, account: Account) -> dict[str, Any] | None:
        row = staff.owner_at(account, moment.now())
        return {"id": str(row.rep_id), "name": row.rep.user.name} if row else None


class OwnerIn(Strict):
    rep = serializers.UUIDField(allow_null=True, help_text="null: nobody owns it any more")


class AccountFilter(filters.FilterSet):
    q = filters.CharFilter(method="by_name", help_text="beginning of the name")
    domain = filters.CharFilter(field_name="domain")
    external_key = filters.CharFilter(field_name="external_key")

    class Meta:
        model = Account
        fields: list[str] = []

    def by_name(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(name_folded__startswith=fold(value))


@extend_schema_view(
    list=extend_schema(operation_id="accounts_list", summary="Accounts of the leads the caller may see, newest first"),
    retrieve=extend_schema(operation_id="accounts_read", summary="One account with its owner", responses=AccountRead),
)
class AccountEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = AccountOut
    filterset_class = AccountFilter
    queryset = Account.objects.none()

    def list(self, request: Request) -> Response:
        return self.listed(access.accounts_visible_to(self.actor))

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(AccountRead(one(access.accounts_visible_to(self.actor), pk)).data)

    @extend_schema(
        operation_id="accounts_owner", summary="Who owns the account from now on", request=OwnerIn,
        responses=AccountRead,
    )  # fmt: skip
    @action(detail=True, methods=["post"])
    def owner(self, request: Request, pk: uuid.UUID) -> Response:
        account = one(access.accounts_visible_to(self.actor), pk)
        self.require("own_account")
        key = self.read(OwnerIn)["rep"]
        rep = Rep.objects.filter(pk=key).first()
        if key is not None and rep is None:
            raise NotFound(_("There is no such active rep."), code="no-such-rep")
        self.in_unit(lambda unit: staff.own_account(account, rep, unit))
        return Response(AccountRead(account).data)


class TouchOut(serializers.ModelSerializer[Touch]):
    """What somebody did, without the words they wrote: those stand in the lead's trace for who may read contacts."""

    class Meta:
        model = Touch
        fields = (
            "id", "person", "lead", "kind", "occurred_at", "recorded_at", "source", "channel", "channel_rule", "medium",
            "campaign", "content", "term", "utm_source", "utm_campaign", "submission",
        )  # fmt: skip
        read_only_fields = fields


class TouchFilter(filters.FilterSet):
    lead = filters.UUIDFilter(field_name="lead")
    person = filters.UUIDFilter(field_name="person")
    kind = filters.MultipleChoiceFilter(choices=Touch.Kind.choices)
    source = filters.CharFilter(field_name="source")
    channel = filters.CharFilter(field_name="channel")

    class Meta:
        model = Touch
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="touches_list", summary="What prospects did, newest first"),
    retrieve=extend_schema(operation_id="touches_read", summary="One touch", responses=TouchOut),
)
class TouchEndpoint(Endpoint):
    reads = "read_leads"
    serializer_class = TouchOut
    filterset_class = TouchFilter
    queryset = Touch.objects.none()
    lookup_value_converter = "int"

    def list(self, request: Request) -> Response:
        return self.listed(access.touches_visible_to(self.actor))

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.answer(one(access.touches_visible_to(self.actor), pk))
