"""Shapes of routing's resources in the API, field by field; decides nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadops import moment
from leadops.decisions import Decision
from leadops.models import Absence, Rep, RepTerms
from leadops.rest.shapes import Document, Moment, Strict, known_country
from leadops.templatetags.house import said
from routing import staff
from routing.models import Clock, Pool, Territory, TerritoryPlace
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


class TermsOut(serializers.ModelSerializer[RepTerms]):
    from_at = serializers.DateTimeField(source="valid_from", read_only=True)

    class Meta:
        model = RepTerms
        fields = (*staff.TERMS, "from_at")
        read_only_fields = fields


class RepRead(RepOut):
    """A rep with what holds for them now."""

    terms = serializers.SerializerMethodField()

    class Meta(RepOut.Meta):
        fields = (*RepOut.Meta.fields, "terms")  # type: ignore[assignment]
        read_only_fields = fields

    @extend_schema_field(TermsOut(allow_null=True))
    def get_terms(self, rep: Rep) -> Any:
        row = staff.terms_at(rep, moment.now())
        return TermsOut(row).data if row is not None else None


class TermsIn(Strict):
    """Limits are whole numbers or null for none; `skills` {code: level 1 to 10}; `from_at` else now."""

    capacity = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=staff.MOST)
    cap_hour = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=staff.MOST)
    cap_day = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=staff.MOST)
    cap_month = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=staff.MOST)
    skills = Document(required=False)
    languages = serializers.ListField(child=serializers.CharField(max_length=2), required=False, max_length=40)
    calendar = serializers.SlugField(max_length=50, required=False)
    from_at = Moment(required=False)


class RepNew(TermsIn):
    user = serializers.UUIDField()
    team = serializers.SlugField(max_length=50, help_text="key of the team in which the user is a rep")
    from_at = None


class TakeAway(Strict):
    policy = serializers.SlugField(max_length=50)
    on = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class Names(Strict):
    """A name in both languages."""

    fr = serializers.CharField(max_length=120)
    en = serializers.CharField(max_length=120)


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
    from_at = Moment()
    to_at = Moment(required=False, allow_null=True, default=None)


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
    """`shown` is the word of the chip; `late`: met after its moment."""

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


# -- pools and territories, written --------------------------------------------------------------------


class PoolChange(Strict):
    name = Names(required=False)
    team = serializers.SlugField(max_length=50, required=False, allow_blank=True, help_text="key of a team, or empty")
    method = serializers.ChoiceField(choices=Pool.Method.choices, required=False)
    absence = serializers.ChoiceField(choices=Pool.Absence.choices, required=False)
    claimable = serializers.BooleanField(required=False)
    claim_limit = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    active = serializers.BooleanField(required=False)


class PoolNew(PoolChange):
    key = serializers.SlugField(max_length=50)
    name = Names()


class MemberIn(Strict):
    rep = serializers.UUIDField()
    weight = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=Decimal("0.01"), max_value=Decimal(1000)
    )


class MembersIn(Strict):
    members = MemberIn(many=True, allow_empty=True)


class PlaceIn(Strict):
    kind = serializers.ChoiceField(choices=TerritoryPlace.Kind.choices)
    country = serializers.CharField(max_length=2, min_length=2)
    value = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")

    def validate_country(self, value: str) -> str:
        return known_country(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["kind"] == TerritoryPlace.Kind.COUNTRY) != (not attrs["value"]):
            raise serializers.ValidationError(
                {"value": [_("A country has no value; a region and a postcode need one.")]}
            )
        return attrs | {"value": attrs["value"].upper()}


class PlaceOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    country = serializers.CharField()
    value = serializers.CharField()


class TerritoryOut(serializers.ModelSerializer[Territory]):
    name = serializers.SerializerMethodField()
    places = serializers.SerializerMethodField()

    class Meta:
        model = Territory
        fields = ("id", "key", "name", "active", "places")
        read_only_fields = fields

    def get_name(self, territory: Territory) -> str:
        return said(territory.name) or territory.key

    @extend_schema_field(PlaceOut(many=True))
    def get_places(self, territory: Territory) -> Any:
        return PlaceOut(self.context.get("places", {}).get(territory.pk, []), many=True).data


class TerritoryChange(Strict):
    name = Names(required=False)
    active = serializers.BooleanField(required=False)
    places = PlaceIn(many=True, required=False, allow_empty=True)


class TerritoryNew(TerritoryChange):
    key = serializers.SlugField(max_length=50)
    name = Names()
