"""All tables of capture as they stand after 0009_an_index_has_a_reader, for an empty database, in one step.

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
        ('capture', '0001_initial'),
        ('capture', '0002_guards'),
        ('capture', '0003_guards_that_fit'),
        ('capture', '0004_visits'),
        ('capture', '0005_imports'),
        ('capture', '0006_submissions_of_a_person'),
        ('capture', '0007_lean_accept'),
        ('capture', '0008_imports_taken_back'),
        ('capture', '0009_an_index_has_a_reader'),
    ]

    dependencies = [
        ('leadops', '0001_squashed_0024_an_index_has_a_reader'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('channel', models.CharField(blank=True, default='', max_length=40, verbose_name='channel')),
                ('utm_campaign', models.CharField(blank=True, default='', help_text='Visits that carry this name belong to the campaign.', max_length=120, verbose_name='utm_campaign')),
                ('starts_on', models.DateField(blank=True, null=True, verbose_name='starts on')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='ends on')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'campaign',
                'verbose_name_plural': 'campaigns',
                'constraints': [models.UniqueConstraint(condition=models.Q(('utm_campaign', ''), _negated=True), fields=('utm_campaign',), name='campaign_utm_once'), models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='campaign_dates')],
            },
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_slug', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('code', models.CharField(max_length=24)),
                ('count', models.PositiveIntegerField(default=0)),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source_slug', 'day', 'code'), name='refusal_once')],
            },
        ),
        migrations.CreateModel(
            name='Visitor',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('token', models.BinaryField(help_text='Digest of the first-party cookie.', max_length=32, unique=True)),
                ('stitched_at', models.DateTimeField(blank=True, null=True)),
                ('first_seen_at', models.DateTimeField()),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visitors', to='leadops.person')),
            ],
            options={
                'verbose_name': 'visitor',
                'verbose_name_plural': 'visitors',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', True), ('stitched_at__isnull', True)), models.Q(('person__isnull', False), ('stitched_at__isnull', False)), _connector='OR'), name='visitor_stitched_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(max_length=64, unique=True, verbose_name='name in figures')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('adapter', models.CharField(default='json', max_length=24, verbose_name='adapter')),
                ('state', models.CharField(choices=[('live', 'Live'), ('paused', 'Paused'), ('ended', 'Ended')], default='live', max_length=8)),
                ('channel', models.CharField(blank=True, default='', max_length=40, verbose_name='channel')),
                ('product_line', models.SlugField(blank=True, default='', max_length=40)),
                ('language', models.CharField(blank=True, default='', max_length=8)),
                ('country', models.CharField(blank=True, default='', max_length=2)),
                ('phone_region', models.CharField(blank=True, default='FR', max_length=2)),
                ('hand_raiser', models.BooleanField(default=True, verbose_name='asks to be contacted')),
                ('trigger', models.CharField(choices=[('now', 'Route now'), ('mql', 'Route at MQL'), ('rules', 'As the ruleset says')], default='rules', max_length=8)),
                ('signed', models.BooleanField(default=False, verbose_name='signature required')),
                ('scheme', models.CharField(blank=True, default='', max_length=24)),
                ('mapping', models.JSONField(blank=True, default=dict, help_text='Field of the lead → path in the payload.')),
                ('created_at', models.DateTimeField()),
                ('last_received_at', models.DateTimeField(blank=True, null=True)),
                ('campaign', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sources', to='capture.campaign', verbose_name='campaign')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'source',
                'verbose_name_plural': 'sources',
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('url', models.TextField(blank=True, default='')),
                ('referrer', models.TextField(blank=True, default='')),
                ('utm', models.JSONField(blank=True, default=dict)),
                ('click_ids', models.JSONField(blank=True, default=dict)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('visitor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='capture.visitor')),
            ],
            options={
                'verbose_name': 'visit',
                'verbose_name_plural': 'visits',
                'indexes': [models.Index(fields=['visitor', 'occurred_at'], name='visit_of_visitor'), models.Index(fields=['xid', 'id'], name='visit_incremental')],
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('leads', 'Leads'), ('accounts', 'Accounts'), ('deals', 'Deals')], default='leads', max_length=10)),
                ('state', models.CharField(choices=[('mapping', 'Columns to be matched'), ('checking', 'Being checked'), ('checked', 'Checked'), ('loading', 'Being imported'), ('settling', 'Being resolved'), ('done', 'Finished'), ('failed', 'Stopped by a fault'), ('discarded', 'Discarded'), ('undoing', 'Being taken back'), ('undone', 'Taken back')], default='mapping', max_length=10)),
                ('name', models.CharField(max_length=200)),
                ('digest', models.BinaryField(help_text='SHA-256 of the file.', max_length=32)),
                ('header', models.BinaryField(help_text='SHA-256 of the names of its columns: a file like this one.', max_length=32)),
                ('size', models.BigIntegerField()),
                ('rows', models.PositiveIntegerField(default=0)),
                ('columns', models.JSONField(default=list, help_text='[{"name": …, "samples": […]}] in the order of the file.')),
                ('encoding', models.CharField(max_length=16)),
                ('separator', models.CharField(max_length=1)),
                ('mapping', models.JSONField(default=dict, help_text='Position of a column → what it holds.')),
                ('options', models.JSONField(default=dict)),
                ('next_row', models.PositiveIntegerField(default=0, help_text='Rows up to here are done in this state.')),
                ('found', models.JSONField(default=dict, help_text='Counts of the dry run.')),
                ('ends', models.JSONField(default=dict, help_text='Counts of what became of the rows.')),
                ('starts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField()),
                ('committed_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('undo_at', models.DateTimeField(null=True)),
                ('undone_at', models.DateTimeField(null=True)),
                ('lap', models.PositiveSmallIntegerField(default=0, help_text='How often the same file was taken back before.')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undone_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='capture.source')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'indexes': [models.Index(fields=['header', '-id'], name='import_like_this'), models.Index(condition=models.Q(('state__in', ['checking', 'loading', 'settling', 'undoing'])), fields=['id'], name='import_at_work')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['discarded', 'undone']), _negated=True), fields=('kind', 'digest'), name='import_once_per_file'), models.CheckConstraint(condition=models.Q(('state__in', ['mapping', 'checking', 'checked', 'discarded']), ('committed_at__isnull', False), _connector='OR'), name='import_committed_has_time'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state__in', ['undoing', 'undone']), _negated=True), ('undo_at__isnull', False), _connector='OR'), models.Q(('undone_at__isnull', True), ('undo_at__isnull', False), _connector='OR')), name='import_undone_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Form',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(max_length=64, unique=True)),
                ('title', models.JSONField(default=dict)),
                ('intro', models.JSONField(blank=True, default=dict)),
                ('thanks', models.JSONField(blank=True, default=dict)),
                ('fields', models.JSONField(default=list, help_text='[{"name": "email", "required": true}, …]')),
                ('consent', models.JSONField(blank=True, default=dict)),
                ('active', models.BooleanField(default=True)),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='form', to='capture.source')),
            ],
            options={
                'verbose_name': 'hosted form',
                'verbose_name_plural': 'hosted forms',
            },
        ),
        migrations.CreateModel(
            name='Cost',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('from_on', models.DateField(verbose_name='first day')),
                ('to_on', models.DateField(verbose_name='last day')),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('house_minor', models.BigIntegerField(help_text='Empty = not convertible, never zero.', null=True)),
                ('rate_on', models.DateField(null=True)),
                ('recorded_at', models.DateTimeField()),
                ('note', models.CharField(blank=True, default='', max_length=200)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='costs', to='capture.campaign')),
                ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='capture.cost')),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='costs', to='capture.source')),
            ],
            options={
                'verbose_name': 'cost',
                'verbose_name_plural': 'costs',
                'constraints': [models.CheckConstraint(condition=models.Q(('source__isnull', False), ('campaign__isnull', False), _connector='OR'), name='cost_of_something'), models.CheckConstraint(condition=models.Q(('to_on__gte', models.F('from_on'))), name='cost_days'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='cost_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('delivery_key', models.CharField(max_length=200)),
                ('variant', models.BinaryField(default=b'', help_text='Empty, or the digest of another body under the same key.', max_length=32)),
                ('deliveries', models.PositiveIntegerField(default=1)),
                ('received_at', models.DateTimeField()),
                ('content_type', models.CharField(blank=True, default='', max_length=120)),
                ('headers', models.JSONField(default=dict)),
                ('body', models.BinaryField()),
                ('digest', models.BinaryField(max_length=32)),
                ('verified', models.BooleanField(default=False)),
                ('priority', models.SmallIntegerField(default=0, help_text='Live 0; import rows 10 wait behind.')),
                ('row', models.PositiveIntegerField(help_text='Its row in the file; the header is row 1.', null=True)),
                ('end', models.CharField(choices=[('pending', 'Pending'), ('created', 'Created'), ('touched', 'Touched'), ('duplicate', 'Duplicate'), ('quarantined', 'Quarantined'), ('spam', 'Spam'), ('test', 'Test'), ('withdrawn', 'Withdrawn')], default='pending', max_length=12)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
                ('warnings', models.JSONField(default=list)),
                ('edited', models.JSONField(help_text='Fields corrected by a person on replay; the body stays as received.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('starts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('created_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('file', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='capture.import')),
                ('lead', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='leadops.lead')),
                ('person', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='leadops.person')),
                ('source', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='capture.source')),
            ],
            options={
                'verbose_name': 'submission',
                'verbose_name_plural': 'submissions',
                'indexes': [models.Index(condition=models.Q(('end', 'pending')), fields=['priority', 'id'], name='submission_pending'), models.Index(fields=['source', 'received_at'], name='submission_of_source'), models.Index(condition=models.Q(('end__in', ['quarantined', 'spam'])), fields=['end', '-received_at'], name='submission_to_review'), models.Index(condition=models.Q(('lead__isnull', False)), fields=['lead'], name='submission_of_lead'), models.Index(condition=models.Q(('person__isnull', False)), fields=['person'], name='submission_of_person')],
                'constraints': [models.UniqueConstraint(fields=('source', 'delivery_key', 'variant'), name='submission_once'), models.UniqueConstraint(condition=models.Q(('file__isnull', False)), fields=('file', 'row'), name='submission_once_per_row'), models.CheckConstraint(condition=models.Q(models.Q(('end', 'quarantined'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='submission_quarantine_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('end__in', ['created', 'touched']), _negated=True), ('lead__isnull', False), _connector='OR'), name='submission_end_has_lead')],
            },
        ),
        migrations.CreateModel(
            name='ImportFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.PositiveIntegerField()),
                ('reason', models.CharField(max_length=40)),
                ('detail', models.CharField(blank=True, default='', max_length=300)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='capture.import')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('file', 'row'), name='import_fault_once')],
            },
        ),
        migrations.CreateModel(
            name='ImportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('data', models.BinaryField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='capture.import')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('file', 'number'), name='import_part_once')],
            },
        ),
        *written('capture', '0002_guards', '0003_guards_that_fit', '0004_visits', '0007_lean_accept'),
    ]
