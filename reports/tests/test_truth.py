"""Every count of the three reports against plain SQL that shares nothing with them, in randomised small worlds."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops.access import SYSTEM
from leadops.lifecycle import FORWARD
from leadops.models import Rep
from reports.metrics.executive import executive_report
from reports.metrics.funnel import funnel_report
from reports.metrics.response import response_report
from reports.metrics.sources import STAGES, sources_report
from reports.metrics.velocity import velocity_report
from reports.tests import world
from reports.tests.world import FEBRUARY

SPAN = {"since": FEBRUARY.since, "until": FEBRUARY.until}
COHORT = (
    "FROM leadops_lead l WHERE l.absorbed_by_id IS NULL AND l.received_at >= %(since)s AND l.received_at < %(until)s"
)
ASKED = """
FROM (SELECT l.*, b.at AS back, coalesce(b.at, CASE WHEN l.received_at >= %(since)s AND l.received_at < %(until)s
        THEN l.received_at END) AS asked, coalesce(b.cycle, 1) AS lap
      FROM leadops_lead l LEFT JOIN LATERAL (SELECT j.at, j.cycle FROM leadops_journalentry j WHERE j.lead_id = l.id
        AND j.kind = 'came_back' AND j.data->>'new_cycle' = 'true' AND j.at >= %(since)s AND j.at < %(until)s
        ORDER BY j.at DESC, j.id DESC LIMIT 1) b ON true
      WHERE l.absorbed_by_id IS NULL AND l.hand_raiser) a
LEFT JOIN LATERAL (SELECT extract(epoch FROM min(j.at) - a.asked) AS wait FROM leadops_journalentry j
  WHERE j.lead_id = a.id AND j.cycle = a.lap AND j.at >= a.asked AND j.actor_id IS NOT NULL
  AND j.kind IN ('attempted', 'conversed')) w ON true
WHERE a.asked IS NOT NULL"""


MOVED = "j.kind = 'stage_moved' AND j.data->>'to' = ANY(%(later)s)"


def ask(sql: str, **given: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", {**SPAN, **given})
        rows = cursor.fetchall()
    return rows[0][0]


def reached(at_least: str, where: str, **given: Any) -> int:
    beyond = list(FORWARD[FORWARD.index(at_least) :])
    moved = "" if at_least == FORWARD[0] else (
        " AND EXISTS (SELECT 1 FROM leadops_journalentry j WHERE j.lead_id = l.id AND j.kind = 'stage_moved'"
        " AND j.data->>'to' = ANY(%(beyond)s))"
    )  # fmt: skip
    return int(ask(f"count(*) {COHORT}{where}{moved}", beyond=beyond, **given))


def deals(what: str, where: str, **given: Any) -> int:
    mine = f"SELECT l.id {COHORT}{where}"
    return int(ask(f"{what} FROM leadops_opportunity o WHERE o.state = 'won' AND o.lead_id IN ({mine})", **given) or 0)


def check_sources() -> None:
    for by in ("source", "campaign", "channel"):
        for model in ("first", "last"):
            report = sources_report(SYSTEM, FEBRUARY, by, model)
            for row in [*report.rows, report.total]:
                where = "" if row is report.total else f" AND l.{model}_{by} = %(key)s"
                assert row.leads == reached("new", where, key=row.key)
                for stage in STAGES:
                    assert getattr(row, stage) == reached(stage, where, key=row.key)
                assert row.won == deals("count(DISTINCT o.lead_id)", where, key=row.key)
                assert row.deals == deals("count(*)", where, key=row.key)
                assert row.unconverted == deals("count(*) - count(o.house_minor)", where, key=row.key)
                assert (row.revenue_minor or 0) == deals("sum(o.house_minor)", where, key=row.key)
            assert sum(row.leads for row in report.rows) == report.total.leads


def check_funnel() -> None:
    report = funnel_report(SYSTEM, FEBRUARY)
    for step in report.steps:
        assert step.n == reached(step.stage, "")
    for part in report.breakdown:
        for step in part.steps:
            assert step.n == reached(step.stage, " AND l.first_source = %(key)s", key=part.key)
    assert report.still_open == ask(f"count(*) {COHORT} AND l.stage = ANY(%(open)s)", open=list(FORWARD[:-1]))
    for end in report.reasons:
        where = " AND l.stage = %(stage)s AND l.stage_reason = %(reason)s"
        assert end.n == reached("new", where, stage=end.stage, reason=end.reason)


def check_response() -> None:
    report = response_report(SYSTEM, FEBRUARY)
    parts: list[tuple[Any, str, Any]] = [(report.total, "", None)]
    parts += [(group.figures, " AND a.source = %(key)s", group.key) for group in report.by_source]
    parts += [(g.figures, " AND a.owner_id IS NOT DISTINCT FROM %(key)s", g.key) for g in report.by_rep]
    for figures, where, key in parts:
        count = lambda more="", where=where, key=key: ask(f"count(*) {ASKED}{where}{more}", key=key)  # noqa: E731
        assert figures.n == count()
        assert figures.answered == count(" AND w.wait IS NOT NULL")
        assert figures.never == count(" AND w.wait IS NULL")
        assert figures.within_five == count(" AND w.wait <= 300")
        assert figures.bands["15_60"] == count(" AND w.wait > 900 AND w.wait <= 3600")


def check_overview() -> None:
    report = executive_report(SYSTEM, FEBRUARY)
    before = {"since": FEBRUARY.before.since, "until": FEBRUARY.before.until}
    first_mql = (
        "count(*) FROM (SELECT l.id, min(greatest(j.at, l.received_at)) AS at FROM leadops_lead l JOIN"
        " leadops_journalentry j ON j.lead_id = l.id AND j.kind = 'stage_moved' AND j.data->>'to' IN"
        " ('mql', 'sal', 'sql', 'opportunity', 'won') WHERE l.absorbed_by_id IS NULL GROUP BY l.id) m"
        " WHERE m.at >= %(since)s AND m.at < %(until)s"
    )
    pipeline = "{what} FROM leadops_opportunity o WHERE o.opened_at < %(until)s AND (o.state = 'open' OR o.closed_at >= %(until)s)"
    won = "{what} FROM leadops_opportunity o WHERE o.state = 'won' AND o.closed_at >= %(since)s AND o.closed_at < %(until)s"
    for one, span in ((report.now, SPAN), (report.before, before)):
        assert one.leads == ask(f"count(*) {COHORT}", **span)
        assert one.mql == ask(first_mql, **span)
        assert one.pipeline == ask(pipeline.format(what="count(*)"), **span)
        assert (one.pipeline_minor or 0) == (ask(pipeline.format(what="sum(o.house_minor)"), **span) or 0)
        assert (one.won, one.won_unconverted) == (
            ask(won.format(what="count(*)"), **span),
            ask(won.format(what="count(*) - count(o.house_minor)"), **span),
        )
        assert (one.won_minor or 0) == (ask(won.format(what="sum(o.house_minor)"), **span) or 0)
    assert report.now.share_within_five == response_report(SYSTEM, FEBRUARY).total.share_within_five


def check_velocity() -> None:
    report = velocity_report(SYSTEM, FEBRUARY)
    for rung, following in zip(report.ladder, FORWARD[1:], strict=True):
        assert (rung.n, rung.moved) == (reached(rung.stage, ""), reached(following, ""))
        still = (
            f"AND l.stage = ANY(%(open)s) AND l.id NOT IN (SELECT j.lead_id FROM leadops_journalentry j WHERE {MOVED})"
        )
        beyond = list(FORWARD[FORWARD.index(following) :])
        here = reached(rung.stage, f" {still}", open=list(FORWARD[:-1]), later=beyond)
        assert rung.waiting == here
    for stage, ages in report.ages.items():
        assert sum(ages) == ask(
            "count(*) FROM leadops_lead l WHERE l.absorbed_by_id IS NULL AND l.stage = %(stage)s", stage=stage
        )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), leads=st.integers(0, 60))
def test_every_count_equals_plain_sql(db: None, seed: int, leads: int) -> None:
    with transaction.atomic():
        world.write(world.made_up(max(1, leads), seed, reps=[None, *Rep.objects.all()]))
        check_sources()
        check_funnel()
        check_response()
        check_overview()
        check_velocity()
        transaction.set_rollback(True)
