import django.db.models.deletion
import leadops.ids
import leadops.models.columns
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('leadops', '0001_initial'),
        ('leadops', '0003_reference'),
        ('leadops', '__first__'),
    ]

    operations = [
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
                ('xid', models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('definition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handoffs', to='leadops.lead')),
                ('rep', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='handoffs', to='leadops.rep')),
            ],
            options={
                'verbose_name': 'handoff',
                'verbose_name_plural': 'handoffs',
                'indexes': [models.Index(fields=['lead', '-offered_at'], name='handoff_of_lead')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'offered')), fields=('lead',), name='handoff_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'handed_back'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='handoff_back_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='handoff_answered')],
            },
        ),
        migrations.CreateModel(
            name='ScoreSheet',
            fields=[
                ('lead', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='score_sheet', serialize=False, to='leadops.lead')),
                ('fit', models.SmallIntegerField()),
                ('engagement', models.SmallIntegerField()),
                ('score', models.SmallIntegerField()),
                ('lines', models.JSONField(default=list)),
                ('knocked_out', models.CharField(blank=True, default='', max_length=50)),
                ('next_change_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField()),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.version')),
                ('band', models.CharField(blank=True, default='', max_length=8)),
                ('grade', models.CharField(blank=True, default='', max_length=2)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_change_at__isnull', False)), fields=['next_change_at'], name='scoresheet_due')],
            },
        ),
        migrations.CreateModel(
            name='MqlDefinition',
            fields=[
            ],
            options={
                'verbose_name': 'MQL definition',
                'verbose_name_plural': 'MQL definitions',
                'proxy': True,
                'indexes': [],
                'constraints': [],
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
                'indexes': [],
                'constraints': [],
            },
            bases=('leadops.version',),
        ),
    ]
