"""Leads moved together; what the board counts per rep is read from indexes."""

import django.db.models.deletion
import leadops.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0014_journal_kinds_of_the_rooms'),
        ('routing', '0005_guards_that_fit'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReassignedLead',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('held', models.CharField(blank=True, default='', max_length=24)),
                ('pool', models.CharField(blank=True, default='', max_length=50)),
                ('note', models.CharField(blank=True, default='', max_length=24)),
                ('result', models.CharField(blank=True, choices=[('moved', 'Moved'), ('waits', 'Waits for an owner'), ('changed', 'Changed hands meanwhile'), ('closed', 'Closed meanwhile'), ('stayed', 'Had this owner already'), ('undone', 'Taken back'), ('worked_on', 'Changed since: stays')], default='', max_length=12)),
            ],
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
            ],
            options={
                'verbose_name': 'reassignment',
                'verbose_name_plural': 'reassignments',
            },
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['rep', 'due_at'], name='clock_running_of_rep'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('kind', 'first_attempt'), ('state', 'met')), fields=['rep', 'started_at'], name='clock_answered_by'),
        ),
        migrations.AddField(
            model_name='reassignedlead',
            name='before',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep'),
        ),
        migrations.AddField(
            model_name='reassignedlead',
            name='foreseen',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep'),
        ),
        migrations.AddField(
            model_name='reassignedlead',
            name='got',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.rep'),
        ),
        migrations.AddField(
            model_name='reassignedlead',
            name='lead',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leadops.lead'),
        ),
        migrations.AddField(
            model_name='reassignment',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reassignedlead',
            name='reassignment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='routing.reassignment'),
        ),
        migrations.AddIndex(
            model_name='reassignment',
            index=models.Index(fields=['by', '-id'], name='reassignment_of'),
        ),
        migrations.AddConstraint(
            model_name='reassignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('started_at__isnull', False), _connector='OR'), models.Q(('undone_at__isnull', True), ('done_at__isnull', False), _connector='OR')), name='reassignment_order'),
        ),
        migrations.AddConstraint(
            model_name='reassignedlead',
            constraint=models.UniqueConstraint(fields=('reassignment', 'lead'), name='reassignedlead_once'),
        ),
    ]
