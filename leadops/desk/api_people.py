"""Users, memberships, people, accounts and touches in the API: what the shared model holds, as the caller may see it."""

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
from leadops.desk import passwords, people
from leadops.desk.lead_view import initials
from leadops.errors import NotFound
from leadops.fold import fold, fold_email
from leadops.models import Account, Membership, Person, Rep, Role, Team, Touch, User
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import NamedOut, Strict
from routing import staff
from routing.api_team import team_by_key

LANGUAGES: Any = User._meta.get_field("language").choices

# -- users ---------------------------------------------------------------------------------------------


class MembershipOut(serializers.ModelSerializer[Membership]):
    team = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "team")
        read_only_fields = fields

    def get_team(self, row: Membership) -> str:
        return row.team.key if row.team else ""


class UserOut(serializers.ModelSerializer[User]):
    active = serializers.BooleanField(source="is_active", read_only=True)
    memberships = MembershipOut(many=True, read_only=True)

    class Meta:
        model = User
        fields = ("id", "email", "name", "language", "zone", "active", "created_at", "memberships")
        read_only_fields = fields


class LinkOut(UserOut):
    """`set_password` is shown once: the path with which the user sets a password, good for three days and one use."""

    set_password = serializers.SerializerMethodField()

    class Meta(UserOut.Meta):
        fields = (*UserOut.Meta.fields, "set_password")  # type: ignore[assignment]
        read_only_fields = fields

    def get_set_password(self, user: User) -> str:
        return passwords.path_for(user)


class UserChange(Strict):
    name = serializers.CharField(max_length=150, required=False)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)
    zone = serializers.CharField(max_length=64, required=False)


class UserNew(UserChange):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=Role.choices)
    team = serializers.SlugField(required=False, default="", allow_blank=True, help_text="key; empty = the whole house")


class MembershipNew(Strict):
    user = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Role.choices)
    team = serializers.SlugField(required=False, default="", allow_blank=True, help_text="key; empty = the whole house")


class UserFilter(filters.FilterSet):
    email = filters.CharFilter(field_name="email", lookup_expr="iexact")
    active = filters.BooleanFilter(field_name="is_active")
    role = filters.ChoiceFilter(field_name="memberships__role", choices=Role.choices, distinct=True)

    class Meta:
        model = User
        fields: list[str] = []


def _team(key: str) -> Team | None:
    return team_by_key(key) if key else None


@extend_schema_view(
    list=extend_schema(operation_id="users_list", summary="Users with their roles"),
    retrieve=extend_schema(operation_id="users_read", summary="One user", responses=UserOut),
)
class UserEndpoint(Endpoint):
    serializer_class = UserOut
    filterset_class = UserFilter
    queryset = User.objects.none()

    def _rows(self) -> Any:
        self.require("edit_users")
        return User.objects.prefetch_related("memberships__team")

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(one(self._rows(), pk))

    @extend_schema(
        operation_id="users_create", summary="Let somebody in, with one role", request=UserNew,
        responses={201: LinkOut},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        self.require("edit_users")
        data = self.read(UserNew)
        profile = {name: data[name] for name in ("language", "zone") if name in data}
        team = _team(data["team"])
        made = self.in_unit(
            lambda unit: people.create_user(data["email"], data["name"], data["role"], team, unit, **profile)
        )
        return Response(LinkOut(made).data, status=201)

    @extend_schema(operation_id="users_update", summary="Name, language, zone", request=UserChange, responses=UserOut)
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        user, data = one(self._rows(), pk), self.read(UserChange)
        return self.answer(self.in_unit(lambda unit: people.change_user(user, data, unit)))

    @extend_schema(operation_id="users_deactivate", summary="No door opens any more", request=None, responses=UserOut)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: uuid.UUID) -> Response:
        user = one(self._rows(), pk)
        return self.answer(self.in_unit(lambda unit: people.deactivate_user(user, unit)))

    @extend_schema(operation_id="users_reactivate", summary="They sign in again", request=None, responses=UserOut)
    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: uuid.UUID) -> Response:
        user = one(self._rows(), pk)
        return self.answer(self.in_unit(lambda unit: people.reactivate_user(user, unit)))

    @extend_schema(
        operation_id="users_reset_password", summary="The password stops; a link sets a new one", request=None,
        responses=LinkOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request, pk: uuid.UUID) -> Response:
        user = one(self._rows(), pk)
        self.in_unit(lambda unit: people.reset_password(user, unit))
        return Response(LinkOut(user).data)


@extend_schema_view(list=extend_schema(operation_id="memberships_list", summary="Who has which role where"))
class MembershipEndpoint(Endpoint):
    serializer_class = MembershipOut
    queryset = Membership.objects.none()
    lookup_value_converter = "int"

    def list(self, request: Request) -> Response:
        self.require("edit_users")
        return self.listed(Membership.objects.select_related("team"))

    @extend_schema(
        operation_id="memberships_create", summary="Give a role", request=MembershipNew, responses={201: MembershipOut}
    )
    def create(self, request: Request) -> Response:
        self.require("edit_users")
        data = self.read(MembershipNew)
        user, team = User.objects.filter(pk=data["user"]).first(), _team(data["team"])
        if user is None:
            raise NotFound(_("There is no such user."), code="no-such-user")
        return self.answer(self.in_unit(lambda unit: people.set_membership(user, data["role"], team, unit)), 201)

    @extend_schema(operation_id="memberships_end", summary="End a role", request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        self.require("edit_users")
        row = one(Membership.objects.select_related("user", "team"), pk)
        self.in_unit(lambda unit: people.end_membership(row, unit))
        return Response(status=204)


# -- prospects -----------------------------------------------------------------------------------------


class PersonRow(serializers.ModelSerializer[Person]):
    """A person as the caller may see them: without the right to read contacts, initials only."""

    name = serializers.SerializerMethodField()

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
        account, key = one(access.accounts_visible_to(self.actor), pk), self.read(OwnerIn)["rep"]
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
    serializer_class = TouchOut
    filterset_class = TouchFilter
    queryset = Touch.objects.none()
    lookup_value_converter = "int"

    def list(self, request: Request) -> Response:
        return self.listed(access.touches_visible_to(self.actor))

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.answer(one(access.touches_visible_to(self.actor), pk))
