"""When somebody was erased last: what was received before that and waits is looked at by its address."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("leadops", "0045_what_is_asked_of_the_whole_house")]

    operations = [
        AddIndexConcurrently(
            "suppression",
            models.Index(fields=["at"], condition=models.Q(("channel", "erased")), name="suppression_erased"),
        ),
    ]
