"""All tables of nurture as they stand after 0003_away_and_waits, for an empty database, in one step.

Triggers, functions and reference rows are those of the migrations it replaces, which stay for a database that is on that way.
"""

import django.db.models.deletion
import leadops.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('nurture', '0001_initial'),
        ('nurture', '0002_groups'),
        ('nurture', '0003_away_and_waits'),
    ]

    dependencies = [
        ('leadops', '0001_squashed_0024_an_index_has_a_reader'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Away',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='leadops.person')),
                ('back', models.DateField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.SlugField()),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('how', models.CharField(choices=[('condition', 'By condition'), ('hand', 'By hand')], max_length=10)),
                ('state', models.CharField(choices=[('active', 'Running'), ('paused', 'Paused'), ('blocked', 'Blocked'), ('finished', 'Finished'), ('exited', 'Ended early'), ('excluded', 'Not enrolled')], default='active', max_length=8)),
                ('step', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=80)),
                ('entered_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='leadops.lead')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.person')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
            ],
            options={
                'verbose_name': 'enrolment',
                'verbose_name_plural': 'enrolments',
                'indexes': [models.Index(condition=models.Q(('state', 'active')), fields=['next_at'], name='enrolment_due'), models.Index(fields=['sequence', 'state', '-id'], name='enrolment_of_sequence'), models.Index(fields=['lead', '-id'], name='enrolment_of_lead')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('active', 'paused', 'blocked'))), fields=('lead', 'sequence'), name='enrolment_one_live_of_lead'), models.UniqueConstraint(condition=models.Q(('state__in', ('active', 'paused', 'blocked'))), fields=('person',), name='enrolment_one_live_of_person'), models.CheckConstraint(condition=models.Q(('state', 'active'), ('next_at__isnull', True), _connector='OR'), name='enrolment_due_while_active'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['exited', 'excluded', 'blocked']), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='enrolment_end_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='GroupEnrolment',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.SlugField()),
                ('planned_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('undo_at', models.DateTimeField(null=True)),
                ('undone_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'group enrolment',
                'verbose_name_plural': 'group enrolments',
                'indexes': [models.Index(fields=['by', '-id'], name='groupenrolment_of'), models.Index(condition=models.Q(models.Q(('confirmed_at__isnull', False), ('done_at__isnull', True)), models.Q(('undo_at__isnull', False), ('undone_at__isnull', True)), _connector='OR'), fields=['id'], name='groupenrolment_at_work')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('confirmed_at__isnull', False), _connector='OR'), models.Q(('undo_at__isnull', True), ('done_at__isnull', False), _connector='OR'), models.Q(('undone_at__isnull', True), ('undo_at__isnull', False), _connector='OR')), name='groupenrolment_order')],
            },
        ),
        migrations.CreateModel(
            name='GroupMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(blank=True, default='', max_length=80)),
                ('waits', models.CharField(blank=True, default='', max_length=8)),
                ('result', models.CharField(blank=True, choices=[('entered', 'Entered'), ('kept_out', 'Not enrolled'), ('undone', 'Taken back before any mail left'), ('stopped', 'Stopped: a mail had left already'), ('ended', 'Had ended by itself')], default='', max_length=8)),
                ('enrolment', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='nurture.enrolment')),
                ('group', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='nurture.groupenrolment')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.lead')),
            ],
            options={
                'indexes': [models.Index(fields=['group', 'result', 'why'], name='groupmember_by_result')],
                'constraints': [models.UniqueConstraint(fields=('group', 'lead'), name='groupmember_once'), models.CheckConstraint(condition=models.Q(('result__in', ['', 'kept_out']), ('enrolment__isnull', False), _connector='OR'), name='groupmember_entered_has_enrolment')],
            },
        ),
        migrations.CreateModel(
            name='StepDone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(max_length=8)),
                ('at', models.DateTimeField()),
                ('effect', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.effect')),
                ('enrolment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='steps_done', to='nurture.enrolment')),
                ('task', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='leadops.task')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('enrolment', 'step'), name='step_done_once')],
            },
        ),
    ]
