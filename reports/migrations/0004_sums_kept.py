"""Waits become sums the database keeps: histograms at a fixed resolution, so that a page costs the same at any size."""

from django.db import migrations

RANKS = range(2, 8)
AXES = (
    "first_source", "first_campaign", "first_channel", "last_source", "last_campaign", "last_channel", "ended",
)
COLUMNS = ["leads", *(f"reached_{k}" for k in RANKS), *(f"entered_{k}" for k in RANKS)]
BANDS = {"within_5": (-1, 300), "5_15": (300, 900), "15_60": (900, 3600), "60_plus": (3600, None)}
SPANS = "(1), (8), (64)"

FLOORED = """
CREATE FUNCTION reports_floored(seconds float8) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN seconds < 120 THEN floor(seconds)
              WHEN seconds < 600 THEN floor(seconds / 5) * 5
              WHEN seconds < 3600 THEN floor(seconds / 30) * 30
              WHEN seconds < 21600 THEN floor(seconds / 300) * 300
              WHEN seconds < 172800 THEN floor(seconds / 1800) * 1800
              WHEN seconds < 1209600 THEN floor(seconds / 10800) * 10800
              ELSE floor(seconds / 86400) * 86400 END::integer
$$;
CREATE FUNCTION reports_first(day date, span integer) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT day - (day - DATE '1970-01-01') % span
$$;
"""


# -- leads: days, stays, standing --------------------------------------------------------------------


def days(k: int) -> str:
    """What one lead adds to the day it was received (k = 0) or to the day it entered the k-th stage."""
    keys = ", ".join(f"f.{axis}" for axis in AXES)
    hour = "to_char(f.received_at AT TIME ZONE z, 'HH24') AS hour"
    if not k:
        reached = ", ".join(f"(f.entered_{j} IS NOT NULL)::int AS reached_{j}" for j in RANKS)
        zeros = ", ".join(f"0 AS entered_{j}" for j in RANKS)
        return f"SELECT (f.received_at AT TIME ZONE z)::date AS day, {keys}, {hour}, 1 AS leads, {reached}, {zeros} FROM changed f"
    zeros, ones = ", ".join(["0"] * 7), ", ".join("1" if j == k else "0" for j in RANKS)
    return f"SELECT (f.entered_{k} AT TIME ZONE z)::date, {keys}, {hour}, {zeros}, {ones} FROM changed f WHERE f.entered_{k} IS NOT NULL"


STEPS = ", ".join(
    [f"({k}, {'f.received_at' if k == 2 else f'f.entered_{k - 1}'}, f.entered_{k})" for k in RANKS]
    + ["(0, f.received_at, f.entered_7)"]
)


def of_leads(name: str, sign: str, grown: bool) -> str:
    """The trigger function of lead facts; `grown` with what this migration adds."""
    axes = ", ".join(f"('{axis}', x.{axis})" for axis in AXES)
    if grown:
        axes += ", ('all', ''), ('hour', x.hour)"
    more = "" if not grown else f"""
  INSERT INTO reports_stayspan (span, first, step, moved, value, n)
  SELECT b.span, reports_first(x.day, b.span), x.step, x.moved, x.value, {sign}count(*)
  FROM (
    SELECT (f.received_at AT TIME ZONE z)::date AS day, v.step, v.fin IS NOT NULL AS moved,
           CASE WHEN v.fin IS NOT NULL THEN reports_floored(extract(epoch FROM v.fin - v.start)::float8)
                ELSE floor(extract(epoch FROM v.start) / 3600)::integer END AS value
    FROM changed f CROSS JOIN LATERAL (VALUES {STEPS}) v (step, start, fin)
    WHERE v.start IS NOT NULL AND (v.fin IS NOT NULL OR f.is_open)
  ) x CROSS JOIN (VALUES {SPANS}) b (span)
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (span, first, step, moved, value) DO UPDATE SET n = reports_stayspan.n + excluded.n;
  INSERT INTO reports_standingday (stage, detail, day, n)
  SELECT split_part(f.ended, ':', 1), CASE WHEN f.is_open THEN f.waiting_on ELSE substr(f.ended, strpos(f.ended, ':') + 1) END,
         (f.stage_at AT TIME ZONE z)::date, {sign}count(*)
  FROM changed f GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (stage, detail, day) DO UPDATE SET n = reports_standingday.n + excluded.n;"""
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'leads');
BEGIN
  INSERT INTO reports_dayfact (axis, key, day, {", ".join(COLUMNS)})
  SELECT a.axis, a.key, x.day, {", ".join(f"{sign}sum(x.{c})" for c in COLUMNS)}
  FROM ({" UNION ALL ".join(days(k) for k in (0, *RANKS))}) x
  CROSS JOIN LATERAL (VALUES {axes}) a (axis, key)
  GROUP BY a.axis, a.key, x.day ORDER BY a.axis, a.key, x.day
  ON CONFLICT (axis, day, key) DO UPDATE SET {", ".join(f"{c} = reports_dayfact.{c} + excluded.{c}" for c in COLUMNS)};{more}
  RETURN NULL;
END $$;
"""


# -- askings: counts of a day, histograms of a span ---------------------------------------------------


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


SEEN = """
  SELECT f.asks, (f.asked_at AT TIME ZONE z)::date AS day, a.axis, a.key, f.converted,
         extract(epoch FROM f.assigned_at - f.asked_at)::float8 AS assigned,
         extract(epoch FROM f.answered_at - f.asked_at)::float8 AS answered,
         extract(epoch FROM f.contacted_at - f.asked_at)::float8 AS contacted
  FROM changed f CROSS JOIN LATERAL (VALUES ('all', ''), ('owner', coalesce(f.owner_id::text, '')),
    ('source', f.source), ('hour', to_char(f.asked_at AT TIME ZONE z, 'HH24'))) a (axis, key)
"""


def of_askings(name: str, sign: str) -> str:
    counts = ", ".join(COUNTS)
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'leads');
BEGIN
  INSERT INTO reports_askingday (asks, axis, key, day, {counts})
  SELECT x.asks, x.axis, x.key, x.day, {", ".join(f"{sign}sum({what})" for what in COUNTS.values())}
  FROM ({SEEN}) x GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (axis, day, asks, key) DO UPDATE SET
    {", ".join(f"{c} = reports_askingday.{c} + excluded.{c}" for c in COUNTS)};
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


SQL = f"""
{FLOORED}
{of_leads("reports_facts_come", "", True)}
{of_leads("reports_facts_go", "-", True)}
{of_askings("reports_askings_come", "")}
{of_askings("reports_askings_go", "-")}
CREATE TRIGGER reports_askings_come AFTER INSERT ON reports_askingfact
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_askings_come();
CREATE TRIGGER reports_askings_go AFTER DELETE ON reports_askingfact
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_askings_go();
CREATE TRIGGER reports_askings_fixed BEFORE UPDATE ON reports_askingfact
  FOR EACH STATEMENT EXECUTE FUNCTION reports_facts_fixed();
"""
BACK = f"""
DROP TRIGGER reports_askings_fixed ON reports_askingfact;
DROP TRIGGER reports_askings_go ON reports_askingfact;
DROP TRIGGER reports_askings_come ON reports_askingfact;
DROP FUNCTION reports_askings_go();
DROP FUNCTION reports_askings_come();
{of_leads("reports_facts_go", "-", False)}
{of_leads("reports_facts_come", "", False)}
DROP FUNCTION reports_first(date, integer);
DROP FUNCTION reports_floored(float8);
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_sums_of_waits")]
    operations = [migrations.RunSQL(SQL, BACK)]
