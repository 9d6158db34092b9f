"""All sessions of a user can be ended together."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leadops', '0029_mail_stop'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='sessions_end_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
