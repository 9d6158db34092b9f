"""All tables of routing as they stand after 0011_one_open_assignment_again, for an empty database, in one step.

Triggers, functions and reference rows are those of the migrations it replaces, which stay for a database that is on that way.
"""

import django.contrib.postgres.constraints
import django.db.models.deletion
import leadops.ids
import leadops.models.columns
from django.conf import settings
from django.db import migrations, models
from leadops.migrations import written


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('routing', '0001_initial'),
        ('routing', '0002_guards'),
        ('routing', '0003_unchecked_references'),
        ('routing', '0004_kept'),
        ('routing', '0005_guards_that_fit'),
        ('routing', '0006_board_and_reassignments'),
        ('routing', '0007_answered_today'),
        ('routing', '0008_clocks_by_due_time'),
        ('routing', '0009_departures'),
        ('routing', '0010_an_index_has_a_reader'),
        ('routing', '0011_one_open_assignment_again'),
    ]

    dependencies = [
        ('leadops', '0001_squashed_0024_an_index_has_a_reader'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Territory',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(unique=True)),
                ('name', models.JSONField(blank=True, default=dict)),
                ('active', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'territory',
                'verbose_name_plural': 'territories',
            },
        ),
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('kind', models.CharField(choices=[('first_attempt', 'First attempt'), ('acceptance', 'Acceptance'), ('follow_up', 'Follow-up'), ('qualify', 'Qualification')], max_length=16)),
                ('rule', models.SlugField(db_index=False)),
                ('decision', models.UUIDField(null=True)),
                ('target_seconds', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('running', 'Running'), ('met', 'Met'), ('cancelled', 'Cancelled')], default='running', max_length=10)),
                ('ended_at', models.DateTimeField(null=True)),
                ('breached_at', models.DateTimeField(null=True)),
                ('segments', models.JSONField(default=list)),
                ('next_step', models.CharField(blank=True, default='', max_length=24)),
                ('next_at', models.DateTimeField(null=True)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('calendar', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='leadops.lead')),
                ('policy', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('rep', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='leadops.rep')),
            ],
            options={
                'verbose_name': 'clock',
                'verbose_name_plural': 'clocks',
                'indexes': [models.Index(condition=models.Q(('next_at__isnull', False), ('state', 'running')), fields=['next_at'], name='clock_next'), models.Index(fields=['lead', 'kind', '-started_at'], name='clock_of_lead'), models.Index(fields=['kind', 'started_at'], name='clock_started'), models.Index(condition=models.Q(('state', 'running')), fields=['rep', 'due_at'], name='clock_running_of_rep'), models.Index(condition=models.Q(('state', 'running')), fields=['due_at', 'lead'], name='clock_running_due'), models.Index(condition=models.Q(('breached_at__isnull', False)), fields=['breached_at', 'lead'], name='clock_breached'), models.Index(condition=models.Q(('kind', 'first_attempt'), ('state', 'met')), fields=['rep', 'started_at'], name='clock_answered_by'), models.Index(condition=models.Q(('kind', 'first_attempt'), ('state', 'met')), fields=['rep', 'ended_at'], name='clock_answered_at')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('lead', 'cycle', 'kind'), name='clock_one_running'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='clock_times'), models.CheckConstraint(condition=models.Q(('breached_at__isnull', True), ('breached_at', models.F('due_at')), _connector='OR'), name='clock_breach_is_true_time'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='clock_ended')],
            },
        ),
        migrations.CreateModel(
            name='Pool',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(unique=True)),
                ('name', models.JSONField(blank=True, default=dict)),
                ('method', models.CharField(choices=[('credit', 'Weighted round robin'), ('least_loaded', 'Least loaded')], default='credit', max_length=12)),
                ('absence', models.CharField(choices=[('none', 'No catch-up after an absence'), ('capped', 'Capped catch-up after an absence')], default='none', max_length=8)),
                ('claimable', models.BooleanField(default=False, verbose_name='reps may claim')),
                ('claim_limit', models.PositiveSmallIntegerField(default=10, verbose_name='claims per 24 hours')),
                ('active', models.BooleanField(default=True)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pools', to='leadops.team')),
            ],
            options={
                'verbose_name': 'pool',
                'verbose_name_plural': 'pools',
            },
        ),
        migrations.CreateModel(
            name='Reassignment',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('destination', models.CharField(max_length=64)),
                ('reason', models.CharField(max_length=300)),
                ('planned_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('undone_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'reassignment',
                'verbose_name_plural': 'reassignments',
                'indexes': [models.Index(fields=['by', '-id'], name='reassignment_of')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('started_at__isnull', False), _connector='OR'), models.Q(('undone_at__isnull', True), ('done_at__isnull', False), _connector='OR')), name='reassignment_order')],
            },
        ),
        migrations.CreateModel(
            name='ClockStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(max_length=24)),
                ('due_at', models.DateTimeField()),
                ('fired_at', models.DateTimeField()),
                ('outcome', models.CharField(max_length=24)),
                ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='routing.clock')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('clock', 'step'), name='clockstep_once')],
            },
        ),
        migrations.CreateModel(
            name='CreditEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('decision', models.UUIDField(null=True)),
                ('delta', models.DecimalField(decimal_places=6, max_digits=14)),
                ('why', models.CharField(choices=[('accrued', 'Accrued'), ('paid', 'Paid for a lead'), ('given_back', 'Given back'), ('joined', 'Joined at the median'), ('corrected', 'Corrected')], max_length=12)),
                ('at', models.DateTimeField()),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.lead')),
                ('rep', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='credit_entries', to='leadops.rep')),
                ('pool', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='routing.pool')),
            ],
            options={
                'indexes': [models.Index(fields=['pool', 'rep', '-id'], name='creditentry_of_rep'), models.Index(fields=['lead'], name='creditentry_of_lead')],
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('how', models.CharField(choices=[('pushed', 'By rule'), ('claimed', 'Claimed'), ('by_hand', 'By hand'), ('sticky', 'Known owner')], default='pushed', max_length=8)),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('units', models.PositiveSmallIntegerField(default=1)),
                ('started_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_why', models.CharField(blank=True, default='', max_length=24)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decision', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='leadops.decision')),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='leadops.lead')),
                ('rep', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='leadops.rep')),
                ('pool', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='routing.pool')),
            ],
            options={
                'verbose_name': 'assignment',
                'verbose_name_plural': 'assignments',
                'indexes': [models.Index(fields=['rep', '-started_at'], name='assignment_of_rep'), models.Index(fields=['lead', '-started_at'], name='assignment_of_lead')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('lead',), name='assignment_one_open'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='assignment_times')],
            },
        ),
        migrations.CreateModel(
            name='PoolCredit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('credit', models.DecimalField(decimal_places=6, default=0, max_digits=14)),
                ('taken', models.PositiveIntegerField(default=0)),
                ('last_at', models.DateTimeField(null=True)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credits', to='routing.pool')),
                ('rep', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credits', to='leadops.rep')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pool', 'rep'), name='poolcredit_once')],
            },
        ),
        migrations.CreateModel(
            name='PoolMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(blank=True, null=True)),
                ('known_from', models.DateTimeField()),
                ('known_to', models.DateTimeField(blank=True, null=True)),
                ('weight', models.DecimalField(decimal_places=2, default=1, max_digits=6)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='routing.pool')),
                ('rep', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pools', to='leadops.rep')),
            ],
            options={
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='routing_poolmember_valid'), models.CheckConstraint(condition=models.Q(('known_to__isnull', True), ('known_to__gte', models.F('known_from')), _connector='OR'), name='routing_poolmember_known'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('known_to__isnull', True)), expressions=[('pool', '='), ('rep', '='), (models.Func(models.F('valid_from'), models.F('valid_to'), function='tstzrange'), '&&')], name='poolmember_no_overlap'), models.CheckConstraint(condition=models.Q(('weight__gt', 0)), name='poolmember_weight')],
            },
        ),
        migrations.CreateModel(
            name='ReassignedLead',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('held', models.CharField(blank=True, default='', max_length=24)),
                ('pool', models.CharField(blank=True, default='', max_length=50)),
                ('note', models.CharField(blank=True, default='', max_length=24)),
                ('result', models.CharField(blank=True, choices=[('moved', 'Moved'), ('waits', 'Waits for an owner'), ('changed', 'Changed hands meanwhile'), ('closed', 'Closed meanwhile'), ('stayed', 'Had this owner already'), ('undone', 'Taken back'), ('worked_on', 'Changed since: stays')], default='', max_length=12)),
                ('before', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep')),
                ('foreseen', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep')),
                ('got', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.lead')),
                ('reassignment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='routing.reassignment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('reassignment', 'lead'), name='reassignedlead_once')],
            },
        ),
        migrations.CreateModel(
            name='Departure',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('accounts', models.PositiveIntegerField(default=0)),
                ('undone_at', models.DateTimeField(null=True)),
                ('accounts_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rep', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='departures', to='leadops.rep')),
                ('plan', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='departure', to='routing.reassignment')),
            ],
            options={
                'verbose_name': 'departure',
                'verbose_name_plural': 'departures',
                'indexes': [models.Index(fields=['rep', '-at'], name='departure_of')],
                'constraints': [models.CheckConstraint(condition=models.Q(('undone_at__isnull', True), ('undone_at__gte', models.F('at')), _connector='OR'), name='departure_undone_after')],
            },
        ),
        migrations.CreateModel(
            name='TerritoryPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(blank=True, null=True)),
                ('known_from', models.DateTimeField()),
                ('known_to', models.DateTimeField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('country', 'Country'), ('region', 'Region'), ('postcode', 'Postcode prefix')], max_length=8)),
                ('country', models.CharField(max_length=2)),
                ('value', models.CharField(blank=True, default='', max_length=16)),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='routing.territory')),
            ],
            options={
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='routing_territoryplace_valid'), models.CheckConstraint(condition=models.Q(('known_to__isnull', True), ('known_to__gte', models.F('known_from')), _connector='OR'), name='routing_territoryplace_known'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('known_to__isnull', True)), expressions=[('kind', '='), ('country', '='), ('value', '='), (models.Func(models.F('valid_from'), models.F('valid_to'), function='tstzrange'), '&&')], name='territoryplace_no_overlap')],
            },
        ),
        *written('routing', '0002_guards', '0004_kept', '0005_guards_that_fit'),
    ]
