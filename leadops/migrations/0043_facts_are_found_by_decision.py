"""What a decision saw is found by its decision; an index by lead was read by erasures alone, and written three times a lead."""

import django.db.models.deletion
from django.db import migrations, models

INDEX = "leadops_decisionfacts_lead_id_a39be028"


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it, neither forwards nor backwards
    dependencies = [("leadops", "0042_what_a_lead_writes_in_indexes")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f'DROP INDEX CONCURRENTLY IF EXISTS "{INDEX}"',
                    f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{INDEX}" ON "leadops_decisionfacts" ("lead_id")',
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='decisionfacts',
                    name='lead',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='leadops.lead'),
                ),
            ],
        ),
    ]
