"""What the overview sums over deals is read from indexes alone; built beside a running house."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index built concurrently cannot be part of a transaction
    dependencies = [("leadops", "0022_reason_withdrawn")]
    operations = [
        AddIndexConcurrently(
            "opportunity",
            models.Index(
                fields=["opened_at"],
                include=["house_minor", "id"],
                name="opportunity_open_sums",
                condition=models.Q(state="open"),
            ),
        ),
        AddIndexConcurrently(
            "opportunity",
            models.Index(
                fields=["closed_at", "state"],
                include=["opened_at", "house_minor", "id"],
                name="opportunity_closed_sums",
                condition=~models.Q(state="open"),
            ),
        ),
    ]
