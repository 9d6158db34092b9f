"""The naive assignment of a control: read that nobody has the lead, then give it away; two at a time."""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg

from benchmarks.chaos.scene import Scene

LEADS = 100
NOBODYS = """
UPDATE routing_assignment SET ended_at = greatest(started_at, now()), ended_why = 'released'
WHERE ended_at IS NULL AND lead_id = ANY(%s)
"""
FREE = "SELECT count(*) FROM routing_assignment WHERE lead_id = %s AND ended_at IS NULL"
GIVE = """
INSERT INTO routing_assignment (id, lead_id, rep_id, how, cycle, units, started_at, ended_why)
SELECT gen_random_uuid(), %s, user_id, 'by_hand', 1, 1, now(), '' FROM leadops_rep ORDER BY random() LIMIT 1
"""
DOUBLE = """
SELECT count(*) FROM (SELECT 1 FROM routing_assignment WHERE ended_at IS NULL AND lead_id = ANY(%s)
                      GROUP BY lead_id HAVING count(*) > 1) x
"""


def assign(scene: Scene) -> int:
    """Leads with two owners after two sessions assigned the same ones at the same time."""
    leads = [lead for (lead,) in scene.ask("SELECT id FROM leadops_lead ORDER BY id LIMIT %s", LEADS)]
    with psycopg.connect(scene.url, autocommit=True) as session:
        session.execute(NOBODYS, [leads])
    ready = threading.Barrier(2)

    def one() -> None:
        with psycopg.connect(scene.url, autocommit=True) as session:
            for lead in leads:
                ready.wait(20)
                (count,) = session.execute(FREE, [lead]).fetchone() or (1,)
                ready.wait(20)  # both have read before either writes: the race that happens now and then, every time
                if not count:
                    with suppress(psycopg.errors.UniqueViolation):
                        session.execute(GIVE, [lead])

    pair = [threading.Thread(target=one) for _number in range(2)]
    for each in pair:
        each.start()
    for each in pair:
        each.join()
    return int(str(scene.ask(DOUBLE, leads)[0][0]))


def take_the_guard_out(scene: Scene) -> None:
    with psycopg.connect(scene.url, autocommit=True) as session:
        session.execute("DROP INDEX assignment_one_open")
