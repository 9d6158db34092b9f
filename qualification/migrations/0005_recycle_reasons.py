"""Two more reasons to let a lead rest, shipped in both languages."""

from django.db import migrations

REASONS = [
    ("contract_running", "Contrat en cours ailleurs", "Bound by a contract elsewhere"),
    ("reorganisation", "Réorganisation ou interlocuteur qui change", "Reorganisation or new contact"),
]


def fill(apps, schema_editor):
    reason = apps.get_model("leadops", "Reason")
    first = reason.objects.filter(use="recycle").count()
    for i, (key, fr, en) in enumerate(REASONS):
        reason.objects.get_or_create(
            use="recycle", key=key, defaults={"labels": {"fr": fr, "en": en}, "position": first + i}
        )


class Migration(migrations.Migration):
    dependencies = [("qualification", "0004_answers_append_only"), ("leadops", "0003_reference")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
