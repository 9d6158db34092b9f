"""Files of rows on their way in, and the row a submission came from."""

import django.db.models.deletion
import leadops.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('capture', '0004_visits'),
        ('leadops', '0015_opportunity_product'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.PositiveIntegerField()),
                ('reason', models.CharField(max_length=40)),
                ('detail', models.CharField(blank=True, default='', max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name='ImportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('data', models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name='submission',
            name='row',
            field=models.PositiveIntegerField(help_text='Its row in the file; the header is row 1.', null=True),
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=leadops.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('leads', 'Leads'), ('accounts', 'Accounts'), ('deals', 'Deals')], default='leads', max_length=10)),
                ('state', models.CharField(choices=[('mapping', 'Columns to be matched'), ('checking', 'Being checked'), ('checked', 'Checked'), ('loading', 'Being imported'), ('settling', 'Being resolved'), ('done', 'Finished'), ('failed', 'Stopped by a fault'), ('discarded', 'Discarded')], default='mapping', max_length=10)),
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
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='capture.source')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
            },
        ),
        migrations.AddField(
            model_name='submission',
            name='file',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='capture.import'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('file__isnull', False)), fields=('file', 'row'), name='submission_once_per_row'),
        ),
        migrations.AddField(
            model_name='importfault',
            name='file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='capture.import'),
        ),
        migrations.AddField(
            model_name='importpart',
            name='file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='capture.import'),
        ),
        migrations.AddIndex(
            model_name='import',
            index=models.Index(fields=['header', '-id'], name='import_like_this'),
        ),
        migrations.AddIndex(
            model_name='import',
            index=models.Index(condition=models.Q(('state__in', ['checking', 'loading', 'settling'])), fields=['id'], name='import_at_work'),
        ),
        migrations.AddConstraint(
            model_name='import',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'discarded'), _negated=True), fields=('kind', 'digest'), name='import_once_per_file'),
        ),
        migrations.AddConstraint(
            model_name='import',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['mapping', 'checking', 'checked', 'discarded']), ('committed_at__isnull', False), _connector='OR'), name='import_committed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='importfault',
            constraint=models.UniqueConstraint(fields=('file', 'row'), name='import_fault_once'),
        ),
        migrations.AddConstraint(
            model_name='importpart',
            constraint=models.UniqueConstraint(fields=('file', 'number'), name='import_part_once'),
        ),
    ]
