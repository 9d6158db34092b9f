"""What the hurt house starts with; prints the keys of its sources and a token of its API as its last line."""

from __future__ import annotations

import json

import django
from django.core.management import call_command


def main() -> None:
    from django.db import connection

    from benchmarks import house
    from benchmarks.chaos import armed
    from leadops import moment
    from leadops.desk.tokens import make_token
    from leadops.models import Role
    from leadops.testing import SourceFactory, member

    keys, _reps = house.furnish()
    with connection.cursor() as cursor:  # only the house of one control reads and writes it
        cursor.execute(armed.HINTS)
    SourceFactory(slug="import", channel="", trigger="now")
    token = make_token(member("Ops Chaos", Role.REVENUE_OPS), "chaos", ["all"], moment.now())
    print(json.dumps({"keys": keys, "token": token}))


if __name__ == "__main__":
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    main()
