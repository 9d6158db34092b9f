"""Each example of docs/api.md does what the page says, in the order of the page."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from capture.imports import work as imports
from leadops.access import SYSTEM
from leadops.desk.tests.api_cast import API, Caller, House
from leadops.models import Team
from leadops.unit import in_unit
from nurture import defaults

pytestmark = pytest.mark.django_db
PAGE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in re.sub(r"\\\n", " ", block).split("\ncurl ")
    if "$H" in line and not line.startswith("H=")
]


NAMED = {  # what the page calls the `id` of an answer
    "/leads": "$LEAD",
    "/leads/$LEAD/opportunities": "$DEAL",
    "/enrolments": "$ENROLMENT",
    "/imports": "<id>",
}


class Reader:
    """Types what stands on the page; `known` are the names the page gives to answers."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.known = {"$H": API}

    def run(self, command: str) -> Any:
        for name, value in self.known.items():
            command = command.replace(name, value)
        words = shlex.split(command.removeprefix("curl "), comments=True)
        sent: dict[str, list[str]] = {}
        (url,) = [word for at, word in enumerate(words) if word.startswith(API) and words[at - 1] != "-d"]
        for option, value in pairwise(words):
            sent.setdefault(option, []).append(value)
        key = {h.split(": ")[0]: h.split(": ")[1] for h in sent["-H"] if ": " in h}
        if "-F" in sent:
            kind, (_name, file) = sent["-F"][0].split("=")[1], sent["-F"][1].split("=@")
            upload = SimpleUploadedFile(file, b"mail;nom\nbo@salon.example;Bo Dupont\n")
            return self.caller.http.post(url, {"kind": kind, "file": upload})
        if "-d" in sent or "POST" in sent.get("-X", ()):
            body = (sent.get("-d") or ["{}"])[0]
            headers = {"idempotency-key": key["Idempotency-Key"]} if "Idempotency-Key" in key else {}
            return self.caller.http.post(url, body, "application/json", headers=headers)
        return self.caller.http.get(url)


def test_every_example_of_the_page_works(house: House) -> None:
    Team.objects.get_or_create(key="paris", defaults={"name": "Paris"})
    in_unit(lambda unit: defaults.publish_starters(unit, "for the page"), actor=SYSTEM)
    reader, done = Reader(house.revenue), 0
    for command in COMMANDS:
        answer = reader.run(command)
        assert answer.status_code in (200, 201, 202), (command, answer.content.decode()[:400])
        said, done = json.loads(answer.content), done + 1
        path = command.split("$H")[1].split()[0].strip('"')
        if path in NAMED:
            reader.known[NAMED[path]] = said["id"]
        if path.endswith("/dry-run"):
            imports.run_all()
    assert done == PAGE.count("curl -H") > 15
