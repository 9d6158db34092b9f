"""What waits, stays and open leads are counted in; the facts are forgotten and built anew by their reader."""

from datetime import UTC, datetime

from django.db import migrations, models

FORGET = """
TRUNCATE reports_leadfact, reports_askingfact, reports_dayfact;
DELETE FROM reports_factsread;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0019_demo'),
        ('reports', '0002_day_facts'),
    ]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
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
        migrations.AddField(
            model_name='askingfact',
            name='asks',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='askingfact',
            name='converted',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='askingfact',
            name='is_open',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='askingfact',
            name='next_asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='askingfact',
            name='owner_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='askingfact',
            name='source',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='leadfact',
            name='is_open',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='leadfact',
            name='stage_at',
            field=models.DateTimeField(default=datetime(1970, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='leadfact',
            name='waiting_on',
            field=models.CharField(default='', max_length=8),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='askingfact',
            index=models.Index(fields=['owner_id', 'asked_at'], name='askingfact_owner'),
        ),
        migrations.AddIndex(
            model_name='askingfact',
            index=models.Index(condition=models.Q(('answered_at__isnull', True), ('is_open', True)), fields=['asked_at'], include=('owner_id', 'source', 'asks', 'next_asked_at', 'lead'), name='askingfact_waiting'),
        ),
        migrations.AddIndex(
            model_name='askingfact',
            index=models.Index(condition=models.Q(('next_asked_at__isnull', False)), fields=['asked_at'], name='askingfact_again'),
        ),
        migrations.AddIndex(
            model_name='leadfact',
            index=models.Index(condition=models.Q(('is_open', True)), fields=['stage_at', 'lead'], name='leadfact_oldest'),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, FORGET),
    ]
