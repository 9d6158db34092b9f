"""Open assignments that count for more than one unit are found by themselves: there are few, and load is asked for each batch."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("routing", "0011_one_open_assignment_again")]
    operations = [
        AddIndexConcurrently(
            "assignment",
            models.Index(
                fields=["rep", "lead"],
                include=["units"],
                name="assignment_heavy",
                condition=models.Q(ended_at__isnull=True, units__gt=1),
            ),
        ),
    ]
