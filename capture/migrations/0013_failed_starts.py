"""How many starts of a submission ended in a fault of its own, apart from those whose worker did not come back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("capture", "0012_erased_by_index")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="failures",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="Starts that ended in a fault."
            ),
        ),
    ]
