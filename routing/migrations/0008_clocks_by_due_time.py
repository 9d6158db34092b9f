"""What is at risk, overdue or was missed today is found without a walk through every clock."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("routing", "0007_answered_today")]
    operations = [
        AddIndexConcurrently(
            "clock",
            models.Index(fields=["due_at", "lead"], name="clock_running_due", condition=models.Q(state="running")),
        ),
        AddIndexConcurrently(
            "clock",
            models.Index(
                fields=["breached_at", "lead"], name="clock_breached", condition=models.Q(breached_at__isnull=False)
            ),
        ),
    ]
