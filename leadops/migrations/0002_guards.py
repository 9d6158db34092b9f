"""Triggers behind the invariants no constraint can state: append-only tables and frozen versions.

Only the eraser passes, by setting `leadops.eraser` for its own transaction.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION leadops_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('leadops.eraser', true), '') = 'on' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION leadops_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
  END IF;
  IF TG_OP = 'DELETE' OR (NEW.body, NEW.kind, NEW.key, NEW.number, NEW.schema, NEW.state = 'draft')
      IS DISTINCT FROM (OLD.body, OLD.kind, OLD.key, OLD.number, OLD.schema, false) THEN
    RAISE EXCEPTION 'a published version is frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""
DROP = "DROP FUNCTION leadops_append_only() CASCADE; DROP FUNCTION leadops_frozen_version() CASCADE;"
TABLES = ["journalentry", "touch", "decision", "decisionbatch", "seal", "consent", "exchangerate"]


def guard(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON leadops_{table} "
        f"FOR EACH ROW EXECUTE FUNCTION leadops_append_only();"
    )


class Migration(migrations.Migration):
    dependencies = [("leadops", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP),
        migrations.RunSQL("\n".join(guard(t) for t in TABLES), migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE TRIGGER version_frozen BEFORE UPDATE OR DELETE ON leadops_version "
            "FOR EACH ROW EXECUTE FUNCTION leadops_frozen_version();",
            migrations.RunSQL.noop,
        ),
    ]
