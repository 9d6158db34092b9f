"""How much a test does: small sizes for `make test`, larger ones in CI, the numbers of the promises in `make proof`."""

from __future__ import annotations

import os

SCALES = ("test", "ci", "proof")
SCALE = os.environ.get("SCALE", "test")
if SCALE not in SCALES:
    raise ValueError(f"SCALE={SCALE!r} is not one of {', '.join(SCALES)}")


def sized(small: int, full: int, ci: int | None = None) -> int:
    """The size for this run; CI takes the small one unless it has its own."""
    return {"test": small, "ci": small if ci is None else ci, "proof": full}[SCALE]
