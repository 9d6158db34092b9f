"""The shapes of nurture's API: what it takes and gives; decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadops.effects.models import Effect
from leadops.models import Suppression
from leadops.rest.shapes import Strict
from nurture import eligibility
from nurture.models import Enrolment


class EnrolmentOut(serializers.ModelSerializer[Enrolment]):
    explanation = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()

    class Meta:
        model = Enrolment
        fields = (
            "id", "lead", "sequence", "version", "cycle", "how", "by", "state", "step", "next_at", "reason", "explanation",
            "entered_at", "ended_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_explanation(self, row: Enrolment) -> str:
        """The reason in the reader's language."""
        return eligibility.words(row.reason) if row.reason else ""

    @extend_schema_field(serializers.IntegerField())
    def get_version(self, row: Enrolment) -> int:
        return row.version.number


class EnrolmentNew(Strict):
    lead = serializers.UUIDField()
    sequence = serializers.SlugField(max_length=50)
    dry_run = serializers.BooleanField(default=False, help_text="only tells what would be sent, when, and why not")


class StepForeseen(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="mail or call")
    at = serializers.DateTimeField()
    words = serializers.CharField()
    subject = serializers.CharField(help_text="of a mail, worded for this lead")
    blocked = serializers.CharField(help_text="why a mail would be held up for this lead, in words")


class EnrolmentForeseen(serializers.Serializer[Any]):
    """What would happen if the lead entered now and nothing ended it."""

    sequence = serializers.CharField()
    enters = serializers.BooleanField()
    why_not = serializers.CharField()
    waits_until = serializers.DateTimeField(allow_null=True)
    waits_for = serializers.CharField()
    steps = StepForeseen(many=True)


class MessageOut(serializers.ModelSerializer[Effect]):
    """A letter to a prospect: where it stands, never what it said."""

    sequence = serializers.SerializerMethodField()
    step = serializers.SerializerMethodField()

    class Meta:
        model = Effect
        fields = (
            "id", "lead", "person", "purpose", "sequence", "step", "state", "due_at", "sent_at", "starts", "error",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_sequence(self, row: Effect) -> str:
        return str(row.body.get("sequence", ""))

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_step(self, row: Effect) -> int | None:
        step = row.body.get("step")
        return step if isinstance(step, int) else None


class SuppressionOut(serializers.ModelSerializer[Suppression]):
    """An address nobody is written to: the hash stays here, so that no list of addresses can leave.

    `origin` is `letter:<id>`, `submission:<id>` or empty; `why` and `by` are of who put it on the list by hand.
    """

    lifted_at = serializers.SerializerMethodField()
    lifted_why = serializers.SerializerMethodField()

    class Meta:
        model = Suppression
        fields = ("id", "channel", "reason", "at", "origin", "why", "by", "lifted_at", "lifted_why")
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_lifted_at(self, row: Suppression) -> datetime | None:
        return row.lifting.at if hasattr(row, "lifting") else None

    def get_lifted_why(self, row: Suppression) -> str:
        return row.lifting.why if hasattr(row, "lifting") else ""


class SuppressionNew(Strict):
    address = serializers.CharField(max_length=254)
    why = serializers.CharField(max_length=200)


class LiftedBecause(Strict):
    """`address` is needed where the person said so themselves (`unsubscribed`, `complained`): it finds their new consent."""

    why = serializers.CharField(max_length=200)
    address = serializers.CharField(max_length=254, required=False, default="", allow_blank=True)


class PreviewOf(Strict):
    lead = serializers.UUIDField()


class PreviewOut(serializers.Serializer[Any]):
    language = serializers.CharField()
    subject = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True)
    html = serializers.CharField(allow_null=True)
    faults = serializers.ListField(child=serializers.CharField())
