"""The shipped reason says opportunity in French as every screen does; a label that somebody changed stays."""

from typing import Any

from django.db import migrations

BEFORE, AFTER = "Déjà client ou affaire en cours", "Déjà client ou opportunité en cours"


def _say(apps: Any, before: str, after: str) -> None:
    for row in apps.get_model("leadops", "Reason").objects.filter(use="disqualify", key="customer"):
        if row.labels.get("fr") == before:
            row.labels = {**row.labels, "fr": after}
            row.save(update_fields=["labels"])


def fill(apps: Any, schema_editor: Any) -> None:
    _say(apps, BEFORE, AFTER)


def take_back(apps: Any, schema_editor: Any) -> None:
    _say(apps, AFTER, BEFORE)


class Migration(migrations.Migration):
    dependencies = [("leadops", "0040_engine_two")]
    operations = [migrations.RunPython(fill, take_back)]
