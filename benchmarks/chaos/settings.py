"""The settings of the house the campaign hurts: the house's own, with shorter leases, failpoints and, for a control, a guard taken out."""

from leadops.settings import *  # noqa: F403
from leadops.settings import INSTALLED_APPS

CHAOS = True
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.chaos.armed.Armed"]
MOMENT_OFFSET_FILE = None  # other houses of this checkout move the shared clock
