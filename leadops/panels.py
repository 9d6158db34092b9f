"""What an app shows on the lead page: a template and its context; the desk puts them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Panel:
    template: str
    context: dict[str, Any]
