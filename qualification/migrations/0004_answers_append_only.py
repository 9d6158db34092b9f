"""Answers are append-only: the trigger of the ground, which lets only the eraser through."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("qualification", "0003_behaviour_framework"), ("leadops", "0002_guards")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER frameworkanswer_append_only BEFORE UPDATE OR DELETE ON qualification_frameworkanswer "
            "FOR EACH ROW EXECUTE FUNCTION leadops_append_only();",
            "DROP TRIGGER frameworkanswer_append_only ON qualification_frameworkanswer;",
        )
    ]
