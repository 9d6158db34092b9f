"""The OpenAPI document: who may read it, how it names our bearer tokens, and what a refusal looks like. It describes no
resource itself.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

_made: dict[str | None, Any] = {}  # by language


class OncePerLanguage(SchemaGenerator):
    """The document is the same for every reader, and to make it takes a second: a process makes it once."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:
        if self.api_version is not None:  # whatever somebody wrote into the address
            return super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        language = get_language()
        if language not in _made:
            _made[language] = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        return _made[language]


class SchemaDocument(SpectacularAPIView):
    """The document for whoever is signed in or has a token; a refusal is a problem in JSON as everywhere else."""

    generator_class = OncePerLanguage

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        if response.exception:
            request.accepted_renderer = JSONRenderer()
            request.accepted_media_type = JSONRenderer.media_type
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "leadops.desk.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token made on /settings: `lo_…`"}


PROBLEM = {
    "type": "object",
    "description": "RFC 9457, with a stable `code`; some codes say more in further members.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "in the caller's language"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "faults": {
            "type": "array",
            "description": "with code `invalid`: each field that is wrong",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}},
                "required": ["path", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "code"],
}
REFUSALS = {
    "4XX": "Refused: the body or a filter is not valid (400, 422), no token (401), no right (403), nothing here (404), another"
    " state (409), too large (413), no JSON (415), too often (429).",
    "503": "The database is away; `Retry-After` says when to come back.",
}


def completed(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """The document as generated, with what every operation has in common."""
    _without_patterns_of_answers(result)
    _with_refusals(result)
    return result


def _without_patterns_of_answers(result: dict[str, Any]) -> None:
    """What a field takes is no promise about what it shows: a name in figures that may be empty is shown empty."""
    for shape in result["components"]["schemas"].values():
        for field in shape.get("properties", {}).values():
            if field.get("readOnly"):
                field.pop("pattern", None)


def _with_refusals(result: dict[str, Any]) -> None:
    """Every operation may be refused, and each refusal has the same shape."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, words in REFUSALS.items():
                operation["responses"].setdefault(status, {"description": words, "content": content})
