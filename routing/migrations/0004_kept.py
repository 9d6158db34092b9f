"""Nobody deletes a pool: its credits point to it without a foreign key."""

from django.db import migrations

SQL = "CREATE TRIGGER routing_pool_kept BEFORE DELETE ON routing_pool FOR EACH ROW EXECUTE FUNCTION leadops_kept();"


class Migration(migrations.Migration):
    dependencies = [("routing", "0003_unchecked_references"), ("leadops", "0009_kept")]

    operations = [migrations.RunSQL(SQL, "DROP TRIGGER routing_pool_kept ON routing_pool")]
