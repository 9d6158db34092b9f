"""A submission whose person was erased comes back without its content, whoever sends it again; and the eraser may
replace a delivery key that names a person, and all that a visit's address said.
"""

from django.db import migrations

KEPT = """
CREATE OR REPLACE FUNCTION capture_submission_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.source_id, NEW.variant, NEW.received_at, NEW.digest)
      IS NOT DISTINCT FROM (OLD.source_id, OLD.variant, OLD.received_at, OLD.digest)
      AND ((NEW.body = OLD.body AND NEW.delivery_key = OLD.delivery_key)
        OR coalesce(current_setting('leadops.eraser', true), '') = 'on') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was received is kept as received' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION capture_submission_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.source_id, NEW.delivery_key, NEW.variant, NEW.received_at, NEW.digest)
      IS NOT DISTINCT FROM (OLD.source_id, OLD.delivery_key, OLD.variant, OLD.received_at, OLD.digest)
      AND (NEW.body = OLD.body OR coalesce(current_setting('leadops.eraser', true), '') = 'on') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was received is kept as received' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
# Both questions are answered by an index over erased rows or by the one of deliveries.
COMES_BACK = """
CREATE FUNCTION capture_stays_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM capture_submission WHERE digest = NEW.digest AND reason = 'erased')
      OR EXISTS (SELECT 1 FROM capture_submission WHERE source_id = NEW.source_id AND reason = 'erased' AND delivery_key IN
        (NEW.delivery_key, 'e#' || encode(sha256(convert_to(NEW.delivery_key, 'UTF8')), 'hex'))) THEN
    NEW.body := ''; NEW.headers := '{}'; NEW.warnings := '[]'; NEW.error := ''; NEW.edited := NULL;
    NEW."end" := 'duplicate'; NEW.reason := 'erased'; NEW.ended_at := NEW.received_at;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER submission_stays_erased BEFORE INSERT ON capture_submission FOR EACH ROW
  EXECUTE FUNCTION capture_stays_erased();
"""
VISIT = """
DROP TRIGGER visit_append_only ON capture_visit;
CREATE TRIGGER visit_append_only BEFORE UPDATE OR DELETE ON capture_visit FOR EACH ROW
  EXECUTE FUNCTION leadops_append_only({});
"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0010_erased_submissions"), ("leadops", "0028_what_the_eraser_blanks")]

    operations = [
        migrations.RunSQL(KEPT, KEPT_BEFORE),
        migrations.RunSQL(COMES_BACK, "DROP FUNCTION capture_stays_erased() CASCADE"),
        migrations.RunSQL(
            VISIT.format("'url', 'referrer', 'utm', 'click_ids'"), VISIT.format("'url', 'referrer', 'click_ids'")
        ),
    ]
