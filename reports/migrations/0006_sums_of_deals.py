"""Deals are summed by day and group as leads are; which deals and accounts have changed since, the database notes itself."""

from django.db import migrations, models

AXES = "('all', ''), ('agent', coalesce(f.agent::text, '')), ('product', f.product), ('sector', f.sector)"


def of_deals(name: str, sign: str) -> str:
    """What deal facts that come (or go) add to (or take from) the sums."""
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE z text := (SELECT zone FROM reports_factsread WHERE name = 'deals');
BEGIN
  INSERT INTO reports_dealday (axis, key, day, closed, won, won_minor, won_known)
  SELECT a.axis, a.key, (f.closed_at AT TIME ZONE z)::date, {sign}count(*), {sign}count(*) FILTER (WHERE f.state = 'won'),
         {sign}coalesce(sum(f.house_minor) FILTER (WHERE f.state = 'won'), 0), {sign}count(f.house_minor) FILTER (WHERE f.state = 'won')
  FROM changed f CROSS JOIN LATERAL (VALUES {AXES}) a (axis, key)
  WHERE f.state <> 'open' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (axis, day, key) DO UPDATE SET closed = reports_dealday.closed + excluded.closed,
    won = reports_dealday.won + excluded.won, won_minor = reports_dealday.won_minor + excluded.won_minor,
    won_known = reports_dealday.won_known + excluded.won_known;
  INSERT INTO reports_dealspan (span, first, axis, key, won, seconds, n)
  SELECT b.span, reports_first((f.closed_at AT TIME ZONE z)::date, b.span), a.axis, a.key, f.state = 'won',
         reports_floored(extract(epoch FROM f.closed_at - f.opened_at)::float8), {sign}count(*)
  FROM changed f CROSS JOIN LATERAL (VALUES {AXES}) a (axis, key) CROSS JOIN (VALUES (1), (8), (64)) b (span)
  WHERE f.state <> 'open' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (span, first, axis, key, won, seconds) DO UPDATE SET n = reports_dealspan.n + excluded.n;
  INSERT INTO reports_dealopen (axis, key, n, minor, known)
  SELECT a.axis, a.key, {sign}count(*), {sign}coalesce(sum(f.house_minor), 0), {sign}count(f.house_minor)
  FROM changed f CROSS JOIN LATERAL (VALUES {AXES}) a (axis, key)
  WHERE f.state = 'open' GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (axis, key) DO UPDATE SET n = reports_dealopen.n + excluded.n,
    minor = reports_dealopen.minor + excluded.minor, known = reports_dealopen.known + excluded.known;
  RETURN NULL;
END $$;
"""


# of a deal what the sums are made of, of an account its sector; one row each, so that no plan is made of the tables
NOTED = """
CREATE FUNCTION reports_deal_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reports_dealchange (deal) VALUES (CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END);
  RETURN NULL;
END $$;
CREATE FUNCTION reports_sector_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reports_dealchange (account) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER reports_deal_came AFTER INSERT OR DELETE ON leadops_opportunity
  FOR EACH ROW EXECUTE FUNCTION reports_deal_noted();
CREATE TRIGGER reports_deal_changed AFTER UPDATE ON leadops_opportunity FOR EACH ROW
  WHEN ((OLD.state, OLD.owner_id, OLD.product, OLD.account_id, OLD.house_minor, OLD.opened_at, OLD.closed_at)
    IS DISTINCT FROM (NEW.state, NEW.owner_id, NEW.product, NEW.account_id, NEW.house_minor, NEW.opened_at, NEW.closed_at))
  EXECUTE FUNCTION reports_deal_noted();
CREATE TRIGGER reports_sector_changed AFTER UPDATE ON leadops_account FOR EACH ROW
  WHEN (OLD.industry IS DISTINCT FROM NEW.industry) EXECUTE FUNCTION reports_sector_noted();
"""
SQL = f"""
{of_deals("reports_deals_come", "")}
{of_deals("reports_deals_go", "-")}
CREATE TRIGGER reports_deals_come AFTER INSERT ON reports_dealfact
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_deals_come();
CREATE TRIGGER reports_deals_go AFTER DELETE ON reports_dealfact
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reports_deals_go();
CREATE TRIGGER reports_deals_fixed BEFORE UPDATE ON reports_dealfact
  FOR EACH STATEMENT EXECUTE FUNCTION reports_facts_fixed();
{NOTED}
"""
BACK = """
DROP TRIGGER reports_sector_changed ON leadops_account;
DROP TRIGGER reports_deal_changed ON leadops_opportunity;
DROP TRIGGER reports_deal_came ON leadops_opportunity;
DROP FUNCTION reports_sector_noted();
DROP FUNCTION reports_deal_noted();
DROP TRIGGER reports_deals_fixed ON reports_dealfact;
DROP TRIGGER reports_deals_go ON reports_dealfact;
DROP TRIGGER reports_deals_come ON reports_dealfact;
DROP FUNCTION reports_deals_go();
DROP FUNCTION reports_deals_come();
DELETE FROM reports_factsread WHERE name = 'deals';
"""


def key(*names: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*names, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("leadops", "0025_whole_keys"), ("reports", "0005_who_waits_is_summed")]
    operations = [
        migrations.CreateModel(
            "DealFact",
            [
                ("deal", models.UUIDField(primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=8)),
                ("agent", models.UUIDField(null=True)),
                ("product", models.CharField(max_length=120)),
                ("sector", models.CharField(max_length=120)),
                ("house_minor", models.BigIntegerField(null=True)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            "DealDay",
            [
                ("pk", key("axis", "day", "key")),
                ("axis", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=120)),
                ("day", models.DateField()),
                ("closed", models.IntegerField()),
                ("won", models.IntegerField()),
                ("won_minor", models.DecimalField(max_digits=38, decimal_places=0)),
                ("won_known", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            "DealSpan",
            [
                ("pk", key("span", "first", "axis", "key", "won", "seconds")),
                ("span", models.SmallIntegerField()),
                ("first", models.DateField()),
                ("axis", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=120)),
                ("won", models.BooleanField()),
                ("seconds", models.IntegerField()),
                ("n", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            "DealOpen",
            [
                ("pk", key("axis", "key")),
                ("axis", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=120)),
                ("n", models.IntegerField()),
                ("minor", models.DecimalField(max_digits=38, decimal_places=0)),
                ("known", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            "DealChange",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deal", models.UUIDField(null=True)),
                ("account", models.UUIDField(null=True)),
            ],
        ),
        migrations.RunSQL(SQL, BACK),
    ]
