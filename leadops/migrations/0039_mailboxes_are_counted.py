"""The planner knows nothing of a new expression and would read the whole table: it is counted once, now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("leadops", "0038_spellings_of_a_mailbox")]
    operations = [migrations.RunSQL("ANALYZE leadops_personemail", migrations.RunSQL.noop)]
