"""Who is next is found in the index, and so is whether any was started before: in a backlog that was looked for in all rows."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("capture", "0014_labels")]

    operations = [
        AddIndexConcurrently(
            "submission",
            models.Index(condition=models.Q(('end', 'pending')), fields=['starts', 'priority', 'id'], name='submission_next'),
        ),
        RemoveIndexConcurrently("submission", "submission_pending"),
    ]
