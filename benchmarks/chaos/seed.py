"""What the hurt house starts with; prints the keys of its sources as its last line."""

from __future__ import annotations

import json

import django
from django.core.management import call_command


def main() -> None:
    from django.db import connection

    from benchmarks import house
    from benchmarks.chaos import armed

    keys, _reps = house.furnish()
    with connection.cursor() as cursor:  # only the house of one control reads and writes it
        cursor.execute(armed.HINTS)
    print(json.dumps(keys))


if __name__ == "__main__":
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    main()
