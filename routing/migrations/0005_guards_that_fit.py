"""Memberships of pools and places of territories are closed once, never changed; credits and assignments never emptied."""

from django.db import migrations

TWO_TIMES, NEVER_EMPTIED = ["poolmember", "territoryplace"], ["creditentry", "assignment"]
ON = [
    f"CREATE TRIGGER {table}_two_times BEFORE UPDATE OR DELETE ON routing_{table} "
    "FOR EACH ROW EXECUTE FUNCTION leadops_two_times();"
    for table in TWO_TIMES
] + [
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON routing_{table} EXECUTE FUNCTION leadops_never_emptied();"
    for table in NEVER_EMPTIED
]
OFF = [f"DROP TRIGGER {table}_two_times ON routing_{table};" for table in TWO_TIMES] + [
    f"DROP TRIGGER {table}_never_emptied ON routing_{table};" for table in NEVER_EMPTIED
]


class Migration(migrations.Migration):
    dependencies = [("routing", "0004_kept"), ("leadops", "0010_guards_that_fit")]

    operations = [migrations.RunSQL("\n".join(ON), "\n".join(OFF))]
