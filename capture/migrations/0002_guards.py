"""Submissions keep what was received; costs are append-only; a lead's source is a known one; shipped sources."""

from django.db import migrations

SQL = """
CREATE FUNCTION capture_submission_kept() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER submission_kept BEFORE UPDATE OF source_id, delivery_key, variant, received_at, body, digest OR DELETE
  ON capture_submission FOR EACH ROW EXECUTE FUNCTION capture_submission_kept();
CREATE TRIGGER cost_append_only BEFORE UPDATE OR DELETE ON capture_cost FOR EACH ROW EXECUTE FUNCTION leadops_append_only();
ALTER TABLE leadops_lead ADD CONSTRAINT lead_source_known FOREIGN KEY (source)
  REFERENCES capture_source (slug) DEFERRABLE INITIALLY DEFERRED;
"""
BACK = """
ALTER TABLE leadops_lead DROP CONSTRAINT lead_source_known;
DROP TRIGGER cost_append_only ON capture_cost;
DROP FUNCTION capture_submission_kept() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0001_initial"), ("leadops", "0003_reference")]

    operations = [migrations.RunSQL(SQL, BACK)]
