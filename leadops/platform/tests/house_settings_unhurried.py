"""The settings of a house of the tests in which no wait is shortened and no payload does harm."""

from leadops.settings import *  # noqa: F403

MOMENT_OFFSET_FILE = None  # other tests of this checkout move the shared clock
