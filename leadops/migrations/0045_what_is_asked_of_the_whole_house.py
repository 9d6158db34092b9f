"""The index of what is asked of the whole house holds the audit's kinds, too: a rare one was looked for among all rows."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0044_units_alone_write_these")]

    operations = [
        AddIndexConcurrently(
            "journalentry",
            models.Index(condition=models.Q(('kind__in', ('came_back', 'handed_back', 'stage_moved', 'copied', 'erased', 'exported', 'imported', 'merged', 'rep_absent', 'rep_deactivated', 'second_factor', 'setting_changed', 'sign_in_refused', 'signed_in', 'submission_replayed', 'token_changed', 'token_elsewhere', 'unmerged', 'version_published'))), fields=['kind', 'at'], name='journal_housewide'),
        ),
        RemoveIndexConcurrently("journalentry", "journal_dated"),
    ]
