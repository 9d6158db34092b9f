"""The addresses a token was used from, so that a new one is noticed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0032_acts_of_the_audit")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="seen_from",
            field=models.JSONField(db_default=models.Value([], output_field=models.JSONField()), default=list),
        ),
    ]
