"""The index of erased bodies has no reader any more: `capture_erasedmark` answers."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # a live table is never locked for it
    dependencies = [("capture", "0016_erased_marks")]

    operations = [RemoveIndexConcurrently("submission", "submission_erased")]
