"""Visitors and their visits: anonymous until stitched to a person; a visit is append-only, its addresses erasable."""

import django.db.models.deletion
import leadops.ids
import leadops.models.columns
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('capture', '0003_guards_that_fit'),
        ('leadops', '0011_segments_and_xid'),
    ]

    operations = [
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
            },
        ),
        migrations.AddConstraint(
            model_name='visitor',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', True), ('stitched_at__isnull', True)), models.Q(('person__isnull', False), ('stitched_at__isnull', False)), _connector='OR'), name='visitor_stitched_at_a_time'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['visitor', 'occurred_at'], name='visit_of_visitor'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['xid', 'id'], name='visit_incremental'),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER visit_append_only BEFORE UPDATE OR DELETE ON capture_visit FOR EACH ROW "
            "EXECUTE FUNCTION leadops_append_only('url', 'referrer', 'click_ids');"
            "CREATE TRIGGER visit_never_emptied BEFORE TRUNCATE ON capture_visit EXECUTE FUNCTION leadops_never_emptied();",
            migrations.RunSQL.noop,
        ),
    ]
