"""From where somebody acted, on the side of the journal and for a year: append-only, the eraser alone drops rows."""

from django.db import migrations, models

ON = """
CREATE TRIGGER entryorigin_append_only BEFORE UPDATE OR DELETE ON leadops_entryorigin
  FOR EACH ROW EXECUTE FUNCTION leadops_append_only('-');
CREATE TRIGGER entryorigin_never_emptied BEFORE TRUNCATE ON leadops_entryorigin
  EXECUTE FUNCTION leadops_never_emptied();
"""
OFF = """
DROP TRIGGER entryorigin_append_only ON leadops_entryorigin;
DROP TRIGGER entryorigin_never_emptied ON leadops_entryorigin;
"""


class Migration(migrations.Migration):
    dependencies = [("leadops", "0030_sessions_end")]

    operations = [
        migrations.CreateModel(
            name="EntryOrigin",
            fields=[
                ("entry", models.BigIntegerField(primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["at"], name="origin_by_age"),
                    models.Index(fields=["address", "entry"], name="origin_of_address"),
                ]
            },
        ),
        migrations.RunSQL(ON, OFF),
    ]
