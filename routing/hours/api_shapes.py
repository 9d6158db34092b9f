"""What the API says of a calendar beside its document; it decides nothing."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ClosedDay(serializers.Serializer[Any]):
    day = serializers.DateField()
    name = serializers.CharField()
    hours = serializers.CharField()


class CalendarUsage(serializers.Serializer[Any]):
    """In the caller's language; `named_by`: policies and sequences whose documents name it."""

    name = serializers.CharField()
    reps = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(child=serializers.CharField())
    pools = serializers.ListField(child=serializers.CharField())
    named_by = serializers.ListField(child=serializers.CharField())
    closed = ClosedDay(many=True)
