"""What was erased is found by its content without reading all submissions."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("capture", "0009_an_index_has_a_reader")]

    operations = [
        AddIndexConcurrently(
            "submission",
            models.Index(fields=["digest"], name="submission_erased", condition=models.Q(reason="erased")),
        ),
    ]
