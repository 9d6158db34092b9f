"""No index for prefixes on keys that are asked for whole: the squashed migration makes those of its columns at its very end."""

from django.db import migrations

INDEXES = [
    "leadops_personemail_folded_e7144d62_like",
    "leadops_notice_key_9d111fa9_like",
    "leadops_effect_key_aa3e1c22_like",
]


class Migration(migrations.Migration):
    dependencies = [("leadops", "0024_an_index_has_a_reader")]

    operations = [
        migrations.RunSQL(
            "".join(f'DROP INDEX IF EXISTS "{name}";' for name in INDEXES), migrations.RunSQL.noop
        )
    ]
