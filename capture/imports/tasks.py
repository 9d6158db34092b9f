"""What the queue runs for imports: move on whatever waits. A hint to look, harmless to repeat."""

from __future__ import annotations

from capture.imports import work


def run_imports() -> int:
    return work.run_all()
