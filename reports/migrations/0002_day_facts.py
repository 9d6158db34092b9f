"""Day facts are the sum of the lead facts: the database adds what comes and takes away what goes, with its lead too."""

from django.db import migrations

RANKS = range(2, 8)
AXES = (
    "first_source", "first_campaign", "first_channel", "last_source", "last_campaign", "last_channel", "ended",
)
COLUMNS = ["leads", *(f"reached_{k}" for k in RANKS), *(f"entered_{k}" for k in RANKS)]
VALUES = ", ".join(f"('{axis}', x.{axis})" for axis in AXES)
KEYS = ", ".join(f"f.{axis}" for axis in AXES)


def entered(k: int) -> str:
    zeros = ", ".join(["0"] * 7)
    ones = ", ".join("1" if j == k else "0" for j in RANKS)
    return (
        f"SELECT (f.entered_{k} AT TIME ZONE z)::date, {KEYS}, {zeros}, {ones} FROM changed f WHERE f.entered_{k} IS NOT NULL"
    )


RECEIVED = (
    f"SELECT (f.received_at AT TIME ZONE z)::date AS day, {KEYS}, 1 AS leads, "
    + ", ".join(f"(f.entered_{k} IS NOT NULL)::int AS reached_{k}" for k in RANKS)
    + ", "
    + ", ".join(f"0 AS entered_{k}" for k in RANKS)
    + " FROM changed f"
)


def function(name: str, sign: str) -> str:
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'leads');
BEGIN
  INSERT INTO reports_dayfact (axis, key, day, {", ".join(COLUMNS)})
  SELECT a.axis, a.key, x.day, {", ".join(f"{sign}sum(x.{c})" for c in COLUMNS)}
  FROM ({RECEIVED} UNION ALL {" UNION ALL ".join(entered(k) for k in RANKS)}) x
  CROSS JOIN LATERAL (VALUES {VALUES}) a (axis, key)
  GROUP BY a.axis, a.key, x.day ORDER BY a.axis, a.key, x.day
  ON CONFLICT (axis, day, key) DO UPDATE SET {", ".join(f"{c} = reports_dayfact.{c} + excluded.{c}" for c in COLUMNS)};
  RETURN NULL;
END $$;
"""


SQL = f"""
{function("reports_facts_come", "")}
{function("reports_facts_go", "-")}
CREATE TRIGGER reports_facts_come AFTER INSERT ON reports_leadfact
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_facts_come();
CREATE TRIGGER reports_facts_go AFTER DELETE ON reports_leadfact
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_facts_go();
CREATE FUNCTION reports_facts_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a fact is replaced, never changed'; END $$;
CREATE TRIGGER reports_facts_fixed BEFORE UPDATE ON reports_leadfact
  FOR EACH STATEMENT EXECUTE FUNCTION reports_facts_fixed();
ALTER TABLE reports_leadfact ADD CONSTRAINT leadfact_of_lead
  FOREIGN KEY (lead_id) REFERENCES leadops_lead (id) ON DELETE CASCADE;
ALTER TABLE reports_askingfact ADD CONSTRAINT askingfact_of_lead
  FOREIGN KEY (lead_id) REFERENCES leadops_lead (id) ON DELETE CASCADE;
"""
BACK = """
ALTER TABLE reports_askingfact DROP CONSTRAINT askingfact_of_lead;
ALTER TABLE reports_leadfact DROP CONSTRAINT leadfact_of_lead;
DROP TRIGGER reports_facts_fixed ON reports_leadfact;
DROP TRIGGER reports_facts_go ON reports_leadfact;
DROP TRIGGER reports_facts_come ON reports_leadfact;
DROP FUNCTION reports_facts_fixed();
DROP FUNCTION reports_facts_go();
DROP FUNCTION reports_facts_come();
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_facts")]
    operations = [migrations.RunSQL(SQL, BACK)]
