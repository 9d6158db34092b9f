"""The database counts the open leads of a rep as they change; every batch counted them all, 50 ms where there are 400,000."""

import django.db.models.deletion
from django.db import migrations, models

OPEN = "{0}.absorbed_by_id IS NULL AND {0}.stage IN ('new', 'engaged', 'mql', 'sal', 'sql', 'opportunity')"
# leads are never deleted (leadops.0009); of an update what changes the count, row by row: most updates of a lead change none of it
OF = f"CASE WHEN {OPEN} THEN {{0}}.owner_id END"
SQL = f"""
CREATE FUNCTION routing_leads_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO routing_loadentry (rep_id, delta)
  SELECT l.owner_id, count(*) FROM changed l WHERE l.owner_id IS NOT NULL AND {OPEN.format("l")} GROUP BY 1;
  RETURN NULL;
END $$;
CREATE FUNCTION routing_lead_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO routing_loadentry (rep_id, delta)
  SELECT v.rep, v.n FROM (VALUES ({OF.format("OLD")}, -1), ({OF.format("NEW")}, 1)) v (rep, n) WHERE v.rep IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER routing_leads_came AFTER INSERT ON leadops_lead
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION routing_leads_came();
CREATE TRIGGER routing_lead_moved AFTER UPDATE OF owner_id, stage, absorbed_by_id ON leadops_lead FOR EACH ROW
  WHEN (({OF.format("OLD")}) IS DISTINCT FROM ({OF.format("NEW")})) EXECUTE FUNCTION routing_lead_moved();
"""
BACK = """
DROP TRIGGER routing_lead_moved ON leadops_lead;
DROP TRIGGER routing_leads_came ON leadops_lead;
DROP FUNCTION routing_lead_moved();
DROP FUNCTION routing_leads_came();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0013_labels")]
    operations = [
        migrations.CreateModel(
            name="LoadEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("delta", models.IntegerField()),
                (
                    "rep",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadops.rep",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(SQL, BACK),
    ]
