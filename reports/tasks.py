"""What the queue runs for the reports: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from reports import facts


def keep_facts() -> int:
    return facts.keep()
