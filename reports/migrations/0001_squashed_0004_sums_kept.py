"""All tables of reports as they stand after 0004_sums_kept, for an empty database, in one step.

Triggers, functions and reference rows are those of the migrations it replaces, which stay for a database that is on that way.
"""

import django.db.models.deletion
from django.db import migrations, models
from leadops.migrations import written


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('reports', '0001_facts'),
        ('reports', '0002_day_facts'),
        ('reports', '0003_sums_of_waits'),
        ('reports', '0004_sums_kept'),
    ]

    dependencies = [
        ('leadops', '0001_squashed_0024_an_index_has_a_reader'),
    ]

    operations = [
        migrations.CreateModel(
            name='AskingDay',
            fields=[
                ('pk', models.CompositePrimaryKey('axis', 'day', 'asks', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('axis', models.CharField(max_length=16)),
                ('day', models.DateField()),
                ('asks', models.BooleanField()),
                ('key', models.CharField(max_length=64)),
                ('n', models.IntegerField(default=0)),
                ('answered', models.IntegerField(default=0)),
                ('answered_us', models.BigIntegerField(default=0)),
                ('split', models.IntegerField(default=0)),
                ('contacted', models.IntegerField(default=0)),
                ('n_within_5', models.IntegerField(default=0)),
                ('n_5_15', models.IntegerField(default=0)),
                ('n_15_60', models.IntegerField(default=0)),
                ('n_60_plus', models.IntegerField(default=0)),
                ('c_within_5', models.IntegerField(default=0)),
                ('c_5_15', models.IntegerField(default=0)),
                ('c_15_60', models.IntegerField(default=0)),
                ('c_60_plus', models.IntegerField(default=0)),
                ('c_never', models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='AskingSpan',
            fields=[
                ('pk', models.CompositePrimaryKey('span', 'first', 'axis', 'measure', 'asks', 'key', 'seconds', blank=True, editable=False, primary_key=True, serialize=False)),
                ('span', models.SmallIntegerField()),
                ('first', models.DateField()),
                ('axis', models.CharField(max_length=16)),
                ('measure', models.SmallIntegerField()),
                ('asks', models.BooleanField()),
                ('key', models.CharField(max_length=64)),
                ('seconds', models.IntegerField()),
                ('n', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='FactsRead',
            fields=[
                ('name', models.CharField(max_length=8, primary_key=True, serialize=False)),
                ('zone', models.CharField(max_length=64)),
                ('xid', models.BigIntegerField()),
                ('entry', models.BigIntegerField()),
                ('built_upto', models.UUIDField(null=True)),
                ('built_at', models.DateTimeField(null=True)),
                ('read_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='StandingDay',
            fields=[
                ('pk', models.CompositePrimaryKey('stage', 'detail', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('stage', models.CharField(max_length=12)),
                ('detail', models.CharField(max_length=40)),
                ('day', models.DateField()),
                ('n', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='StaySpan',
            fields=[
                ('pk', models.CompositePrimaryKey('span', 'first', 'step', 'moved', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('span', models.SmallIntegerField()),
                ('first', models.DateField()),
                ('step', models.SmallIntegerField()),
                ('moved', models.BooleanField()),
                ('value', models.IntegerField()),
                ('n', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='DayFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('axis', models.CharField(max_length=16)),
                ('key', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('leads', models.IntegerField(default=0)),
                ('reached_2', models.IntegerField(default=0)),
                ('reached_3', models.IntegerField(default=0)),
                ('reached_4', models.IntegerField(default=0)),
                ('reached_5', models.IntegerField(default=0)),
                ('reached_6', models.IntegerField(default=0)),
                ('reached_7', models.IntegerField(default=0)),
                ('entered_2', models.IntegerField(default=0)),
                ('entered_3', models.IntegerField(default=0)),
                ('entered_4', models.IntegerField(default=0)),
                ('entered_5', models.IntegerField(default=0)),
                ('entered_6', models.IntegerField(default=0)),
                ('entered_7', models.IntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('axis', 'day', 'key'), name='dayfact_once')],
            },
        ),
        migrations.CreateModel(
            name='LeadFact',
            fields=[
                ('lead', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='fact', serialize=False, to='leadops.lead')),
                ('received_at', models.DateTimeField()),
                ('first_source', models.CharField(max_length=64)),
                ('first_campaign', models.CharField(max_length=64)),
                ('first_channel', models.CharField(max_length=40)),
                ('last_source', models.CharField(max_length=64)),
                ('last_campaign', models.CharField(max_length=64)),
                ('last_channel', models.CharField(max_length=40)),
                ('ended', models.CharField(max_length=60)),
                ('is_open', models.BooleanField()),
                ('stage_at', models.DateTimeField()),
                ('waiting_on', models.CharField(max_length=8)),
                ('entered_2', models.DateTimeField(null=True)),
                ('entered_3', models.DateTimeField(null=True)),
                ('entered_4', models.DateTimeField(null=True)),
                ('entered_5', models.DateTimeField(null=True)),
                ('entered_6', models.DateTimeField(null=True)),
                ('entered_7', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['received_at'], name='leadfact_received'), models.Index(condition=models.Q(('is_open', True)), fields=['stage_at', 'lead'], name='leadfact_oldest')],
            },
        ),
        migrations.CreateModel(
            name='AskingFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cycle', models.PositiveSmallIntegerField()),
                ('asked_at', models.DateTimeField()),
                ('assigned_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('contacted_at', models.DateTimeField(null=True)),
                ('next_asked_at', models.DateTimeField(null=True)),
                ('owner_id', models.UUIDField(null=True)),
                ('source', models.CharField(max_length=64)),
                ('asks', models.BooleanField()),
                ('is_open', models.BooleanField()),
                ('converted', models.BooleanField()),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='leadops.lead')),
            ],
            options={
                'indexes': [models.Index(fields=['lead'], name='askingfact_lead'), models.Index(fields=['asked_at'], name='askingfact_asked'), models.Index(fields=['owner_id', 'asked_at'], name='askingfact_owner'), models.Index(condition=models.Q(('answered_at__isnull', True), ('is_open', True)), fields=['asked_at'], include=('owner_id', 'source', 'asks', 'next_asked_at', 'lead'), name='askingfact_waiting'), models.Index(condition=models.Q(('next_asked_at__isnull', False)), fields=['asked_at'], name='askingfact_again')],
            },
        ),
        *written('reports', '0002_day_facts', '0003_sums_of_waits', '0004_sums_kept'),
    ]
