"""The sums of a batch are added up before they are spread over axes and spans, and nobody is asked for waits that have not
ended: half of what keeping the sums cost. What they hold stays the same, so that nothing needs to be undone.
"""

from django.db import migrations

RANKS = range(2, 8)
AXES = (
    "first_source",
    "first_campaign",
    "first_channel",
    "last_source",
    "last_campaign",
    "last_channel",
    "ended",
)
COLUMNS = ["leads", *(f"reached_{k}" for k in RANKS), *(f"entered_{k}" for k in RANKS)]
BANDS = {"within_5": (-1, 300), "5_15": (300, 900), "15_60": (900, 3600), "60_plus": (3600, None)}
SPANS = "(1), (8), (64)"
DECLARED = "RETURNS trigger LANGUAGE plpgsql AS $$\nDECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'leads');"


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


EACH_DAY = " UNION ALL ".join(days(k) for k in (0, *RANKS))
EACH_DAY_ONCE = f"""
    SELECT day, {", ".join(AXES)}, hour, {", ".join(f"sum({c}) AS {c}" for c in COLUMNS)}
    FROM ({EACH_DAY}) d GROUP BY day, {", ".join(AXES)}, hour"""
STEPS = ", ".join(
    [f"({k}, {'f.received_at' if k == 2 else f'f.entered_{k - 1}'}, f.entered_{k})" for k in RANKS]
    + ["(0, f.received_at, f.entered_7)"]
)
EACH_STAY = f"""
    SELECT (f.received_at AT TIME ZONE z)::date AS day, v.step, v.fin IS NOT NULL AS moved,
           CASE WHEN v.fin IS NOT NULL THEN reports_floored(extract(epoch FROM v.fin - v.start)::float8)
                ELSE floor(extract(epoch FROM v.start) / 3600)::integer END AS value
    FROM changed f CROSS JOIN LATERAL (VALUES {STEPS}) v (step, start, fin)
    WHERE v.start IS NOT NULL AND (v.fin IS NOT NULL OR f.is_open)"""
EACH_STAY_ONCE = f"SELECT day, step, moved, value, count(*) AS n FROM ({EACH_STAY}) s GROUP BY 1, 2, 3, 4"


def of_leads(name: str, sign: str) -> str:
    """The trigger function of lead facts."""
    axes = ", ".join(f"('{axis}', x.{axis})" for axis in AXES) + ", ('all', ''), ('hour', x.hour)"
    return f"""
CREATE OR REPLACE FUNCTION {name}() {DECLARED}
BEGIN
  INSERT INTO reports_dayfact (axis, key, day, {", ".join(COLUMNS)})
  SELECT a.axis, a.key, x.day, {", ".join(f"{sign}sum(x.{c})" for c in COLUMNS)}
  FROM ({EACH_DAY_ONCE}) x
  CROSS JOIN LATERAL (VALUES {axes}) a (axis, key)
  GROUP BY a.axis, a.key, x.day ORDER BY a.axis, a.key, x.day
  ON CONFLICT (axis, day, key) DO UPDATE SET {", ".join(f"{c} = reports_dayfact.{c} + excluded.{c}" for c in COLUMNS)};
  INSERT INTO reports_stayspan (span, first, step, moved, value, n)
  SELECT b.span, reports_first(x.day, b.span), x.step, x.moved, x.value, {sign}sum(x.n)
  FROM ({EACH_STAY_ONCE}) x CROSS JOIN (VALUES {SPANS}) b (span)
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (span, first, step, moved, value) DO UPDATE SET n = reports_stayspan.n + excluded.n;
  INSERT INTO reports_standingday (stage, detail, day, n)
  SELECT split_part(f.ended, ':', 1), CASE WHEN f.is_open THEN f.waiting_on ELSE substr(f.ended, strpos(f.ended, ':') + 1) END,
         (f.stage_at AT TIME ZONE z)::date, {sign}count(*)
  FROM changed f GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (stage, detail, day) DO UPDATE SET n = reports_standingday.n + excluded.n;
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
    "waiting": "(x.answered IS NULL AND x.is_open)::int",
}
SEEN = """
  SELECT f.asks, (f.asked_at AT TIME ZONE z)::date AS day, f.converted, f.is_open, coalesce(f.owner_id::text, '') AS owner,
         f.source, to_char(f.asked_at AT TIME ZONE z, 'HH24') AS hour,
         extract(epoch FROM f.assigned_at - f.asked_at)::float8 AS assigned,
         extract(epoch FROM f.answered_at - f.asked_at)::float8 AS answered,
         extract(epoch FROM f.contacted_at - f.asked_at)::float8 AS contacted
  FROM changed f"""
SPREAD = """CROSS JOIN LATERAL (VALUES ('all', ''), ('owner', x.owner), ('source', x.source), ('hour', x.hour)) a (axis, key)"""
MEASURES = """(VALUES (1, x.answered),
    (2, CASE WHEN x.assigned <= x.answered THEN x.assigned END),
    (3, CASE WHEN x.assigned <= x.answered THEN x.answered - x.assigned END),
    (4, x.contacted - x.answered)) m (measure, seconds)"""
COUNTED_ONCE = f"""
    SELECT asks, day, owner, source, hour, {", ".join(f"sum({what}) AS {c}" for c, what in COUNTS.items())}
    FROM ({SEEN}) x GROUP BY 1, 2, 3, 4, 5"""
EACH_WAIT_ONCE = f"""
    SELECT x.day, a.axis, m.measure, x.asks, a.key, reports_floored(m.seconds) AS seconds, count(*) AS n
    FROM ({SEEN} WHERE f.answered_at IS NOT NULL) x CROSS JOIN LATERAL {MEASURES} {SPREAD}
    WHERE m.seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6"""


def of_askings(name: str, sign: str) -> str:
    """The trigger function of asking facts."""
    return f"""
CREATE OR REPLACE FUNCTION {name}() {DECLARED}
BEGIN
  INSERT INTO reports_askingday (asks, axis, key, day, {", ".join(COUNTS)})
  SELECT x.asks, a.axis, a.key, x.day, {", ".join(f"{sign}sum(x.{c})" for c in COUNTS)}
  FROM ({COUNTED_ONCE}) x {SPREAD} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (axis, day, asks, key) DO UPDATE SET
    {", ".join(f"{c} = reports_askingday.{c} + excluded.{c}" for c in COUNTS)};
  INSERT INTO reports_askingspan (span, first, axis, measure, asks, key, seconds, n)
  SELECT b.span, reports_first(x.day, b.span), x.axis, x.measure, x.asks, x.key, x.seconds, {sign}sum(x.n)
  FROM ({EACH_WAIT_ONCE}) x CROSS JOIN (VALUES {SPANS}) b (span)
  GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT (span, first, axis, measure, asks, key, seconds) DO UPDATE SET n = reports_askingspan.n + excluded.n;
  RETURN NULL;
END $$;
"""


FUNCTIONS = "".join(
    [
        of_leads("reports_facts_come", ""),
        of_leads("reports_facts_go", "-"),
        of_askings("reports_askings_come", ""),
        of_askings("reports_askings_go", "-"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_sums_of_deals")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
