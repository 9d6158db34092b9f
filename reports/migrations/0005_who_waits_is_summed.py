"""How many askings of a day still wait becomes a sum, too: a year of them was read row by row."""

from django.db import migrations, models

BANDS = {"within_5": (-1, 300), "5_15": (300, 900), "15_60": (900, 3600), "60_plus": (3600, None)}
SPANS = "(1), (8), (64)"


def band(name: str) -> str:
    above, upto = BANDS[name]
    return f"(x.answered > {above}" + (f" AND x.answered <= {upto})" if upto else ")")


COUNTS = {
    "n": "1",
    "answered": "(x.answered IS NOT NULL)::int",
    "answered_us": "coalesce(x.answered * 1000000, 0)::bigint",
    "split": "coalesce(x.assigned <= x.answered, false)::int",
    "contacted": "(x.contacted IS NOT NULL)::int",
    **{f"n_{name}": f"coalesce({band(name)}, false)::int" for name in BANDS},
    **{f"c_{name}": f"coalesce({band(name)} AND x.converted, false)::int" for name in BANDS},
    "c_never": "(x.answered IS NULL AND x.converted)::int",
}
WAITING = {"waiting": "(x.answered IS NULL AND x.is_open)::int"}
SEEN = """
  SELECT f.asks, (f.asked_at AT TIME ZONE z)::date AS day, a.axis, a.key, f.converted, f.is_open,
         extract(epoch FROM f.assigned_at - f.asked_at)::float8 AS assigned,
         extract(epoch FROM f.answered_at - f.asked_at)::float8 AS answered,
         extract(epoch FROM f.contacted_at - f.asked_at)::float8 AS contacted
  FROM changed f CROSS JOIN LATERAL (VALUES ('all', ''), ('owner', coalesce(f.owner_id::text, '')),
    ('source', f.source), ('hour', to_char(f.asked_at AT TIME ZONE z, 'HH24'))) a (axis, key)
"""


def of_askings(name: str, sign: str, grown: bool) -> str:
    """The trigger function of asking facts; `grown` with what this migration adds."""
    counts = COUNTS | (WAITING if grown else {})
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'leads');
BEGIN
  INSERT INTO reports_askingday (asks, axis, key, day, {", ".join(counts)})
  SELECT x.asks, x.axis, x.key, x.day, {", ".join(f"{sign}sum({what})" for what in counts.values())}
  FROM ({SEEN}) x GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (axis, day, asks, key) DO UPDATE SET
    {", ".join(f"{c} = reports_askingday.{c} + excluded.{c}" for c in counts)};
  INSERT INTO reports_askingspan (span, first, axis, measure, asks, key, seconds, n)
  SELECT b.span, reports_first(x.day, b.span), x.axis, m.measure, x.asks, x.key, reports_floored(m.seconds),
         {sign}count(*)
  FROM ({SEEN}) x
  CROSS JOIN LATERAL (VALUES (1, x.answered),
    (2, CASE WHEN x.assigned <= x.answered THEN x.assigned END),
    (3, CASE WHEN x.assigned <= x.answered THEN x.answered - x.assigned END),
    (4, x.contacted - x.answered)) m (measure, seconds)
  CROSS JOIN (VALUES {SPANS}) b (span)
  WHERE m.seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (span, first, axis, measure, asks, key, seconds) DO UPDATE SET n = reports_askingspan.n + excluded.n;
  RETURN NULL;
END $$;
"""


# the reader waits meanwhile: what it wrote by the functions as they were is counted here, what follows by the new ones
SQL = f"""
LOCK TABLE reports_askingfact IN SHARE ROW EXCLUSIVE MODE;
{of_askings("reports_askings_come", "", True)}
{of_askings("reports_askings_go", "-", True)}
UPDATE reports_askingday d SET waiting = w.n
FROM (
  SELECT f.asks, (f.asked_at AT TIME ZONE r.zone)::date AS day, a.axis, a.key, count(*) AS n
  FROM reports_factsread r JOIN reports_askingfact f ON r.name = 'leads' CROSS JOIN LATERAL (VALUES ('all', ''),
    ('owner', coalesce(f.owner_id::text, '')), ('source', f.source),
    ('hour', to_char(f.asked_at AT TIME ZONE r.zone, 'HH24'))) a (axis, key)
  WHERE f.answered_at IS NULL AND f.is_open GROUP BY 1, 2, 3, 4
) w WHERE (d.asks, d.day, d.axis, d.key) = (w.asks, w.day, w.axis, w.key);
"""
BACK = f"""
{of_askings("reports_askings_go", "-", False)}
{of_askings("reports_askings_come", "", False)}
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_sums_kept")]
    operations = [
        migrations.AddField("askingday", "waiting", models.IntegerField(default=0, db_default=0)),
        migrations.RunSQL(SQL, BACK),
    ]
