"""Users and memberships in the API, for revenue ops, on the same services as the admin and the command."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters as filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops.desk import factor_policy, invitations, passwords, people, second_factor
from leadops.errors import NotFound
from leadops.models import Membership, Role, Team, User
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.shapes import Strict
from leadops.rest.versions import VersionEndpoint
from leadops.unit import Unit
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
    """`set_password` is shown once: the path with which the user sets a password, good for three days and one use.

    `invited`: the link leaves by mail, too; false where mail reaches nobody, whatever `invite` asked for.
    """

    set_password = serializers.SerializerMethodField()
    invited = serializers.SerializerMethodField()

    class Meta(UserOut.Meta):
        fields = (*UserOut.Meta.fields, "set_password", "invited")  # type: ignore[assignment]
        read_only_fields = fields

    def get_invited(self, user: User) -> bool:
        return bool(self.context.get("invited"))

    def get_set_password(self, user: User) -> str | None:
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
    invite = serializers.BooleanField(required=False, default=False, help_text="send them the link by mail, too")


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

        def work(unit: Unit) -> tuple[User, bool]:
            made = people.create_user(data["email"], data["name"], data["role"], team, unit, **profile)
            return made, data["invite"] and invitations.send(made, unit)

        made, invited = self.in_unit(work)
        return Response(LinkOut(made, context={"invited": invited}).data, status=201)

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

    @extend_schema(
        operation_id="users_remove_second_factor", summary="Phone and codes are lost: the password alone opens",
        request=None, responses=UserOut,
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path="remove-second-factor")
    def remove_second_factor(self, request: Request, pk: uuid.UUID) -> Response:
        user = one(self._rows(), pk)
        self.in_unit(lambda unit: second_factor.take_from(user, unit))
        return self.answer(user)


class SignInPolicyEndpoint(VersionEndpoint):
    """`body` is `{"second_factor": ["revenue_ops", "manager"]}`: who needs one; the key is `house`."""

    kind = factor_policy.KIND


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
