"""A stalled lead names the batches that go on without it; one that waits for a person has no next try."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0005_publications_in_two_times")]

    operations = [
        migrations.AddField("stalled", "doors", models.JSONField(default=list)),
        migrations.AlterField("stalled", "phase", models.CharField(max_length=24, verbose_name="step")),
        migrations.AlterField("stalled", "due_at", models.DateTimeField(null=True, verbose_name="next try")),
        migrations.AlterField("stalled", "starts", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
        migrations.AlterField("stalled", "error", models.CharField(max_length=500, verbose_name="cause")),
        migrations.AlterField("stalled", "at", models.DateTimeField(verbose_name="since")),
        migrations.AlterModelOptions(
            "stalled", {"verbose_name": "stalled lead", "verbose_name_plural": "stalled leads"}
        ),
    ]
