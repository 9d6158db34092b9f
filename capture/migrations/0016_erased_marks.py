"""Whether a submission was erased is asked of a small table of marks: to ask all submissions was half of what an accept
cost the database. A mark is the digest of a body, or of source and delivery key, as whose digest a key may be kept (`e#`).
"""

from django.db import migrations, models

KEY = "CASE WHEN starts_with({0}.delivery_key, 'e#') THEN {0}.delivery_key ELSE 'e#' || encode(sha256(convert_to({0}.delivery_key, 'UTF8')), 'hex') END"
MARKS = "({0}.digest), (sha256(uuid_send({0}.source_id) || convert_to(" + KEY + ", 'UTF8')))"
NEW = MARKS.format("NEW")

WRITTEN = f"""
CREATE FUNCTION capture_mark_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO capture_erasedmark (mark) VALUES {NEW} ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER submission_marked_erased AFTER INSERT OR UPDATE OF reason, delivery_key ON capture_submission FOR EACH ROW
  WHEN (NEW.reason = 'erased') EXECUTE FUNCTION capture_mark_erased();
CREATE TRIGGER erasedmark_append_only BEFORE UPDATE OR DELETE ON capture_erasedmark FOR EACH ROW
  EXECUTE FUNCTION leadops_append_only();
CREATE TRIGGER erasedmark_never_emptied BEFORE TRUNCATE ON capture_erasedmark EXECUTE FUNCTION leadops_never_emptied();
INSERT INTO capture_erasedmark (mark) SELECT m.mark FROM capture_submission s, LATERAL (VALUES {MARKS.format("s")}) AS m(mark)
  WHERE s.reason = 'erased' ON CONFLICT DO NOTHING;
"""  # noqa: S608  # texts of this file
UNWRITTEN = """
DROP TRIGGER submission_marked_erased ON capture_submission;
DROP FUNCTION capture_mark_erased();
DROP TRIGGER erasedmark_append_only ON capture_erasedmark;
DROP TRIGGER erasedmark_never_emptied ON capture_erasedmark;
"""
# By its index alone: a plan made while there are few would read all of them ever after.
ASKED = """
CREATE OR REPLACE FUNCTION capture_stays_erased() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF {0} THEN
    NEW.body := ''; NEW.headers := '{{}}'; NEW.warnings := '[]'; NEW.error := ''; NEW.edited := NULL;
    NEW."end" := 'duplicate'; NEW.reason := 'erased'; NEW.ended_at := NEW.received_at;
  END IF;
  RETURN NEW;
END $$;
"""
BY_MARKS = f"EXISTS (SELECT FROM capture_erasedmark WHERE mark IN ({NEW}))"
BY_SUBMISSIONS = """EXISTS (SELECT 1 FROM capture_submission WHERE digest = NEW.digest AND reason = 'erased')
      OR EXISTS (SELECT 1 FROM capture_submission WHERE source_id = NEW.source_id AND reason = 'erased' AND delivery_key IN
        (NEW.delivery_key, 'e#' || encode(sha256(convert_to(NEW.delivery_key, 'UTF8')), 'hex')))"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0015_who_is_next")]

    operations = [
        migrations.CreateModel(
            "ErasedMark", [("mark", models.BinaryField(max_length=32, primary_key=True, serialize=False))]
        ),
        migrations.RunSQL(WRITTEN, UNWRITTEN),
        migrations.RunSQL(ASKED.format(BY_MARKS), ASKED.format(BY_SUBMISSIONS)),
    ]
