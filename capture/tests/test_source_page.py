"""The source page: what one copies really delivers, and everything is said in words."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from capture import adapters, reasons, signatures, snippets
from capture.models import Form
from capture.tests.batch import submit
from leadops import moment
from leadops.models import Role
from leadops.testing import SourceFactory, member

pytestmark = pytest.mark.django_db


def _ops() -> Client:
    client = Client()
    client.force_login(member("Hugo", Role.MARKETING_OPS, language="fr"), backend="leadops.desk.signin.EmailBackend")
    return client


def test_the_page_shows_a_command_with_the_real_address() -> None:
    source = SourceFactory(adapter="json")
    text = _ops().get(f"/sources/{source.pk}").content.decode()
    assert f"curl -i http://testserver/in/{source.key}" in text


def test_a_hosted_form_shows_its_public_link_instead() -> None:
    source = SourceFactory(adapter="hosted")
    Form.objects.create(slug="contact", source=source, fields=[])
    text = _ops().get(f"/sources/{source.pk}").content.decode()
    assert "http://testserver/f/contact" in text and "curl -i" not in text


def test_the_command_of_a_signed_source_signs_as_we_check(tmp_path: Path) -> None:
    """The shell runs it, with a `curl` that writes down what it was given."""
    command = snippets.curl(SourceFactory(adapter="json", signed=True), "http://127.0.0.1:1/in/x")
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done\n')
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin", "SECRET": "s3cret"}
    said = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True).stdout
    header = re.search(r"Leadops-Signature: (.+)", said)
    body = said.strip().splitlines()[-1]
    assert header and json.loads(body)["email"] == "anna.roux@example.com"
    given = {"Leadops-Signature": header[1]}
    at = moment.now().replace(microsecond=0)
    assert abs(time.time() - at.timestamp()) < 300, "the shell's clock and ours agree in this test"
    assert signatures.verify("leadops", ["s3cret"], given, body.encode(), "POST", "", at)
    assert not signatures.verify("leadops", ["other"], given, body.encode(), "POST", "", at)


def test_reasons_and_refusals_are_words_in_the_readers_language() -> None:
    for table, say in ((reasons.REASONS, reasons.words), (reasons.REFUSALS, reasons.refusal_words)):
        for code in table:
            with translation.override("fr"):
                french = say(code)
            with translation.override("en"):
                assert say(code) != french and code not in (french, say(code))
    assert reasons.words("of-a-later-version") == "of-a-later-version"


def test_every_code_an_adapter_or_door_gives_has_its_words() -> None:
    """Read from the code: a new code without words would show as a code on screen."""
    base = Path(adapters.__file__).parent
    files = [
        *base.glob("*.py"),
        *(base.parent / name for name in ("hosted.py", "intake.py", "resolution.py", "pipeline.py")),
    ]
    pattern = re.compile(r'Unreadable\(\s*"([a-z-]+)"|End\.(?:QUARANTINED|SPAM), "([a-z-]+)"|reason="([a-z-]+)", error')
    found = {next(filter(None, hit)) for path in files for hit in pattern.findall(path.read_text())}
    assert len(found) > 10
    assert found - set(reasons.REASONS) == set()


def test_the_list_says_why_in_words() -> None:
    row = submit({"email": "a@x.fr"}, end="quarantined", reason="dead", starts=3)
    client = _ops()
    text = client.get("/submissions").content.decode()
    with translation.override("fr"):
        assert reasons.words("dead") in text
    shown = client.get("/submissions?reason=dead").context["rows"]
    assert [each.pk for each in shown] == [row.pk]
