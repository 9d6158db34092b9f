"""Every field the admin shows has a label in the reader’s language; no statement runs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0037_labels'),
        ('routing', '0012_more_than_one_unit'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pool',
            name='absence',
            field=models.CharField(choices=[('none', 'No catch-up after an absence'), ('capped', 'Capped catch-up after an absence')], default='none', max_length=8, verbose_name='absence'),
        ),
        migrations.AlterField(
            model_name='pool',
            name='active',
            field=models.BooleanField(default=True, verbose_name='in use'),
        ),
        migrations.AlterField(
            model_name='pool',
            name='key',
            field=models.SlugField(unique=True, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='pool',
            name='method',
            field=models.CharField(choices=[('credit', 'Weighted round robin'), ('least_loaded', 'Least loaded')], default='credit', max_length=12, verbose_name='method'),
        ),
        migrations.AlterField(
            model_name='pool',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pools', to='leadops.team', verbose_name='team'),
        ),
        migrations.AlterField(
            model_name='poolmember',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='poolmember',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='poolmember',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='poolmember',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AlterField(
            model_name='territory',
            name='active',
            field=models.BooleanField(default=True, verbose_name='in use'),
        ),
        migrations.AlterField(
            model_name='territory',
            name='key',
            field=models.SlugField(unique=True, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='territoryplace',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='territoryplace',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='territoryplace',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='territoryplace',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
    ]
