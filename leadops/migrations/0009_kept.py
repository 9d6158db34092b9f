"""Nobody deletes what rows without a foreign key point to: leads, people, users and reps.

Batches of decisions are append-only and published versions frozen already. Only the eraser passes.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION leadops_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('leadops.eraser', true), '') = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
TABLES = ["leadops_lead", "leadops_person", "leadops_user", "leadops_rep"]


def guard(table: str) -> str:
    return f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION leadops_kept();"


class Migration(migrations.Migration):
    dependencies = [("leadops", "0008_unchecked_references")]

    operations = [migrations.RunSQL("\n".join([FUNCTION, *map(guard, TABLES)]), "DROP FUNCTION leadops_kept() CASCADE")]
