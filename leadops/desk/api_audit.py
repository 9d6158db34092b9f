"""The audit in the API: the same rows, filters and words as on the page; for administrators and tokens with `audit:read`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from leadops.audited import AUDITED
from leadops.desk import audit
from leadops.desk.audit_filter import AuditFilter
from leadops.desk.audit_words import tell
from leadops.journal import JournalEntry
from leadops.rest.endpoints import Endpoint


class ActOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=sorted(AUDITED))
    who = serializers.CharField(help_text="a person, or the name of a part of the system")
    by_person = serializers.BooleanField()
    what = serializers.CharField()
    detail = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    address = serializers.CharField(help_text="where they came from; empty for the system, and after a year")
    lead = serializers.UUIDField(allow_null=True)
    person = serializers.UUIDField(allow_null=True)


@extend_schema_view(list=extend_schema(operation_id="audit_list", summary="Who did what, when, from where"))
class AuditEndpoint(Endpoint):
    serializer_class = ActOut
    filterset_class = AuditFilter
    queryset = JournalEntry.objects.none()
    lookup_value_converter = "int"

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(audit.acts(self.actor)))
        return self.get_paginated_response(self.get_serializer(tell(page or [], self.actor), many=True).data)
