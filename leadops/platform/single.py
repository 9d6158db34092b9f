"""`python -m leadops.platform.single NAME`: one process of the house in the place of this one, for units and containers that run each apart.

PORT and WEB_WORKERS count as they do for the parent. It starts no second process and watches nothing.
"""

from __future__ import annotations

import os
import sys

from leadops.platform import children, startup
from leadops.platform.children import Child
from leadops.platform.startup import CannotStart


def chosen(name: str) -> Child:
    """The child of that name, as this environment wants it."""
    house = {each.name: each for each in children.house(*startup.wanted())}
    if name not in house:
        raise CannotStart(f"{name!r} is no process of the house: {', '.join(house)}")
    return house[name]


def main(arguments: list[str]) -> int:
    try:
        child = chosen(" ".join(arguments))
        if url := os.environ.get("DATABASE_URL", ""):
            startup.check_restored(url)
        if child.name == "ticker":  # it writes down who was erased
            startup.check_backups()
    except CannotStart as fault:
        print(f"leadops: {fault}", file=sys.stderr)
        return 1
    os.execvpe(child.command[0], child.command, {**os.environ, **child.variables})  # noqa: S606 - a command of ours, no shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
