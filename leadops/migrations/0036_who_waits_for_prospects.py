"""How many leads of a rep wait for their prospects is counted without reading all others of theirs."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0035_found_by_their_beginning")]

    operations = [
        AddIndexConcurrently(
            "work",
            models.Index(
                fields=["owner"], name="work_on_prospects", condition=Q(wakes_at__isnull=True, waiting_on="prospect")
            ),
        ),
    ]
