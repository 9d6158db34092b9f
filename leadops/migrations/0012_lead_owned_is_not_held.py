"""The constraint says what it demands: a lead with an owner is not held. Renamed in place, nothing is checked again."""

from django.db import migrations, models
from django.db.models import Q

RULE = Q(owner__isnull=True) | Q(held="")
RENAME = "ALTER TABLE leadops_lead RENAME CONSTRAINT {} TO {}"


class Migration(migrations.Migration):
    dependencies = [("leadops", "0011_segments_and_xid")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    RENAME.format("lead_owned_or_held", "lead_owned_is_not_held"),
                    RENAME.format("lead_owned_is_not_held", "lead_owned_or_held"),
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("lead", "lead_owned_or_held"),
                migrations.AddConstraint(
                    "lead", models.CheckConstraint(name="lead_owned_is_not_held", condition=RULE)
                ),
            ],
        )
    ]
