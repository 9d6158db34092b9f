"""What the running house of the tests starts with: shipped versions, one source, three reps who work around the clock."""

from __future__ import annotations

from decimal import Decimal

import django
from django.core.management import call_command


def seed() -> None:
    from leadops.shipped import install_defaults
    from leadops.testing import DAWN, SourceFactory, rep
    from routing.models import Pool, PoolMember

    install_defaults()
    everyone = Pool.objects.get(key="everyone")
    for name in ("Léa", "Karim", "Sofia"):
        PoolMember.objects.create(pool=everyone, rep=rep(name), weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
    SourceFactory(slug="website", key="key-website", hand_raiser=True)


if __name__ == "__main__":
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    seed()
