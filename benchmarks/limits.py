"""The physical limit: six writes of one captured and assigned lead, in plain SQL, by pgbench or by psycopg threads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import house

SCHEMA = """
DROP SCHEMA IF EXISTS lim CASCADE; CREATE SCHEMA lim;
CREATE TABLE lim.raw (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source int NOT NULL, key text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), body bytea NOT NULL);
CREATE UNIQUE INDEX ON lim.raw (source, key);
CREATE TABLE lim.rep (id int PRIMARY KEY, held int NOT NULL DEFAULT 0, given bigint NOT NULL DEFAULT 0, at timestamptz)
  WITH (fillfactor = 50);
CREATE TABLE lim.lead (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, raw bigint NOT NULL, source int NOT NULL,
  campaign int, email text NOT NULL, phone text, first text, last text, company text, title text, country char(2), city text,
  industry text, employees int, revenue numeric(14,2), fit smallint NOT NULL, behaviour smallint NOT NULL,
  score smallint NOT NULL, stage smallint NOT NULL, owner int, due_at timestamptz, answered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), extra jsonb NOT NULL DEFAULT '{}');
CREATE UNIQUE INDEX ON lim.lead (email);
CREATE INDEX ON lim.lead (owner, score DESC, id) WHERE stage < 6;
CREATE INDEX ON lim.lead (created_at);
CREATE INDEX ON lim.lead (source, created_at);
CREATE TABLE lim.given (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead bigint NOT NULL, rep int NOT NULL, rule int, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON lim.given (lead);
CREATE TABLE lim.moved (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead bigint NOT NULL, stage smallint NOT NULL, actor int, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON lim.moved (lead, at);
CREATE TABLE lim.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, lead bigint NOT NULL, body jsonb NOT NULL, sent_at timestamptz);
CREATE INDEX ON lim.outbox (id) WHERE sent_at IS NULL;
INSERT INTO lim.rep (id) SELECT g FROM generate_series(1, 50) g;
CREATE SEQUENCE lim.n;
"""
BODY = "x" * 1000
SCRIPT = r"""
\set rep random(1, 50)
\set src random(1, 20)
\set score random(0, 100)
BEGIN;
INSERT INTO lim.raw (source, key, body) VALUES (:src, 'k' || nextval('lim.n'), 'BODY') RETURNING id AS raw \gset
INSERT INTO lim.lead (raw, source, campaign, email, phone, first, last, company, title, country, city, industry, employees, revenue,
  fit, behaviour, score, stage, owner, due_at) VALUES (:raw, :src, :src, 'u' || :raw || '@example.com', '+33612345678', 'Ada', 'L',
  'Engines', 'CTO', 'FR', 'Paris', 'software', 250, 1000, 40, 30, :score, 1, :rep, now() + interval '5 min') RETURNING id AS lead \gset
INSERT INTO lim.given (lead, rep, rule) VALUES (:lead, :rep, 3);
INSERT INTO lim.moved (lead, stage, actor) VALUES (:lead, 1, :rep);
INSERT INTO lim.outbox (topic, lead, body) VALUES ('assigned', :lead, '{"a": 1}');
UPDATE lim.rep SET held = held + 1, given = given + 1, at = now() WHERE id = :rep;
COMMIT;
""".replace("BODY", BODY)


def pgbench() -> str | None:
    found = shutil.which("pgbench")
    if found:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(places[-1]) if places else None


def prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SCHEMA)


@dataclass(frozen=True)
class Cost:
    """Leads per second, and microseconds of processor time for each, the driver's included."""

    rate: float
    processor: float


def cost(url: str, clients: int, seconds: float) -> Cost:
    """The limit's rate, and what it costs."""
    own = os.times()
    with house.server_time(url) as database:
        rate = leads_per_second(url, clients, seconds)
    now = os.times()
    used = sum(now[:4]) - sum(own[:4]) + database.seconds
    return Cost(rate, used / (rate * max(1, int(seconds))) * 1e6)


def leads_per_second(url: str, clients: int, seconds: float) -> float:
    """Leads written per second by this many clients."""
    prepare(url)
    tool = pgbench()
    if tool is None:
        return _by_psycopg(url, clients, seconds)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        told = subprocess.run(
            [tool, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(2, clients)), "-T", str(max(1, int(seconds))), "-f", script.name, url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return float(re.search(r"tps = ([\d.]+)", told.stdout).group(1))  # type: ignore[union-attr]


def copied_per_second(url: str, count: int) -> float:
    """COPY: all rows that so many captured and assigned leads leave, table by table, indexes kept, one commit."""
    prepare(url)
    at = "2026-01-01 00:00:00+00"
    body = r"\\x" + BODY.encode().hex()
    lead = "+33612345678\tAda\tL\tEngines\tCTO\tFR\tParis\tsoftware\t250\t1000\t40\t30\t50\t1"
    tables = {
        "raw (source, key, body)": (f"{1 + n % 20}\tk{n}\t{body}" for n in range(count)),
        "lead (raw, source, campaign, email, phone, first, last, company, title, country, city, industry, employees, revenue, "
        "fit, behaviour, score, stage, owner, due_at)": (
            f"{n}\t{1 + n % 20}\t{1 + n % 20}\tu{n}@example.com\t{lead}\t{1 + n % 50}\t{at}" for n in range(count)
        ),
        "given (lead, rep, rule)": (f"{n}\t{1 + n % 50}\t3" for n in range(count)),
        "moved (lead, stage, actor)": (f"{n}\t1\t{1 + n % 50}" for n in range(count)),
        "outbox (topic, lead, body)": (f'assigned\t{n}\t{{"a": 1}}' for n in range(count)),
    }
    ready = {table: ("\n".join(rows) + "\n").encode() for table, rows in tables.items()}
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        began = time.perf_counter()
        for table, told in ready.items():
            with cursor.copy(f"COPY lim.{table} FROM STDIN") as copy:
                copy.write(told)
        cursor.execute(
            "UPDATE lim.rep SET held = held + %s, given = given + %s, at = now()", [count // 50, count // 50]
        )
        conn.commit()
        return count / (time.perf_counter() - began)


def _by_psycopg(url: str, clients: int, seconds: float) -> float:
    """The same writes without pgbench: slower by the client's own cost, so the limit is understated; say so."""
    until = time.monotonic() + seconds
    done = [0] * clients

    def work(i: int) -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            while time.monotonic() < until:
                with conn.transaction():
                    raw = conn.execute(
                        "INSERT INTO lim.raw (source, key, body) VALUES (1, 'k' || nextval('lim.n'), %s) RETURNING id",
                        [BODY.encode()],
                    ).fetchone()[0]
                    lead = conn.execute(
                        "INSERT INTO lim.lead (raw, source, email, fit, behaviour, score, stage, owner) VALUES (%s, 1, 'u' || %s || '@example.com', 1, 1, 1, 1, %s) RETURNING id",
                        [raw, raw, 1 + i % 50],
                    ).fetchone()[0]
                    conn.execute("INSERT INTO lim.given (lead, rep, rule) VALUES (%s, %s, 3)", [lead, 1 + i % 50])
                    conn.execute("INSERT INTO lim.moved (lead, stage, actor) VALUES (%s, 1, 1)", [lead])
                    conn.execute("INSERT INTO lim.outbox (topic, lead, body) VALUES ('assigned', %s, '{}')", [lead])
                    conn.execute(
                        "UPDATE lim.rep SET held = held + 1, given = given + 1, at = now() WHERE id = %s", [1 + i % 50]
                    )
                done[i] += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - began)
