"""The index that allows one open offer per lead is there again: changing its column's field had taken it along."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("qualification", "0006_an_index_has_a_reader")]

    operations = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX IF NOT EXISTS handoff_one_open ON qualification_handoff (lead_id) WHERE state = 'offered'",
            migrations.RunSQL.noop,
        )
    ]
