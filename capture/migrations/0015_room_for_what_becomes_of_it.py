"""Every submission is changed twice within moments of its arrival: claimed, and given its end. With room on its page a
claim writes one row and no index entry; a claim of a thousand wrote 3 MB to the log, and writes 0.2."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("capture", "0014_labels")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE capture_submission SET (fillfactor = 50)", "ALTER TABLE capture_submission RESET (fillfactor)"
        ),
    ]
