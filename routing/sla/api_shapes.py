"""What the API says of SLA policies beside their document; it decides nothing."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PolicyTakes(serializers.Serializer[Any]):
    """`count` stops at 1,000; `leads` are the latest five."""

    policy = serializers.CharField()
    count = serializers.IntegerField()
    leads = serializers.ListField(child=serializers.UUIDField())
