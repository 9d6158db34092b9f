"""The shipped reason says opportunity in French as every screen does; a label that somebody changed stays."""

from django.db import migrations

SET = """
UPDATE leadops_reason SET labels = jsonb_set(labels, '{fr}', to_jsonb(%s::text))
WHERE use = 'disqualify' AND key = 'customer' AND labels ->> 'fr' = %s
"""
BEFORE, AFTER = "Déjà client ou affaire en cours", "Déjà client ou opportunité en cours"


class Migration(migrations.Migration):
    dependencies = [("leadops", "0040_engine_two")]
    operations = [migrations.RunSQL([(SET, [AFTER, BEFORE])], [(SET, [BEFORE, AFTER])])]
