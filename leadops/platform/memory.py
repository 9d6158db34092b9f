"""What a process has loaded stays to its end, so its collector need not look through it: that is all it does.

One full look through a loaded house takes 60 to 180 ms, every sixty pages or so, in the middle of somebody's page.
"""

from __future__ import annotations

import gc


def settle() -> None:
    """Called once, when all is loaded: what is there now is passed over from here on, by this process and its children."""
    gc.collect()
    gc.freeze()
