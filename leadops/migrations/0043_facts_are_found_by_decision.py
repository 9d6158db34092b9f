"""What a decision saw is found by its decision; an index by lead was read by erasures alone, and written three times a lead."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0042_what_a_lead_writes_in_indexes")]

    operations = [
        migrations.AlterField(
            model_name='decisionfacts',
            name='lead',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='leadops.lead'),
        ),
    ]
