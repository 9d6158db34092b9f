"""Logs: one JSON line each, the request's id from the answer to the lead, and nothing of a person anywhere."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

import psycopg
import pytest
from structlog.contextvars import bound_contextvars

from leadops.platform import logs
from leadops.platform.logs import LineFormatter, places
from leadops.platform.tests import faults
from leadops.platform.tests.house import House, until

CANARY = "Kanarienvogel"
MAIL = "zz.canary@kanarien.example"
PHONE = "+33698765432"


def record(name: str = "leadops.x", message: str = "said", *values: object, fault: bool = False) -> logging.LogRecord:
    try:
        raise ValueError(f"{CANARY} <{MAIL}>\n{CANARY}: a line that looks like a kind of fault")
    except ValueError:
        told = sys.exc_info() if fault else None
    return logging.LogRecord(name, logging.ERROR, "here.py", 1, message, values, told)


@pytest.mark.parametrize("json_form", [True, False])
def test_a_fault_is_told_by_kind_and_place_where_logs_are_kept(json_form: bool) -> None:
    line = LineFormatter(json=json_form).format(record(fault=True))
    assert "ValueError < tests/test_logs.py:" in line
    assert CANARY not in line and MAIL not in line
    assert (len(line.splitlines()) == 1) is json_form


def test_a_developer_reads_the_words() -> None:
    assert CANARY in LineFormatter(bare=False).format(record(fault=True))


@pytest.mark.parametrize(
    ("name", "message", "values"),
    [
        ("django.request", "%s: %s", ("Internal Server Error", f"/u/{CANARY}")),
        ("django.security.DisallowedHost", f"Invalid HTTP_HOST header: '{CANARY}'", ()),
        ("gunicorn.error", "Invalid request from %s", (CANARY,)),
        ("django-q", f"Failed 'x.y' (x.y) - {CANARY} : Traceback\n {CANARY}", ()),
    ],
)
def test_strangers_words_are_cut(name: str, message: str, values: tuple[object, ...]) -> None:
    line = LineFormatter(json=True).format(record(name, message, *values))
    assert CANARY not in line
    assert json.loads(line)["name"] == name
    assert CANARY in LineFormatter(bare=False).format(record(name, message, *values))


def test_a_fault_of_the_database_is_told_by_its_code() -> None:
    told = logs.told(psycopg.errors.UniqueViolation(f"duplicate key: Key (email)=({MAIL}) already exists"))
    assert told == "UniqueViolation[23505]"


def test_what_is_bound_stands_in_every_line() -> None:
    with bound_contextvars(request="r1", lead=None, task="t1"):
        line = json.loads(LineFormatter(json=True).format(record()))
    assert (line["request"], line["task"], "lead" in line) == ("r1", "t1", False)
    assert "request" not in json.loads(LineFormatter(json=True).format(record()))


def test_places_of_a_written_traceback() -> None:
    text = (
        'x : Traceback (most recent call last):\n  File "/a/b/c.py", line 3, in one\n    f()\n'
        f'  File "/a/b/d.py", line 5, in two\n    g("{CANARY}")\nsome.Odd: {CANARY}: and more\n{CANARY}: again\n'
    )
    assert places(text) == "some.Odd < b/d.py:5 two < b/c.py:3 one"


@pytest.mark.processes
def test_a_request_is_followed_to_its_lead_and_no_line_names_a_person(house: House, capfd: Any) -> None:
    with house.changed("web", LOG_FORMAT="json"), house.changed("cluster-now", LOG_FORMAT="json"):
        until(house.ready, 60, look=0.4)
        person = {"email": MAIL, "name": f"{CANARY} Zwei", "company": CANARY, "phone": PHONE, "message": MAIL}
        _, headers, body = house.post(person)
        request, submission = headers["x-request-id"], json.loads(body)["submission"]
        until(lambda: house.end_of(submission) == "created", 60)
        poison = json.loads(house.post({**person, "note": faults.QUOTE})[2])["submission"]
        until(lambda: house.end_of(poison) == "quarantined", 60, look=0.3)
        for path in (f"/u/{CANARY}", f"/leads?q={CANARY}", f"/{CANARY}", f"/in/{CANARY}"):
            house.get(path, Host=f"{CANARY}.example" if path == "/leads" else f"127.0.0.1:{house.port}")
        house.get("/sign-in", Host=f"{CANARY}.example", **{"X-Request-ID": CANARY, "User-Agent": MAIL})
        house.get(f"/leads/{house.ask('SELECT lead_id FROM capture_submission WHERE id = %s', submission)[0][0]}")
        said = "".join(capfd.readouterr())
    ((lead,),) = house.ask("SELECT lead_id FROM capture_submission WHERE id = %s", submission)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    of_it = [line for line in lines if line.get("request") == request]
    assert {line["event"] for line in of_it} == {"answered", "submission ended"}
    answered, ended = (
        next(line for line in of_it if line["event"] == event) for event in ("answered", "submission ended")
    )
    assert (answered["route"], answered["status"], answered["method"]) == ("in/", 202, "POST")
    assert (ended["submission"], ended["lead"], ended["end"]) == (submission, str(lead), "created")
    assert ended["does"] == "capture.tasks.run_pipeline" and ended["task"]
    assert any(
        line.get("lead") == str(lead) and line["event"] == "answered" for line in lines
    )  # its page was asked for
    failed = next(line for line in lines if line.get("submission") == poison and line["level"] == "ERROR")
    assert failed["fault"].startswith("Poisoned < capture/reading.py:")
    assert " from ValueError < tests/faults.py:" in failed["fault"]
    for word in (CANARY, MAIL, MAIL.partition("@")[0], PHONE, PHONE[-9:], faults.QUOTE):
        assert not re.search(re.escape(word), said, re.IGNORECASE), word
