"""The parent of the hurt house: the real supervisor over the real children, in a folder of its own. Started again when killed, as a host would."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from leadops.platform import children, groups, startup
from leadops.platform.pulses import Pulses
from leadops.platform.supervisor import Patience, Supervisor, say

WEB_WORKERS = 2
# It is not the house that ends these processes: their deaths are no sign that something is wrong with it.
PATIENCE = Patience(deaths=1_000_000, first_pause=0.3)


class OfTheHost(Supervisor):
    """As the real one, but a death is started again after the same short pause however many there were before."""

    def pause_after_end(self, watched, at_once):  # type: ignore[no-untyped-def]
        super().pause_after_end(watched, at_once)
        return 0.0 if at_once else self.patience.first_pause


def main(folder: Path, port: int) -> None:
    for name in groups.kill_left_over(folder):
        say(f"{name} was left running by a parent that was killed: ended")
    pulses = Pulses(startup.libpq_url(os.environ["DATABASE_URL"]))
    OfTheHost(children.house(port, WEB_WORKERS), dict(os.environ), pulses, folder, PATIENCE).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
