"""The open leads of before are counted, without a lock on them: those of since are counted as they change."""

from django.db import migrations

OPEN = "absorbed_by_id IS NULL AND stage IN ('new', 'engaged', 'mql', 'sal', 'sql', 'opportunity')"
# one statement, and so one sight: whoever changed leads before the triggers stood has ended, all others left their entries
COUNT = f"""
INSERT INTO routing_loadentry (rep_id, delta)
SELECT rep, coalesce(l.n, 0) - coalesce(e.n, 0)
FROM (SELECT owner_id AS rep, count(*) AS n FROM leadops_lead WHERE owner_id IS NOT NULL AND {OPEN} GROUP BY 1) l
FULL JOIN (SELECT rep_id AS rep, sum(delta) AS n FROM routing_loadentry GROUP BY 1) e USING (rep)
WHERE coalesce(l.n, 0) <> coalesce(e.n, 0)
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0014_open_leads_are_counted")]
    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
