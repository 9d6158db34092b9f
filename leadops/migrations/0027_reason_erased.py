"""The reason of leads whose person was erased: nobody chooses it, screens can name it."""

from django.db import migrations


def fill(apps, schema_editor):
    Reason = apps.get_model("leadops", "Reason")
    labels = {"fr": "Personne effacée", "en": "Person erased"}
    Reason.objects.get_or_create(use="disqualify", key="erased", defaults={"labels": labels, "active": False})


def remove(apps, schema_editor):
    apps.get_model("leadops", "Reason").objects.filter(use="disqualify", key="erased", active=False).delete()


class Migration(migrations.Migration):
    dependencies = [("leadops", "0026_erasure")]

    operations = [migrations.RunPython(fill, remove)]
