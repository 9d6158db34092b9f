"""Shapes of routing's resources in the API, field by field; decides nothing."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadops import moment
from leadops.decisions import Decision
from leadops.models import Absence, Rep
from leadops.rest.shapes import Document, Strict
from leadops.templatetags.house import said
from routing.models import Clock, Pool
from routing.panels import rule_name
from routing.sla import reading
from routing.sla.panels import state_of


class Route(Strict):
    """Facts by the names conditions use (`GET` a ruleset to see them); what is absent is unknown."""

    facts = Document()
    ruleset = serializers.IntegerField(required=False, allow_null=True, default=None, help_text="a version's number")


class RepOut(serializers.ModelSerializer[Rep]):
    id = serializers.UUIDField(source="user_id", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.CharField(source="user.email", read_only=True)
    team = serializers.CharField(source="team.key", read_only=True)

    class Meta:
        model = Rep
        fields = ("id", "name", "email", "team", "active", "ended_at")
        read_only_fields = fields


class AbsenceOut(serializers.ModelSerializer[Absence]):
    from_at = serializers.DateTimeField(source="valid_from", read_only=True)
    to_at = serializers.DateTimeField(source="valid_to", read_only=True, allow_null=True)

    class Meta:
        model = Absence
        fields = ("id", "rep", "kind", "from_at", "to_at")
        read_only_fields = fields


class AbsenceNew(Strict):
    rep = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="oneself unless given")
    kind = serializers.ChoiceField(choices=Absence.Kind.choices, default=Absence.Kind.LEAVE)
    from_at = serializers.DateTimeField()
    to_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class MemberOut(serializers.Serializer[Any]):
    rep = serializers.UUIDField()
    name = serializers.CharField()
    weight = serializers.DecimalField(max_digits=6, decimal_places=2)


class PoolOut(serializers.ModelSerializer[Pool]):
    name = serializers.SerializerMethodField()
    team = serializers.SerializerMethodField()
    members = serializers.SerializerMethodField()

    class Meta:
        model = Pool
        fields = ("id", "key", "name", "team", "method", "absence", "claimable", "claim_limit", "active", "members")
        read_only_fields = fields

    def get_name(self, pool: Pool) -> str:
        return said(pool.name) or pool.key

    def get_team(self, pool: Pool) -> str:
        return pool.team.key if pool.team else ""

    @extend_schema_field(MemberOut(many=True))
    def get_members(self, pool: Pool) -> list[dict[str, Any]]:
        rows = self.context.get("members", {}).get(pool.pk, [])
        return [{"rep": str(row.rep_id), "name": row.rep.user.name, "weight": str(row.weight)} for row in rows]


class ClockOut(serializers.ModelSerializer[Clock]):
    """`shown` is the word of the chip: met late counts as breached."""

    shown = serializers.SerializerMethodField()
    policy = serializers.SerializerMethodField()

    class Meta:
        model = Clock
        fields = (
            "id", "lead", "cycle", "kind", "state", "shown", "policy", "rule", "rep", "target_seconds", "started_at",
            "due_at", "ended_at", "breached_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_shown(self, clock: Clock) -> str:
        return state_of(clock, moment.now())

    def get_policy(self, clock: Clock) -> str:
        return f"{clock.policy.key}@{clock.policy.number}"


class SumLine(serializers.Serializer[Any]):
    day = serializers.CharField()
    span = serializers.CharField()
    seconds = serializers.FloatField()
    remaining = serializers.FloatField()
    closed = serializers.BooleanField()


class ClockWithSum(ClockOut):
    arithmetic = serializers.SerializerMethodField()

    class Meta(ClockOut.Meta):
        fields = (*ClockOut.Meta.fields, "arithmetic")  # type: ignore[assignment]
        read_only_fields = fields

    @extend_schema_field(SumLine(many=True))
    def get_arithmetic(self, clock: Clock) -> Any:
        lines = reading.arithmetic(reading.calendar_of(clock), clock.started_at, clock.target_seconds)
        return SumLine(lines, many=True).data


class DecisionOut(serializers.ModelSerializer[Decision]):
    """What was decided and why, in codes; the facts it saw stand in the lead's trace."""

    version = serializers.SerializerMethodField()
    rule = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = (
            "id", "kind", "lead", "at", "version", "rule", "outcome", "why", "seed", "propensity", "engine", "batch",
            "ordinal",
        )  # fmt: skip
        read_only_fields = fields

    def get_version(self, row: Decision) -> str:
        return f"{row.version.key}@{row.version.number}" if row.version else ""

    def get_rule(self, row: Decision) -> str:
        return rule_name(row, row.why.get("rule", ""))


class ReplayOut(serializers.Serializer[Any]):
    """`answer`: same, different, erased (the facts are gone) or older (another engine decided)."""

    answer = serializers.CharField()
    recorded = serializers.DictField()
    again = serializers.DictField()
