"""A dozen entries less for each new lead: an index that repeats another, and kinds of entries nobody asks by their time."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0041_one_word_for_an_opportunity")]

    operations = [
        AddIndexConcurrently(
            "journalentry",
            models.Index(condition=models.Q(('kind__in', ('came_back', 'handed_back', 'stage_moved', 'submission_replayed'))), fields=['kind', 'at'], name='journal_dated'),
        ),
        RemoveIndexConcurrently("journalentry", "journal_kind_at"),
        RemoveIndexConcurrently("journalentry", "journal_of_lead"),
    ]
