"""The eraser blanks the body of a submission and nothing else of it; costs and submissions are never emptied."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION capture_submission_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.source_id, NEW.delivery_key, NEW.variant, NEW.received_at, NEW.digest)
      IS NOT DISTINCT FROM (OLD.source_id, OLD.delivery_key, OLD.variant, OLD.received_at, OLD.digest)
      AND (NEW.body = OLD.body OR coalesce(current_setting('leadops.eraser', true), '') = 'on') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was received is kept as received' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER cost_never_emptied BEFORE TRUNCATE ON capture_cost EXECUTE FUNCTION leadops_never_emptied();
CREATE TRIGGER submission_never_emptied BEFORE TRUNCATE ON capture_submission EXECUTE FUNCTION leadops_never_emptied();
"""
BACK = """
DROP TRIGGER cost_never_emptied ON capture_cost;
DROP TRIGGER submission_never_emptied ON capture_submission;
CREATE OR REPLACE FUNCTION capture_submission_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('leadops.eraser', true), '') = 'on' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
  END IF;
  IF TG_OP = 'DELETE' OR (NEW.source_id, NEW.delivery_key, NEW.variant, NEW.received_at, NEW.body, NEW.digest)
      IS DISTINCT FROM (OLD.source_id, OLD.delivery_key, OLD.variant, OLD.received_at, OLD.body, OLD.digest) THEN
    RAISE EXCEPTION 'what was received is kept as received' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0002_guards"), ("leadops", "0010_guards_that_fit")]

    operations = [migrations.RunSQL(FUNCTION, BACK)]
