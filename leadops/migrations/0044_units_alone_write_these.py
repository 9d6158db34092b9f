"""Who owns a lead and who a person is the same as: written by units alone, from rows they hold, to what is never deleted.

Backwards it looks every row up under a lock: only while the house is stopped.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0043_facts_are_found_by_decision")]

    operations = [
        migrations.AlterField(
            model_name='lead',
            name='canonical',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='canonical_leads', to='leadops.person'),
        ),
        migrations.AlterField(
            model_name='lead',
            name='owner',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leads', to='leadops.rep'),
        ),
        migrations.AlterField(
            model_name='person',
            name='canonical',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='aliases', to='leadops.person'),
        ),
    ]
