"""A form of a page and the one unit its verb runs in: what the service made, or its refusal beside what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest

from leadops.errors import Refused
from leadops.unit import Unit, in_unit


def acted(request: HttpRequest, form: forms.Form, work: Callable[[Unit], Any]) -> Any:
    """What the service made; None when the form or the service says no, which then stands in the form."""
    if not form.is_valid():
        return None
    try:
        return in_unit(work, actor=request.actor)  # type: ignore[attr-defined]
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return None
