"""A search among a million leads reads those whose name or company begins so, and no other."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0034_the_audit_has_an_index")]

    operations = [
        AddIndexConcurrently(
            "person",
            models.Index(fields=["name_folded"], opclasses=["varchar_pattern_ops"], name="person_name"),
        ),
        AddIndexConcurrently(
            "lead",
            models.Index(fields=["company_folded"], opclasses=["varchar_pattern_ops"], name="lead_company"),
        ),
    ]
