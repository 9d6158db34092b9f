"""The reason of leads whose import was taken back: nobody chooses it, screens can name it."""

from django.db import migrations


def fill(apps, schema_editor):
    Reason = apps.get_model("leadops", "Reason")
    labels = {"fr": "Import annulé", "en": "Import taken back"}
    Reason.objects.get_or_create(use="disqualify", key="withdrawn", defaults={"labels": labels, "active": False})


def remove(apps, schema_editor):
    apps.get_model("leadops", "Reason").objects.filter(use="disqualify", key="withdrawn", active=False).delete()


class Migration(migrations.Migration):
    dependencies = [("leadops", "0021_journal_away")]

    operations = [migrations.RunPython(fill, remove)]
