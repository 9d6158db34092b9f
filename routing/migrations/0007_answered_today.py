"""What a rep answered today is found without reading all that they ever answered."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0006_board_and_reassignments")]

    operations = [
        AddIndexConcurrently(
            "clock",
            models.Index(
                fields=["rep", "ended_at"],
                name="clock_answered_at",
                condition=models.Q(("kind", "first_attempt"), ("state", "met")),
            ),
        ),
    ]
