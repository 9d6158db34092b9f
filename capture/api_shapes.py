"""Shapes of capture's resources in the API, field by field; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from capture.adapters import ADAPTERS
from capture.adapters.base import IDENTITY, UTM
from capture.ledger import ENDS
from capture.models import Campaign, Cost, Source, Submission
from capture.reading import EDITABLE
from capture.signatures import SCHEMES
from leadops.rest.shapes import Amount, Document, Strict, known_country

# what a mapping may fill, and the path of the vendor's own id
MAPPED = frozenset(
    (*IDENTITY, *UTM, "landing_url", "referrer", "occurred_at", "is_test", "external_id", "consent", "delivery_key",
     "gclid", "gbraid", "wbraid", "fbclid", "msclkid", "li_fat_id", "ttclid", "dclid")
)  # fmt: skip


class SubmissionOut(serializers.ModelSerializer[Submission]):
    state = serializers.ChoiceField(source="end", choices=Submission.End.choices, read_only=True)
    source = serializers.CharField(source="source.slug", read_only=True)

    class Meta:
        model = Submission
        fields = (
            "id", "source", "state", "reason", "error", "warnings", "lead", "person", "received_at", "ended_at",
            "deliveries", "verified", "content_type", "edited",
        )  # fmt: skip
        read_only_fields = fields


class Replay(Strict):
    edited = serializers.DictField(
        child=serializers.CharField(max_length=2000), required=False, default=dict, help_text=", ".join(EDITABLE)
    )

    def validate_edited(self, value: dict[str, str]) -> dict[str, str]:
        wrong = sorted(set(value) - set(EDITABLE))
        if wrong:
            words = _("There is no such field, or it cannot be written.")
            raise serializers.ValidationError({name: [words] for name in wrong}, code="unknown-field")
        return value


class Period(Strict):
    source = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of the language: it cannot be an attribute."""
        return {**super().get_fields(), "from": serializers.DateField(), "to": serializers.DateField()}


class LedgerRowOut(serializers.Serializer[Any]):
    source = serializers.CharField()
    day = serializers.DateField()
    deliveries = serializers.IntegerField()
    refused = serializers.IntegerField()
    balanced = serializers.BooleanField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), **{end: serializers.IntegerField() for end in ENDS}}


class LedgerOut(serializers.Serializer[Any]):
    rows = LedgerRowOut(many=True)


# -- sources -------------------------------------------------------------------------------------------


class SourceOut(serializers.ModelSerializer[Source]):
    campaign = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()

    class Meta:
        model = Source
        fields = (
            "id", "slug", "key", "address", "name", "adapter", "state", "channel", "campaign", "product_line",
            "language", "country", "phone_region", "hand_raiser", "trigger", "signed", "scheme", "mapping",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_campaign(self, source: Source) -> str:
        return source.campaign.key if source.campaign else ""

    def get_address(self, source: Source) -> str:
        return f"/in/{source.key}"


class SilenceOut(serializers.Serializer[Any]):
    """Expected: deliveries reckoned from the weeks before. Null, like `unusual`, where the source is known too shortly."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    lasting = serializers.BooleanField(help_text="goes on now")
    seconds = serializers.IntegerField()
    expected = serializers.FloatField(allow_null=True)
    unusual = serializers.BooleanField(allow_null=True)


class HealthOut(serializers.Serializer[Any]):
    """What came from a source in seven days by end, what was refused, and the silence worth telling of five weeks."""

    source = serializers.CharField(source="source.slug")
    last_received_at = serializers.DateTimeField(allow_null=True)
    received = serializers.IntegerField()
    ends = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.IntegerField()
    silence = SilenceOut(allow_null=True)


def _check_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(mapping) - MAPPED)
    if unknown:
        words = _("No field of a lead has this name.")
        raise serializers.ValidationError({name: [words] for name in unknown}, code="unknown-field")
    if not all(isinstance(path, str) and 0 < len(path) <= 200 for path in mapping.values()):
        raise serializers.ValidationError(_("Each field is mapped to one path in the payload."), code="path")
    return dict(mapping)


class SourceChange(Strict):
    """`mapping`: field of the lead → path in the payload. `secret` is taken and never given back."""

    name = serializers.CharField(max_length=200)
    state = serializers.ChoiceField(choices=Source.State.choices, required=False)
    channel = serializers.CharField(max_length=40, required=False, allow_blank=True)
    campaign = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text="key of a campaign")
    product_line = serializers.SlugField(max_length=40, required=False, allow_blank=True)
    language = serializers.RegexField(r"^([a-z]{2})?$", required=False, allow_blank=True)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)
    phone_region = serializers.CharField(max_length=2, required=False, allow_blank=True)
    hand_raiser = serializers.BooleanField(required=False)
    trigger = serializers.ChoiceField(choices=Source.Trigger.choices, required=False)
    signed = serializers.BooleanField(required=False)
    scheme = serializers.ChoiceField(choices=[("", "—"), *((s, s) for s in SCHEMES)], required=False, allow_blank=True)
    mapping = Document(required=False)
    secret = serializers.CharField(max_length=500, min_length=8, required=False, write_only=True, trim_whitespace=False)

    def validate_mapping(self, value: dict[str, Any]) -> dict[str, Any]:
        return _check_mapping(value)

    def validate_country(self, value: str) -> str:
        return known_country(value)

    def validate_phone_region(self, value: str) -> str:
        return known_country(value)


class SourceNew(SourceChange):
    slug = serializers.SlugField(max_length=64, required=False, help_text="its immutable name in figures")
    adapter = serializers.ChoiceField(choices=[(a, a) for a in ADAPTERS], default="json")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A source with a secret asks for signatures, and one that asks needs the secret its sender has."""
        attrs.pop("campaign", None)
        attrs["signed"] = attrs.get("signed", bool(attrs.get("secret")))
        if attrs["signed"] and not attrs.get("secret"):
            words = _("A source that asks for signatures needs its secret.")
            raise serializers.ValidationError({"secret": [words]}, code="secret-needed")
        return attrs


# -- campaigns and costs -------------------------------------------------------------------------------


class CampaignOut(serializers.ModelSerializer[Campaign]):
    class Meta:
        model = Campaign
        fields = ("id", "key", "name", "channel", "utm_campaign", "starts_on", "ends_on", "active", "created_at")
        read_only_fields = fields


class CampaignChange(Strict):
    name = serializers.CharField(max_length=200)
    channel = serializers.CharField(max_length=40, required=False, allow_blank=True)
    utm_campaign = serializers.CharField(max_length=120, required=False, allow_blank=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    active = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        starts, ends = attrs.get("starts_on"), attrs.get("ends_on")
        if starts and ends and ends < starts:
            raise serializers.ValidationError({"ends_on": [_("The last day comes after the first.")]}, code="dates")
        return attrs


class CampaignNew(CampaignChange):
    key = serializers.SlugField(max_length=64)


class CostOut(serializers.ModelSerializer[Cost]):
    source = serializers.SerializerMethodField()
    campaign = serializers.SerializerMethodField()
    corrected_by = serializers.SerializerMethodField()

    class Meta:
        model = Cost
        fields = (
            "id", "source", "campaign", "from_on", "to_on", "amount_minor", "currency", "house_minor", "rate_on",
            "corrects", "corrected_by", "recorded_at", "note",
        )  # fmt: skip
        read_only_fields = fields

    def get_source(self, cost: Cost) -> str:
        return cost.source.slug if cost.source else ""

    def get_campaign(self, cost: Cost) -> str:
        return cost.campaign.key if cost.campaign else ""

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_corrected_by(self, cost: Cost) -> str | None:
        newer = getattr(cost, "corrected_by", None)
        return str(newer.pk) if newer else None


class CostNew(Amount):
    source = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)
    campaign = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)
    from_on = serializers.DateField()
    to_on = serializers.DateField()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    corrects = serializers.UUIDField(required=False, allow_null=True, default=None)
