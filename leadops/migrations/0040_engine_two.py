"""What an empty pool is called is decided anew: records of before replay as older ones."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0039_mailboxes_are_counted'),
    ]

    operations = [
        migrations.AlterField(
            model_name='decision',
            name='engine',
            field=models.PositiveSmallIntegerField(default=2),
        ),
    ]
