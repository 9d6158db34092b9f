"""An accepted request writes four indexes instead of eight and looks no source up: sources are never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = """
CREATE TRIGGER capture_source_kept BEFORE DELETE ON capture_source FOR EACH ROW EXECUTE FUNCTION leadops_kept();
CREATE TRIGGER capture_source_same BEFORE UPDATE OF id ON capture_source FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id) EXECUTE FUNCTION leadops_kept();
"""
BACK = """
DROP TRIGGER capture_source_same ON capture_source;
DROP TRIGGER capture_source_kept ON capture_source;
"""


def _reference(to, **more):
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to=to, **more)


class Migration(migrations.Migration):
    dependencies = [
        ("capture", "0006_submissions_of_a_person"),
        ("leadops", "0009_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(KEPT, BACK),
        migrations.AlterField(
            "submission",
            "source",
            _reference("capture.source", db_constraint=False, related_name="submissions"),
        ),
        migrations.AlterField(
            "submission", "created_by", _reference(settings.AUTH_USER_MODEL, null=True, related_name="+")
        ),
        migrations.AlterField(
            "submission", "person", _reference("leadops.person", null=True, related_name="submissions")
        ),
        migrations.AlterField("submission", "lead", _reference("leadops.lead", null=True, related_name="submissions")),
    ]
