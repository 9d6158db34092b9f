"""A deal names its product."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0014_journal_kinds_of_the_rooms'),
    ]

    operations = [
        migrations.AddField(
            model_name='opportunity',
            name='product',
            field=models.CharField(blank=True, default='', max_length=120, verbose_name='product'),
        ),
    ]
