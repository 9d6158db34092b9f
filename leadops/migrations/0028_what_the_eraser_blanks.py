"""The eraser may blank what links, explanations and remarks can say of a person; nothing that a figure counts."""

from django.db import migrations

WIDER = {
    "touch": "'medium', 'content', 'term', 'utm_source', 'utm_campaign'",
    "decision": "'why'",
    "suppression": "'why'",
}


def guard(table: str, columns: str) -> str:
    return (
        f"DROP TRIGGER {table}_append_only ON leadops_{table}; CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE "
        f"ON leadops_{table} FOR EACH ROW EXECUTE FUNCTION leadops_append_only({columns});"
    )


class Migration(migrations.Migration):
    dependencies = [("leadops", "0027_reason_erased")]

    operations = [
        migrations.RunSQL(
            "".join(guard(table, columns) for table, columns in WIDER.items()),
            "".join(guard(table, "") for table in WIDER),
        )
    ]
