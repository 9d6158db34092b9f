"""The senders: eight threads that behave as a provider does, and write down every answer before they go on."""

from __future__ import annotations

import http.client
import json
import queue
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import house

THREADS = 8
SECONDS = 10.0  # a provider waits so long for an answer
DUPLICATES, LATE, CONFLICTS = 0.10, 0.05, 0.02
LATE_BY = 200  # places a delivery that overtakes nobody may fall back


@dataclass(frozen=True)
class Delivery:
    """One thing a provider wants to be rid of: it is sent until it is taken."""

    n: int
    key: str  # the source's
    body: bytes
    conflict: bool = False


def deliveries(n: int, seed: int, keys: list[str]) -> list[Delivery]:
    """`n` different ones, a tenth sent twice, some late, some under an id that another body has."""
    dice, plan = random.Random(seed), []
    for number in range(n):
        one = Delivery(number, keys[number % len(keys)], house.body(number))
        plan.append((float(number + (dice.random() * LATE_BY if dice.random() < LATE else 0)), one))
        if dice.random() < DUPLICATES:
            plan.append((number + dice.random() * LATE_BY, one))
        if dice.random() < CONFLICTS:
            other = json.dumps({**json.loads(one.body), "message": "Another text under the same id."}).encode()
            plan.append((number + dice.random() * LATE_BY, Delivery(number, one.key, other, conflict=True)))
    return [one for _place, one in sorted(plan, key=lambda pair: pair[0])]


class Senders:
    """Sends a plan at a steady pace; what was answered is in `log`, a line for each try."""

    def __init__(self, port: int, plan: list[Delivery], rate: float, log: Path, seed: int) -> None:
        self.port, self.rate, self.log, self.seed = port, rate, log, seed
        self.waiting: queue.SimpleQueue[tuple[int, Delivery]] = queue.SimpleQueue()
        for place, one in enumerate(plan):
            self.waiting.put((place, one))
        self.answers: Counter[str] = Counter()
        self.lock, self.slowest = threading.Lock(), 0.0
        self.threads = [threading.Thread(target=self._send_all, args=(i,), daemon=True) for i in range(THREADS)]

    def start(self) -> None:
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def _send_all(self, number: int) -> None:
        dice = random.Random(self.seed * 100 + number)
        while True:
            try:
                place, one = self.waiting.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, self.began + place / self.rate - time.monotonic()))
            pause = 0.2
            while not self._taken(one):
                time.sleep(pause * (0.5 + dice.random()))
                pause = min(pause * 2, 2.0)

    def _taken(self, one: Delivery) -> bool:
        began, status, told = time.monotonic(), "broken", ""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            line.request(
                "POST",
                f"/in/{one.key}",
                one.body,
                {"Content-Type": "application/json", "Idempotency-Key": f"bench-{one.n}"},
            )
            answer = line.getresponse()
            told = answer.read().decode()
            status = str(answer.status)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        submission = json.loads(told)["submission"] if status in ("200", "202") else ""
        with self.lock:
            self.answers[status] += 1
            if status != "broken":
                self.slowest = max(self.slowest, time.monotonic() - began)
            with self.log.open("a") as log:
                log.write(f"{one.n}\t{int(one.conflict)}\t{status}\t{submission}\n")
        return bool(submission)
