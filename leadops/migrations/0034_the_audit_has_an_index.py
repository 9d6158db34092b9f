"""What the audit shows is found without reading the journal of every lead; changes of owner by rule are not in it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0033_where_a_token_was_used")]

    operations = [
        AddIndexConcurrently(
            "journalentry",
            models.Index(condition=models.Q(('kind__in', ('copied', 'erased', 'exported', 'imported', 'merged', 'rep_absent', 'rep_deactivated', 'second_factor', 'setting_changed', 'sign_in_refused', 'signed_in', 'submission_replayed', 'token_changed', 'token_elsewhere', 'unmerged', 'version_published')), models.Q(('actor__isnull', False), ('kind__in', ('assigned', 'claimed', 'released', 'taken_away'))), _connector='OR'), fields=['-id'], name='journal_audited'),
        ),
    ]
