"""All tables of qualification as they stand after 0007_one_open_handoff_again, for an empty database, in one step.

Triggers, functions and reference rows are those of the migrations it replaces, which stay for a database that is on that way.
"""

import django.db.models.deletion
import leadops.ids
import leadops.models.columns
from django.conf import settings
from django.db import migrations, models
from leadops.migrations import written


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('qualification', '0001_initial'),
        ('qualification', '0002_unchecked_references'),
        ('qualification', '0003_behaviour_framework'),
        ('qualification', '0004_answers_append_only'),
        ('qualification', '0005_recycle_reasons'),
        ('qualification', '0006_an_index_has_a_reader'),
        ('qualification', '0007_one_open_handoff_again'),
    ]

    dependencies = [
        ('leadops', '0001_squashed_0024_an_index_has_a_reader'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FrameworkAnswer',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('question', models.CharField(max_length=50)),
                ('answer', models.CharField(max_length=50)),
                ('evidence', models.CharField(choices=[('call', 'Call'), ('mail', 'E-mail'), ('meeting', 'Meeting'), ('form', 'Form'), ('other', 'Other')], default='call', max_length=8)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('framework', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='leadops.lead')),
            ],
            options={
                'verbose_name': 'answer',
                'verbose_name_plural': 'answers',
                'indexes': [models.Index(fields=['lead', 'cycle', 'question', '-at'], name='answer_of_lead')],
            },
        ),
        migrations.CreateModel(
            name='FrameworkVersion',
            fields=[
            ],
            options={
                'verbose_name': 'qualification framework',
                'verbose_name_plural': 'qualification frameworks',
                'proxy': True,
            },
            bases=('leadops.version',),
        ),
        migrations.CreateModel(
            name='MqlDefinition',
            fields=[
            ],
            options={
                'verbose_name': 'MQL definition',
                'verbose_name_plural': 'MQL definitions',
                'proxy': True,
            },
            bases=('leadops.version',),
        ),
        migrations.CreateModel(
            name='Scorecard',
            fields=[
            ],
            options={
                'verbose_name': 'scorecard',
                'verbose_name_plural': 'scorecards',
                'proxy': True,
            },
            bases=('leadops.version',),
        ),
        migrations.CreateModel(
            name='Handoff',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('decision', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('offered', 'Offered'), ('accepted', 'Accepted'), ('handed_back', 'Handed back'), ('expired', 'Expired'), ('withdrawn', 'Withdrawn')], default='offered', max_length=12)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('offered_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('overdue_at', models.DateTimeField(null=True)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('answered_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('definition', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='handoffs', to='leadops.lead')),
                ('rep', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='handoffs', to='leadops.rep')),
            ],
            options={
                'verbose_name': 'handoff',
                'verbose_name_plural': 'handoffs',
                'indexes': [models.Index(fields=['lead', '-offered_at'], name='handoff_of_lead'), models.Index(fields=['-offered_at', '-id'], name='handoff_latest'), models.Index(condition=models.Q(('overdue_at__isnull', False), ('state', 'offered')), fields=['overdue_at'], name='handoff_overdue')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'offered')), fields=('lead',), name='handoff_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'handed_back'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='handoff_back_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='handoff_answered')],
            },
        ),
        migrations.CreateModel(
            name='ScoreSheet',
            fields=[
                ('lead', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='score_sheet', serialize=False, to='leadops.lead')),
                ('fit', models.SmallIntegerField()),
                ('engagement', models.SmallIntegerField()),
                ('score', models.SmallIntegerField()),
                ('band', models.CharField(blank=True, default='', max_length=8)),
                ('grade', models.CharField(blank=True, default='', max_length=2)),
                ('level', models.CharField(blank=True, default='', max_length=1)),
                ('matrix', models.CharField(blank=True, default='', max_length=3)),
                ('lines', models.JSONField(default=list)),
                ('counted', models.JSONField(default=dict)),
                ('knocked_out', models.CharField(blank=True, default='', max_length=50)),
                ('next_change_at', models.DateTimeField(null=True)),
                ('stale_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField()),
                ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_change_at__isnull', False)), fields=['next_change_at'], name='scoresheet_due'), models.Index(condition=models.Q(('stale_at__isnull', False)), fields=['stale_at'], name='scoresheet_stale'), models.Index(fields=['matrix', '-lead'], name='scoresheet_matrix')],
            },
        ),
        migrations.CreateModel(
            name='AnswerNote',
            fields=[
                ('answer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='note', serialize=False, to='qualification.frameworkanswer')),
                ('text', models.TextField()),
            ],
        ),
        *written('qualification', '0004_answers_append_only', '0005_recycle_reasons'),
    ]
