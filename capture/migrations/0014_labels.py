"""Every field the admin shows has a label in the reader’s language; no statement runs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('capture', '0013_failed_starts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='campaign',
            name='created_at',
            field=models.DateTimeField(verbose_name='made at'),
        ),
        migrations.AlterField(
            model_name='campaign',
            name='key',
            field=models.SlugField(max_length=64, unique=True, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='form',
            name='active',
            field=models.BooleanField(default=True, verbose_name='in use'),
        ),
        migrations.AlterField(
            model_name='form',
            name='consent',
            field=models.JSONField(blank=True, default=dict, verbose_name='consent'),
        ),
        migrations.AlterField(
            model_name='form',
            name='intro',
            field=models.JSONField(blank=True, default=dict, verbose_name='introduction'),
        ),
        migrations.AlterField(
            model_name='form',
            name='slug',
            field=models.SlugField(max_length=64, unique=True, verbose_name='name in the address'),
        ),
        migrations.AlterField(
            model_name='form',
            name='source',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='form', to='capture.source', verbose_name='source'),
        ),
        migrations.AlterField(
            model_name='form',
            name='thanks',
            field=models.JSONField(blank=True, default=dict, verbose_name='thanks'),
        ),
        migrations.AlterField(
            model_name='form',
            name='title',
            field=models.JSONField(default=dict, verbose_name='title'),
        ),
        migrations.AlterField(
            model_name='source',
            name='country',
            field=models.CharField(blank=True, default='', max_length=2, verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='source',
            name='created_at',
            field=models.DateTimeField(verbose_name='made at'),
        ),
        migrations.AlterField(
            model_name='source',
            name='key',
            field=models.CharField(max_length=64, unique=True, verbose_name='address key'),
        ),
        migrations.AlterField(
            model_name='source',
            name='language',
            field=models.CharField(blank=True, default='', max_length=8, verbose_name='language'),
        ),
        migrations.AlterField(
            model_name='source',
            name='last_received_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='last received at'),
        ),
        migrations.AlterField(
            model_name='source',
            name='mapping',
            field=models.JSONField(blank=True, default=dict, help_text='Field of the lead → path in the payload.', verbose_name='mapping'),
        ),
        migrations.AlterField(
            model_name='source',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
        ),
        migrations.AlterField(
            model_name='source',
            name='phone_region',
            field=models.CharField(blank=True, default='FR', max_length=2, verbose_name='region of phone numbers'),
        ),
        migrations.AlterField(
            model_name='source',
            name='product_line',
            field=models.SlugField(blank=True, default='', max_length=40, verbose_name='product line'),
        ),
        migrations.AlterField(
            model_name='source',
            name='scheme',
            field=models.CharField(blank=True, default='', max_length=24, verbose_name='kind of signature'),
        ),
        migrations.AlterField(
            model_name='source',
            name='state',
            field=models.CharField(choices=[('live', 'Live'), ('paused', 'Paused'), ('ended', 'Ended')], default='live', max_length=8, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='source',
            name='trigger',
            field=models.CharField(choices=[('now', 'Route now'), ('mql', 'Route at MQL'), ('rules', 'As the ruleset says')], default='rules', max_length=8, verbose_name='when it is routed'),
        ),
    ]
