"""A no said under one spelling of a mailbox is found under every other by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import leadops.models.columns


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0037_labels")]

    operations = [
        AddIndexConcurrently(
            "personemail", models.Index(leadops.models.columns.Mailbox("folded"), name="personemail_mailbox")
        ),
    ]
