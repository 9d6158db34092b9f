"""The settings of a house that tests start as real processes: the house's own, plus faults that a payload can ask for."""

from leadops.settings import *  # noqa: F403
from leadops.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "leadops.platform.tests.faults.Faults"]
MOMENT_OFFSET_FILE = None  # other tests of this checkout move the shared clock
