"""Submissions of a person are found by an index that holds only those which have one."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("capture", "0005_imports")]

    operations = [
        AddIndexConcurrently(
            "submission",
            models.Index(condition=models.Q(("person__isnull", False)), fields=["person"], name="submission_of_person"),
        ),
    ]
