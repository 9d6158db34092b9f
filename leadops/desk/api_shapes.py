"""Shapes of leads in the API: what is shown of one, and what each verb takes. Field by field; decides nothing."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadops import access
from leadops.desk.lead_view import masked_name
from leadops.desk.services import Channel, Outcome
from leadops.models import Lead, Stage
from leadops.rest.shapes import Amount, Document, Moment, NamedOut, Strict, known_country
from qualification.models import FrameworkAnswer

OUTCOMES = ("won", "lost", "disqualified", "recycled")


class PersonOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True, help_text="null for callers without the right to read contacts")
    phone = serializers.CharField(allow_null=True)
    language = serializers.CharField()


class LeadOut(serializers.ModelSerializer[Lead]):
    """A lead as the caller may see it: without the right to read contacts, initials and company only."""

    person = serializers.SerializerMethodField()
    account = serializers.SerializerMethodField()
    owner = serializers.SerializerMethodField()
    team = serializers.SerializerMethodField()
    attributes = serializers.SerializerMethodField()
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Lead
        fields = (
            "id", "url", "person", "account", "company", "title", "industry", "employees", "country", "region",
            "postcode", "city", "language", "attributes", "product_line", "external_key", "submission",
            "source", "campaign", "channel", "first_source", "first_campaign", "first_channel", "last_source",
            "last_campaign", "last_channel", "hand_raiser", "stage", "stage_reason", "stage_at", "status", "cycle",
            "closed_at", "recycle_at", "owner", "team", "pool", "held", "held_until", "assigned_at", "accepted_at",
            "fit", "engagement", "score", "grade", "band", "occurred_at", "received_at", "last_inbound_at",
            "absorbed_by", "version",
        )  # fmt: skip
        read_only_fields = fields

    @property
    def masked(self) -> bool:
        return bool(self.context.get("masked", True))

    @extend_schema_field(PersonOut)
    def get_person(self, lead: Lead) -> dict[str, Any]:
        person = lead.person
        return {
            "id": str(person.pk),
            "name": masked_name(lead) if self.masked else person.name,
            "email": None if self.masked else person.email,
            "phone": None if self.masked else person.phone,
            "language": person.language,
        }

    @extend_schema_field(NamedOut(allow_null=True))
    def get_account(self, lead: Lead) -> dict[str, Any] | None:
        return {"id": str(lead.account_id), "name": lead.account.name} if lead.account else None

    @extend_schema_field(NamedOut(allow_null=True))
    def get_owner(self, lead: Lead) -> dict[str, Any] | None:
        return {"id": str(lead.owner_id), "name": lead.owner.user.name} if lead.owner else None

    @extend_schema_field(NamedOut(allow_null=True))
    def get_team(self, lead: Lead) -> dict[str, Any] | None:
        return {"id": str(lead.team_id), "name": lead.team.name} if lead.team else None

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_attributes(self, lead: Lead) -> dict[str, Any]:
        return {} if self.masked else dict(lead.attributes)

    def to_representation(self, instance: Lead) -> Any:
        shown = super().to_representation(instance)
        return {**shown, **dict.fromkeys(access.MASKED, "")} if self.masked else shown


class BeingRoutedOut(serializers.Serializer[Any]):
    """Taken in, with no lead to show (yet, or to this caller): ask the submission again."""

    submission = serializers.UUIDField()
    state = serializers.CharField()
    reason = serializers.CharField()


# -- facts ---------------------------------------------------------------------------------------------


class Facts(Strict):
    """What is known of who asks; every other column of a lead has its one writer and cannot be set from outside."""

    company = serializers.CharField(required=False, allow_blank=True, max_length=250)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    industry = serializers.CharField(required=False, allow_blank=True, max_length=80)
    employees = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10_000_000)
    country = serializers.CharField(required=False, allow_blank=True, max_length=2, min_length=0)
    region = serializers.CharField(required=False, allow_blank=True, max_length=8)
    postcode = serializers.CharField(required=False, allow_blank=True, max_length=16)
    city = serializers.CharField(required=False, allow_blank=True, max_length=120)
    language = serializers.RegexField(r"^([a-z]{2})?$", required=False, allow_blank=True)
    attributes = Document(required=False)

    def validate_country(self, value: str) -> str:
        return known_country(value)


class LeadChange(Facts):
    version = serializers.IntegerField(required=False, min_value=1, help_text="the version seen: 409 when it changed")


class LeadNew(Facts):
    """A new lead, as one submission of the source `api`."""

    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=40)
    given_name = serializers.CharField(required=False, allow_blank=True, max_length=120)
    family_name = serializers.CharField(required=False, allow_blank=True, max_length=120)
    name = serializers.CharField(required=False, allow_blank=True, max_length=250)
    message = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    utm_source = serializers.CharField(required=False, allow_blank=True, max_length=120)
    utm_medium = serializers.CharField(required=False, allow_blank=True, max_length=80)
    utm_campaign = serializers.CharField(required=False, allow_blank=True, max_length=120)
    utm_content = serializers.CharField(required=False, allow_blank=True, max_length=120)
    utm_term = serializers.CharField(required=False, allow_blank=True, max_length=120)
    landing_url = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    referrer = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    occurred_at = Moment(required=False)
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=120)
    owner = serializers.CharField(
        required=False, default="route", max_length=40, help_text="`route` (by rule), `me`, or the id of a rep"
    )


# -- verbs ---------------------------------------------------------------------------------------------


class Verb(Strict):
    """A verb that takes nothing but, optionally, the version its caller saw."""

    version = serializers.IntegerField(required=False, min_value=1, help_text="the version seen: 409 when it changed")


class Text(Verb):
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)


class HandBack(Text):
    reason = serializers.SlugField(max_length=40)


class Attempt(Text):
    channel = serializers.ChoiceField(choices=Channel.choices)
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    callback_at = Moment(required=False, allow_null=True, default=None)


class Note(Verb):
    text = serializers.CharField(max_length=4000)


class Undo(Verb):
    entry = serializers.IntegerField(min_value=1, help_text="The journal entry of one's own snooze or status.")


class Snooze(Verb):
    until = Moment()


class StatusSet(Verb):
    status = serializers.SlugField(max_length=40)


class Assign(Verb):
    rep = serializers.UUIDField()
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class Qualify(Text):
    """With the answers of the same act, by question; those given before count as well."""

    answers = serializers.DictField(child=serializers.CharField(max_length=50), required=False, default=dict)
    evidence = serializers.ChoiceField(choices=FrameworkAnswer.Evidence.choices, default=FrameworkAnswer.Evidence.CALL)


class Disqualify(Text):
    reason = serializers.SlugField(max_length=40)


class Recycle(Text):
    reason = serializers.SlugField(max_length=40)
    wake_at = Moment()


class Move(Text):
    """`sql`, `disqualified`, `recycled`, `engaged`; the other stages are reached by the verb that owns them."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    reason = serializers.SlugField(required=False, default="", allow_blank=True, max_length=40)
    wake_at = Moment(required=False, allow_null=True, default=None)


class OutcomeIn(Amount):
    """How a lead ended: `won` and `lost` through its deal, `disqualified`, `recycled`."""

    outcome = serializers.ChoiceField(choices=[(o, o) for o in OUTCOMES])
    reason = serializers.SlugField(required=False, default="", allow_blank=True, max_length=40)
    wake_at = Moment(required=False, allow_null=True, default=None)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)
    version = serializers.IntegerField(required=False, min_value=1)


class OpportunityNew(Amount):
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    expected_on = serializers.DateField(required=False, allow_null=True, default=None)
