"""Measures a running house's queue: from an enqueue's commit to the task's run in a worker, 200 times, one at a time.

DATABASE_URL=… .venv/bin/python -m benchmarks.queue_wake
"""

from __future__ import annotations

import time

import django

COUNT = 200


def main() -> None:
    from django.db import connection

    from leadops.platform import heartbeats, queue

    sent = []
    for number in range(COUNT):
        queue.enqueue(heartbeats.beat, f"probe:{number:03}", keep=False)
        sent.append(time.time())
        time.sleep(0.03)
    time.sleep(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM leadops_heartbeat WHERE name LIKE 'probe:%%' RETURNING name, extract(epoch FROM at)::float8"
        )
        ran = dict(cursor.fetchall())
    waits = sorted(max(0.0, ran[f"probe:{number:03}"] - at) * 1000 for number, at in enumerate(sent))
    print(
        f"enqueue -> run, {len(waits)} tasks: p50 {waits[100]:.1f} ms   p95 {waits[190]:.1f} ms   max {waits[-1]:.1f} ms"
    )


if __name__ == "__main__":
    django.setup()
    main()
