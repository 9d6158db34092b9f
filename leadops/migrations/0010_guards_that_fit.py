"""Each guard as wide as its table's nature: the eraser passes only for marked columns, rows on the side only by
deletion, two-time rows are closed once, all of a frozen version is frozen, and nobody empties such a table.

`leadops_append_only(columns…)`: the columns the eraser (`leadops.eraser` = on, for its own transaction) may change; a
minus among them lets it delete the row. TRUNCATE passes only with `leadops.may_truncate` = on, as test runs have it.
"""

from django.db import migrations

FUNCTIONS = """
CREATE OR REPLACE FUNCTION leadops_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  marked text[] := coalesce(TG_ARGV, '{}');
BEGIN
  IF coalesce(current_setting('leadops.eraser', true), '') = 'on' THEN
    IF TG_OP = 'DELETE' AND '-' = ANY(marked) THEN RETURN OLD; END IF;
    IF TG_OP = 'UPDATE' AND cardinality(array_remove(marked, '-')) > 0
        AND to_jsonb(NEW) - marked = to_jsonb(OLD) - marked THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION leadops_two_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.known_to IS NULL AND NEW.known_to IS NOT NULL
      AND to_jsonb(NEW) - 'known_to' = to_jsonb(OLD) - 'known_to' THEN RETURN NEW; END IF;
  RAISE EXCEPTION '%: what was known is closed once, never changed', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION leadops_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('leadops.may_truncate', true), '') = 'on' THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE FUNCTION leadops_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  free text[] := '{state,review_on,changed_at}';
BEGIN
  IF OLD.state = 'draft' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
  END IF;
  IF TG_OP = 'DELETE' OR NEW.state = 'draft' OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
    RAISE EXCEPTION 'a published version is frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""
FUNCTIONS_BEFORE = """
CREATE OR REPLACE FUNCTION leadops_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('leadops.eraser', true), '') = 'on' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP FUNCTION leadops_two_times() CASCADE;
DROP FUNCTION leadops_never_emptied() CASCADE;
CREATE OR REPLACE FUNCTION leadops_frozen_version() RETURNS trigger LANGUAGE plpgsql AS $$
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
ASIDE = {"touchdetail": "'-'", "entrytext": "'-'", "decisionfacts": "'-'", "suppression": ""}
TWO_TIMES = ["repterms", "absence", "accountowner", "publication"]
NEVER_EMPTIED = [
    "journalentry", "touch", "decision", "decisionbatch", "seal", "consent", "exchangerate", "suppression", "version",
    "publication",
]  # fmt: skip


def _row(table: str, name: str, function: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE UPDATE OR DELETE ON leadops_{table} FOR EACH ROW EXECUTE FUNCTION {function};"
    )


ON = [
    *(_row(table, "append_only", f"leadops_append_only({args})") for table, args in ASIDE.items()),
    "DROP TRIGGER consent_append_only ON leadops_consent;",
    _row("consent", "append_only", "leadops_append_only('collected_from')"),
    *(_row(table, "two_times", "leadops_two_times()") for table in TWO_TIMES),
    *(
        f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON leadops_{table} EXECUTE FUNCTION leadops_never_emptied();"
        for table in NEVER_EMPTIED
    ),
]
OFF = [
    *(f"DROP TRIGGER {table}_append_only ON leadops_{table};" for table in ASIDE),
    "DROP TRIGGER consent_append_only ON leadops_consent;",
    _row("consent", "append_only", "leadops_append_only()"),
]


class Migration(migrations.Migration):
    dependencies = [("leadops", "0009_kept")]

    operations = [
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BEFORE),
        migrations.RunSQL("\n".join(ON), "\n".join(OFF)),
    ]
