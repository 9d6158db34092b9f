"""Segments, and the writing transaction of what stands beside decisions."""

import django.db.models.deletion
import leadops.ids
import leadops.models.columns
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0010_guards_that_fit'),
    ]

    operations = [
        migrations.AddField(
            model_name='decisionbatch',
            name='xid',
            field=models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False),
        ),
        migrations.AddField(
            model_name='decisionfacts',
            name='xid',
            field=models.BigIntegerField(db_default=leadops.models.columns.CurrentTransaction(), editable=False),
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.SlugField(unique=True)),
                ('name', models.JSONField(blank=True, default=dict)),
                ('when', models.JSONField(help_text='A condition, as rules have it.')),
                ('schema', models.PositiveSmallIntegerField(default=1)),
                ('shared', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='segments', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='segments', to='leadops.team')),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
                'constraints': [models.CheckConstraint(condition=models.Q(('team__isnull', True), ('shared', True), _connector='OR'), name='segment_of_a_team_is_shared')],
            },
        ),
    ]
