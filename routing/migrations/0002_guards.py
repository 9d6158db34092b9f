"""Credits are append-only; a closed assignment never changes."""

from django.db import migrations

SQL = """
CREATE TRIGGER creditentry_append_only BEFORE UPDATE OR DELETE ON routing_creditentry
  FOR EACH ROW EXECUTE FUNCTION leadops_append_only();
CREATE TRIGGER assignment_closed BEFORE UPDATE OR DELETE ON routing_assignment
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION leadops_append_only();
"""
BACK = "DROP TRIGGER creditentry_append_only ON routing_creditentry; DROP TRIGGER assignment_closed ON routing_assignment;"


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial"), ("leadops", "0002_guards")]

    operations = [migrations.RunSQL(SQL, BACK)]
