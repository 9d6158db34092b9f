"""Versions in the API: one endpoint for every kind (rules, scorecards, definitions, policies, calendars), as on screen.

Everything goes through `leadops.versions.services`: the same checks, the same right, the same journal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import django_filters as filters
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadops import moment
from leadops.errors import NotFound
from leadops.models import Team
from leadops.rest.endpoints import Endpoint, one
from leadops.rest.queries import WholeNumber
from leadops.rest.shapes import Document, Strict
from leadops.versions import services as versions
from leadops.versions.kinds import kind_of
from leadops.versions.models import Publication, Version


class VersionOut(serializers.ModelSerializer[Version]):
    team = serializers.SerializerMethodField()
    in_force = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields = (
            "id", "kind", "key", "number", "state", "in_force", "team", "body", "reason", "answer", "author",
            "based_on", "created_at", "changed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_team(self, version: Version) -> str:
        return version.team.key if version.team else ""

    @extend_schema_field(serializers.BooleanField())
    def get_in_force(self, version: Version) -> bool:
        known = getattr(version, "is_live", None)
        return bool(known) if known is not None else versions.held_at(moment.now()).filter(version=version).exists()


class PublicationOut(serializers.ModelSerializer[Publication]):
    """When a version held and why it was put in force; `known_at` is when that was decided."""

    from_at = serializers.DateTimeField(source="valid_from", read_only=True)
    to_at = serializers.DateTimeField(source="valid_to", read_only=True, allow_null=True)
    known_at = serializers.DateTimeField(source="known_from", read_only=True)

    class Meta:
        model = Publication
        fields = ("mode", "from_at", "to_at", "known_at", "by", "reason")
        read_only_fields = fields


class VersionRead(VersionOut):
    """One version, with what it says and when it held."""

    sentence = serializers.SerializerMethodField()
    publications = PublicationOut(source="put_in_force", many=True, read_only=True)

    class Meta(VersionOut.Meta):
        fields = (*VersionOut.Meta.fields, "sentence", "publications")  # type: ignore[assignment]
        read_only_fields = fields

    def get_sentence(self, version: Version) -> str:
        """What it says, in the reader's language; empty while a draft cannot be read."""
        kind = kind_of(version.kind)
        return "" if kind.check(version.body) else kind.sentence(version.body)


class Draft(Strict):
    key = serializers.SlugField(max_length=50, default="house")
    team = serializers.SlugField(required=False, default="", allow_blank=True, help_text="key of a team")
    body = Document()
    reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500, help_text="why it is proposed"
    )


class Body(Strict):
    body = Document()


class Because(Strict):
    reason = serializers.CharField(max_length=500)


class FaultOut(serializers.Serializer[Any]):
    path = serializers.CharField()
    message = serializers.CharField()


class CheckOut(serializers.Serializer[Any]):
    publishable = serializers.BooleanField()
    faults = FaultOut(many=True)


class ChangeOut(serializers.Serializer[Any]):
    path = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class DiffOut(serializers.Serializer[Any]):
    before = serializers.UUIDField(allow_null=True)
    after = serializers.UUIDField()
    changes = ChangeOut(many=True)


class VersionFilter(filters.FilterSet):
    key = filters.CharFilter(field_name="key")
    state = filters.MultipleChoiceFilter(choices=Version.State.choices)
    number = WholeNumber(field_name="number")

    class Meta:
        model = Version
        fields: list[str] = []


class VersionEndpoint(Endpoint):
    """Base of the versioned resources; `kind` names which."""

    kind = ""
    serializer_class = VersionOut
    filterset_class = VersionFilter
    queryset = Version.objects.none()

    def _rows(self) -> Any:
        self.require("read_rules")
        live = versions.held_at(moment.now()).filter(version=OuterRef("pk"))
        return Version.objects.filter(kind=self.kind).select_related("team").annotate(is_live=Exists(live))

    def list(self, request: Request) -> Response:
        return self.listed(self._rows())

    @extend_schema(responses=VersionRead)
    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(VersionRead(one(self._rows().prefetch_related(versions.publications()), pk)).data)

    @extend_schema(request=Draft, responses={201: VersionOut}, summary="A new draft")
    def create(self, request: Request) -> Response:
        self.require(kind_of(self.kind).verb)
        data = self.read(Draft)
        team = _team(data["team"]) if data["team"] else None
        made = self.in_unit(
            lambda unit: versions.draft(
                self.kind,
                data["key"],
                data["body"],
                actor=unit.actor,
                at=unit.at,
                team=team,
                reason=data["reason"],
            )
        )
        return self.answer(made, 201)

    @extend_schema(request=Body, responses=VersionOut, summary="Change a draft")
    def partial_update(self, request: Request, pk: uuid.UUID) -> Response:
        version, data = self._mine(pk), self.read(Body)
        return self.answer(
            self.in_unit(lambda unit: versions.save_draft(version.pk, data["body"], actor=unit.actor, at=unit.at))
        )

    @extend_schema(request=None, responses=CheckOut, summary="What stands against publishing")
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: uuid.UUID) -> Response:
        faults = [{"path": path, "message": str(message)} for path, message in versions.check(one(self._rows(), pk))]
        return Response({"publishable": not faults, "faults": faults})

    @extend_schema(request=Because, responses=VersionOut, summary="Put a draft in force")
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: uuid.UUID) -> Response:
        version, data = self._mine(pk), self.read(Because)
        return self.answer(self.in_unit(lambda unit: versions.publish(version.pk, unit=unit, reason=data["reason"])))

    @extend_schema(request=Because, responses=VersionOut, summary="Decline a draft")
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: uuid.UUID) -> Response:
        version, data = self._mine(pk), self.read(Because)
        return self.answer(self.in_unit(lambda unit: versions.decline(version.pk, unit=unit, reason=data["reason"])))

    @extend_schema(request=Because, responses=VersionOut, summary="Put this older version in force again")
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: uuid.UUID) -> Response:
        version, data = self._mine(pk), self.read(Because)
        return self.answer(
            self.in_unit(
                lambda unit: versions.roll_back(
                    self.kind, version.key, version.number, unit=unit, reason=data["reason"]
                )
            )
        )

    @extend_schema(
        parameters=[OpenApiParameter("against", OpenApiTypes.INT, description="a number; else the one it is based on")],
        responses=DiffOut,
        summary="What changed",
    )
    @action(detail=True, methods=["get"])
    def diff(self, request: Request, pk: uuid.UUID) -> Response:
        version: Version = one(self._rows(), pk)
        before = self._before(version, request.query_params.get("against", ""))
        body = before.body if before else {}
        changes = [{"path": p, "before": b, "after": a} for p, b, a in differences(body, version.body)]
        return Response({"before": before.pk if before else None, "after": version.pk, "changes": changes})

    def _mine(self, pk: uuid.UUID) -> Version:
        """A version of this kind the caller may edit."""
        version: Version = one(self._rows(), pk)
        self.require(kind_of(self.kind).verb, version.team)
        return version

    def _before(self, version: Version, against: str) -> Version | None:
        if not against:
            return version.based_on
        number = int(against) if against.isascii() and against.isdigit() and len(against) < 10 else 0
        found: Version | None = self._rows().filter(key=version.key, number=number).first()
        if found is None:
            raise NotFound(_("There is no such version."))
        return found


def _team(key: str) -> Team:
    team = Team.objects.filter(key=key).first()
    if team is None:
        raise NotFound(_("There is no such team."), code="no-such-team")
    return team


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Paths at which two documents differ; members of lists that carry a key are met by it, so a move is no change."""
    if before == after:
        return
    if isinstance(before, list) and isinstance(after, list):
        before, after = _by_key(before), _by_key(after)
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield path, before, after
        return
    for name in [*before, *(name for name in after if name not in before)]:
        here = f"{path}.{name}" if path else str(name)
        yield from differences(before.get(name), after.get(name), here)


def _by_key(listed: list[Any]) -> dict[Any, Any]:
    keys = [each.get("key") if isinstance(each, dict) else None for each in listed]
    return dict(zip(keys if all(keys) and len(set(keys)) == len(keys) else range(len(listed)), listed, strict=True))
