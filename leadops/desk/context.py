"""What base.html needs on every page: navigation by role, badges, live addresses."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"nav": []}
