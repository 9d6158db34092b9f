"""Whether a submission was erased is asked of indexes alone: a plan made while the table was small would read it whole ever after."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("capture", "0011_erased_stays_erased")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION capture_stays_erased() SET enable_seqscan = off",
            "ALTER FUNCTION capture_stays_erased() RESET enable_seqscan",
        ),
    ]
