"""Every field the admin shows has a label in the reader’s language; no statement runs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0036_who_waits_for_prospects'),
    ]

    operations = [
        migrations.AlterField(
            model_name='absence',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='absence',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='absence',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='absence',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AlterField(
            model_name='account',
            name='country',
            field=models.CharField(blank=True, max_length=2, verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='account',
            name='customer_since',
            field=models.DateField(blank=True, null=True, verbose_name='customer since'),
        ),
        migrations.AlterField(
            model_name='account',
            name='domain',
            field=models.CharField(blank=True, help_text='Its own mail domain; free mail never.', max_length=253, verbose_name='domain'),
        ),
        migrations.AlterField(
            model_name='accountowner',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='accountowner',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='accountowner',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='accountowner',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AlterField(
            model_name='attributedef',
            name='indexed',
            field=models.BooleanField(default=False, verbose_name='indexed'),
        ),
        migrations.AlterField(
            model_name='attributedef',
            name='key',
            field=models.SlugField(max_length=40, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='attributedef',
            name='kind',
            field=models.CharField(choices=[('text', 'text'), ('choice', 'choice'), ('multi', 'several choices'), ('number', 'number'), ('day', 'day'), ('instant', 'instant'), ('flag', 'yes or no')], max_length=8, verbose_name='kind of value'),
        ),
        migrations.AlterField(
            model_name='attributedef',
            name='owner',
            field=models.CharField(choices=[('lead', 'Lead'), ('person', 'Person'), ('account', 'Account')], max_length=8, verbose_name='belongs to'),
        ),
        migrations.AlterField(
            model_name='attributedef',
            name='personal',
            field=models.BooleanField(default=False, verbose_name='personal data'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='channel',
            field=models.CharField(choices=[('mail', 'E-mail'), ('webhook', 'Webhook'), ('push', 'Push')], max_length=8, verbose_name='channel'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='created_at',
            field=models.DateTimeField(verbose_name='made at'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='due_at',
            field=models.DateTimeField(verbose_name='due at'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='error',
            field=models.CharField(blank=True, default='', max_length=300, verbose_name='cause'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='key',
            field=models.CharField(max_length=200, unique=True, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='lead',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='effects', to='leadops.lead', verbose_name='lead'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='purpose',
            field=models.CharField(max_length=24, verbose_name='purpose'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='sent_at',
            field=models.DateTimeField(null=True, verbose_name='sent at'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='starts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='tries'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='state',
            field=models.CharField(choices=[('planned', 'Planned'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Failed'), ('unknown', 'Unknown'), ('held', 'Held')], default='planned', max_length=8, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='effect',
            name='user',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AlterField(
            model_name='publication',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='publication',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='publication',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='publication',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AlterField(
            model_name='reason',
            name='active',
            field=models.BooleanField(default=True, verbose_name='in use'),
        ),
        migrations.AlterField(
            model_name='reason',
            name='key',
            field=models.SlugField(max_length=40, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='reason',
            name='position',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='position'),
        ),
        migrations.AlterField(
            model_name='reason',
            name='use',
            field=models.CharField(choices=[('hand_back', 'Hand back'), ('disqualify', 'Disqualify'), ('lost', 'Lost'), ('recycle', 'Recycle'), ('take_away', 'Take away')], max_length=12, verbose_name='what it is for'),
        ),
        migrations.AlterField(
            model_name='rep',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='left at'),
        ),
        migrations.AlterField(
            model_name='repterms',
            name='known_from',
            field=models.DateTimeField(verbose_name='known from'),
        ),
        migrations.AlterField(
            model_name='repterms',
            name='known_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='known until'),
        ),
        migrations.AlterField(
            model_name='repterms',
            name='valid_from',
            field=models.DateTimeField(verbose_name='valid from'),
        ),
        migrations.AlterField(
            model_name='repterms',
            name='valid_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AlterField(
            model_name='stalled',
            name='lead',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stalled', serialize=False, to='leadops.lead', verbose_name='lead'),
        ),
        migrations.AlterField(
            model_name='status',
            name='active',
            field=models.BooleanField(default=True, verbose_name='in use'),
        ),
        migrations.AlterField(
            model_name='status',
            name='key',
            field=models.SlugField(max_length=40, primary_key=True, serialize=False, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='status',
            name='position',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='position'),
        ),
        migrations.AlterField(
            model_name='team',
            name='key',
            field=models.SlugField(unique=True, verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='version',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author'),
        ),
        migrations.AlterField(
            model_name='version',
            name='changed_at',
            field=models.DateTimeField(verbose_name='changed at'),
        ),
        migrations.AlterField(
            model_name='version',
            name='number',
            field=models.PositiveIntegerField(verbose_name='number'),
        ),
        migrations.AlterField(
            model_name='version',
            name='reason',
            field=models.CharField(blank=True, default='', max_length=500, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='version',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('replaced', 'Replaced'), ('rolled_back', 'Rolled back'), ('declined', 'Declined')], default='draft', max_length=12, verbose_name='state'),
        ),
    ]
