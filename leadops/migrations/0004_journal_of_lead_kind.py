"""An index for what reports ask of many leads, in place of the key's own; built beside a running house."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index built concurrently cannot be part of a transaction
    dependencies = [("leadops", "0003_reference")]

    operations = [
        AddIndexConcurrently(
            model_name="journalentry",
            index=models.Index(fields=["lead", "kind", "at"], name="journal_of_lead_kind"),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="lead",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="journal",
                to="leadops.lead",
            ),
        ),
    ]
