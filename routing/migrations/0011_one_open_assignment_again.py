"""The index that allows one open assignment per lead is there again: changing its column's field had taken it along."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("routing", "0010_an_index_has_a_reader")]

    operations = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX IF NOT EXISTS assignment_one_open ON routing_assignment (lead_id) WHERE ended_at IS NULL",
            migrations.RunSQL.noop,
        )
    ]
