"""What was promised, against what is there: the senders' answers, the mail server's log and SQL. No code of the house is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

from benchmarks.chaos.scene import Scene
from benchmarks.chaos.sink import Sink

# (what would be wrong, rows of it)
BREACHES = (
    ("submissions without an end", "SELECT count(*) FROM capture_submission WHERE \"end\" = 'pending'"),
    (
        "submissions given up",
        "SELECT count(*) FROM capture_submission WHERE \"end\" = 'quarantined' AND reason <> 'conflict'",
    ),
    (
        "conflicts that are not set aside",
        "SELECT count(*) FROM capture_submission WHERE variant <> '' AND (\"end\" <> 'quarantined' OR reason <> 'conflict')",
    ),
    (
        "leads of one submission, beyond one",
        "SELECT count(*) - count(DISTINCT lead_id) FROM capture_submission WHERE \"end\" = 'created'",
    ),
    (
        "leads nobody sent",
        "SELECT count(*) FROM leadops_lead l WHERE NOT EXISTS (SELECT 1 FROM capture_submission s WHERE s.lead_id = l.id)",
    ),
    (
        "open leads with two owners",
        "SELECT count(*) FROM (SELECT 1 FROM routing_assignment WHERE ended_at IS NULL GROUP BY lead_id HAVING count(*) > 1) x",
    ),
    (
        "leads whose owner is not their assignment's",
        "SELECT count(*) FROM leadops_lead l LEFT JOIN routing_assignment a ON a.lead_id = l.id AND a.ended_at IS NULL "
        "WHERE l.owner_id IS DISTINCT FROM a.rep_id",
    ),
    (
        "leads neither owned nor held",
        "SELECT count(*) FROM leadops_lead WHERE owner_id IS NULL AND held = '' AND closed_at IS NULL",
    ),
    ("leads stalled", "SELECT count(*) FROM leadops_stalled"),
    (
        "clocks doubled",
        "SELECT count(*) FROM (SELECT 1 FROM routing_clock WHERE kind <> 'follow_up' GROUP BY lead_id, cycle, kind HAVING count(*) > 1) x",
    ),
    (
        "journal rows doubled",
        "SELECT count(*) FROM (SELECT 1 FROM leadops_journalentry WHERE kind IN ('captured', 'assigned') "
        "GROUP BY lead_id, cycle, kind HAVING count(*) > 1) x",
    ),
    (
        "leads without their row of the queue",
        "SELECT count(*) FROM leadops_lead l WHERE owner_id IS NOT NULL AND closed_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM leadops_work w WHERE w.lead_id = l.id AND w.owner_id = l.owner_id)",
    ),
    (
        "turns that are not the sum of their entries",
        "SELECT count(*) FROM routing_poolcredit c WHERE credit <> (SELECT coalesce(sum(delta), 0) "
        "FROM routing_creditentry e WHERE e.pool_id = c.pool_id AND e.rep_id = c.rep_id)",
    ),
    (
        "reps whose open leads are not the sum of their entries",
        "SELECT count(*) FROM leadops_rep r WHERE (SELECT coalesce(sum(delta), 0) FROM routing_loadentry e WHERE e.rep_id = r.user_id) "
        "<> (SELECT count(*) FROM leadops_lead l WHERE l.owner_id = r.user_id AND absorbed_by_id IS NULL "
        "AND stage IN ('new', 'engaged', 'mql', 'sal', 'sql', 'opportunity'))",
    ),
)


# what was due when the last submission had its end; reminders of clocks fall due ever after
UNSENT = "SELECT count(*) FROM leadops_effect WHERE state IN ('sending', 'planned') AND due_at <= %s"


def breaches(scene: Scene, sink: Sink, answers: Path, n: int, ended: datetime, rows: int = 0) -> dict[str, int]:
    """How much of each is wrong; all noughts when nothing was lost, doubled or left. With `rows` a file of so many was sent
    instead of posts."""
    found = {name: int(str(scene.ask(query)[0][0])) for name, query in BREACHES}
    found["effects neither sent nor settled"] = int(str(scene.ask(UNSENT, ended)[0][0]))
    sent = _against_the_file(scene, rows) if rows else _against_the_senders(scene, answers, n)
    return {**sent, **found, **_against_the_mail_server(scene, sink)}


def _against_the_file(scene: Scene, rows: int) -> dict[str, int]:
    def asked(query: str) -> int:
        return int(str(scene.ask(query)[0][0]))

    return {
        "files not taken in to the end": abs(1 - asked("SELECT count(*) FROM capture_import WHERE state = 'done'")),
        "rows of the file lost": rows
        - asked("SELECT count(DISTINCT row) FROM capture_submission WHERE file_id IS NOT NULL"),
        "rows of the file twice": asked("SELECT count(*) - count(DISTINCT row) FROM capture_submission"),
        "leads too many or too few": abs(rows - asked("SELECT count(*) FROM leadops_lead")),
        "people told of its end, but for one": abs(
            1 - asked("SELECT count(*) FROM leadops_notice WHERE kind = 'import_done'")
        ),
    }


def _against_the_senders(scene: Scene, answers: Path, n: int) -> dict[str, int]:
    taken: dict[str, set[int]] = defaultdict(set)
    tries, yes = Counter[int](), Counter[int]()
    for line in answers.read_text().splitlines():
        number, _conflict, status, submission = line.split("\t")
        tries[int(number)] += 1
        if status in ("200", "202"):
            yes[int(number)] += 1
            taken[submission].add(int(number))
    rows = scene.ask("SELECT id::text, delivery_key, deliveries FROM capture_submission")
    there, counted, keys = {str(key) for key, _d, _n in rows}, Counter[str](), set()
    for _key, delivery, count in rows:
        counted[str(delivery)] += int(str(count))
        keys.add(str(delivery))
    numbered = {f"i:bench-{number}": number for number in tries}
    leads = int(str(scene.ask("SELECT count(*) FROM leadops_lead")[0][0]))
    return {
        "answers of which nothing is there": len(set(taken) - there),
        "submissions answered to two deliveries": sum(len(numbers) > 1 for numbers in taken.values()),
        "deliveries nobody sent": len(keys - set(numbered)),
        "deliveries counted below those answered, or above those tried": sum(
            not yes[number] <= counted[key] <= tries[number] for key, number in numbered.items()
        ),
        "leads too many or too few": abs(leads - n),
    }


def _against_the_mail_server(scene: Scene, sink: Sink) -> dict[str, int]:
    rows = scene.ask("SELECT id::text, state, purpose FROM leadops_effect WHERE channel = 'mail'")
    known = {f"<{key}@leadops>": (str(state), str(purpose)) for key, state, purpose in rows}
    alerts = {key for key, (_state, purpose) in known.items() if purpose.startswith("sla_")}
    return {
        "mails nobody planned": len(set(sink.taken) - set(known)),
        "mails taken twice": sum(count > 1 for key, count in sink.taken.items() if key not in alerts),
        "mails said to be sent that did not arrive": sum(
            state == "sent" and key not in sink.taken for key, (state, _purpose) in known.items()
        ),
    }
