"""A proposal can be declined, with the reason kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0017_task_to_answer")]

    operations = [
        migrations.AddField(
            model_name="version",
            name="answer",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AlterField(
            model_name="version",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("published", "Published"),
                    ("replaced", "Replaced"),
                    ("rolled_back", "Rolled back"),
                    ("declined", "Declined"),
                ],
                default="draft",
                max_length=12,
            ),
        ),
    ]
