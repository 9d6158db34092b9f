"""A search finds people by the last word of their name, too."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import leadops.models.columns


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0046_when_somebody_was_erased_last")]

    operations = [
        AddIndexConcurrently(
            "person",
            models.Index(
                django.contrib.postgres.indexes.OpClass(
                    leadops.models.columns.LastWord("name_folded"), "text_pattern_ops"
                ),
                name="person_surname",
            ),
        ),
    ]
