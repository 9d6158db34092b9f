"""The source page: what one copies really delivers, and everything is said in words."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from capture import adapters, pipeline, reasons, receive, shortcut, signatures, snippets
from capture.doors import Stopped
from capture.models import Form, Source
from capture.tests.batch import submit
from leadops import moment, sealed
from leadops.models import Person, Role
from leadops.testing import SourceFactory, member

pytestmark = pytest.mark.django_db


def _ops(language: str = "fr") -> Client:
    client = Client()
    client.force_login(
        member("Hugo", Role.MARKETING_OPS, language=language), backend="leadops.desk.signin.EmailBackend"
    )
    return client


def test_the_page_shows_a_command_with_the_real_address() -> None:
    source = SourceFactory(adapter="json")
    text = _ops().get(f"/sources/{source.pk}").content.decode()
    assert f"curl -i http://testserver/in/{source.key}" in text


@pytest.mark.parametrize(("language", "label"), [("en", "First name"), ("fr", "Prénom")])
def test_a_form_for_ones_own_page_brings_a_lead_and_its_visitor_to_a_page_that_says_thanks(
    language: str, label: str
) -> None:
    """What is shown is sent as a browser would, by either way in."""
    source = SourceFactory(adapter="form")
    with translation.override(language):
        shown = snippets.html(source, f"http://testserver/in/{source.key}")
    assert label in shown
    names = re.findall(r'name="(\w+)"', shown)
    told = dict.fromkeys(names, "Anna") | {"email": "anna@acier.example"}
    sent = Client().post(f"/in/{source.key}", told, headers={"sec-fetch-mode": "navigate", "accept-language": language})
    assert (sent.status_code, sent["Location"]) == (303, "/thanks")
    page = Client().get(sent["Location"], headers={"accept-language": language})
    assert page.status_code == 200 and {"en": "Thank you", "fr": "Merci"}[language] in page.content.decode()
    again = Client().post(f"/in/{source.key}", told)
    assert (again.status_code, again.json()["status"]) == (200, "duplicate"), "no browser: told in JSON as ever"
    with translation.override(language):
        page_of_source = _ops().get(f"/sources/{source.pk}").content.decode()
    assert f"action=&quot;http://testserver/in/{source.key}&quot;" in page_of_source
    pipeline.run_batch(10)
    person = Person.objects.get(email="anna@acier.example")
    assert (person.given_name, person.family_name) == ("Anna", "Anna")


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("unknown-source", "is not in use", "n’est pas en service"),
        ("too-large", "make it shorter", "raccourcissez-le"),
        ("too-many-requests", "wait 7 seconds", "attendez 7 secondes"),
        ("database-away", "failed on our side", "de notre côté"),
        ("incomplete", "did not arrive whole", "pas arrivé en entier"),
        ("content-encoding", "in the way it should be", "comme il le faut"),
    ],
)
@pytest.mark.parametrize("straight", [True, False])
def test_a_form_that_is_not_taken_leads_its_visitor_to_a_page_that_says_what_to_do(
    code: str, english: str, french: str, straight: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SourceFactory(adapter="form")

    def stopped(*_given: Any) -> None:
        raise Stopped(418, code, 7 if code == "too-many-requests" else 0)

    monkeypatch.setattr(receive, "_accept", stopped)
    posted = _posted(source.key, {"HTTP_SEC_FETCH_MODE": "navigate"}, straight)
    assert posted[0] == 303 and posted[1].startswith(f"/not-taken?code={code}")
    for language, words in (("en", english), ("fr", french)):
        page = Client().get(posted[1], headers={"accept-language": language})
        assert page.status_code == 200 and words in page.content.decode()
    assert _posted(source.key, {}, straight)[0] >= 400, "a program is told in JSON as ever"


def _posted(key: str, more: dict[str, str], straight: bool) -> tuple[int, str]:
    """Status and way to go on of a post: by the door's own short way, or through Django."""
    if not straight:
        answer = Client().post(
            f"/in/{key}", {"a": "b"}, headers={"sec-fetch-mode": more["HTTP_SEC_FETCH_MODE"]} if more else {}
        )
        return answer.status_code, answer.get("Location", "")
    seen: dict[str, Any] = {}
    environ = RequestFactory().post(f"/in/{key}", {"a": "b"}, **more).environ
    shortcut.straight(environ, lambda status, headers: seen.update(status=int(status[:3]), **dict(headers)))
    return seen["status"], seen.get("Location", "")


def test_a_fault_of_ours_leads_there_too_and_is_logged_as_the_fault_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(receive, "_accept", broken)
    with caplog.at_level("WARNING"):
        posted = _posted(SourceFactory(adapter="form").key, {"HTTP_SEC_FETCH_MODE": "navigate"}, True)
    assert posted == (303, "/not-taken?code=fault")
    assert [each.status for each in caplog.records if each.message == "answered"] == [500]


@pytest.mark.parametrize(("key", "code"), [("", "method-not-allowed"), ("nonsense", "unknown-source")])
def test_a_form_that_forgot_its_method_leads_there_too(key: str, code: str) -> None:
    at = f"/in/{key or SourceFactory(adapter='form').key}?email=ana@acier.example"
    assert Client().get(at, headers={"sec-fetch-mode": "navigate"})["Location"] == f"/not-taken?code={code}"
    assert Client().get(at).status_code in (404, 405), "a program is told in JSON as ever"
    assert Client().head("/not-taken").status_code == 200


@pytest.mark.parametrize("code", ["", "nonsense", "<script>"])
def test_a_code_that_is_none_of_ours_has_the_general_words(code: str) -> None:
    page = Client().get("/not-taken", {"code": code}, headers={"accept-language": "en"})
    assert page.status_code == 200 and "in the way it should be" in page.content.decode()
    assert code != "<script>" or code not in page.content.decode(), "the links to the other language carry it, escaped"


@pytest.mark.parametrize("wait", ["-1", "1e9", "٣", "<b>", "999999999"])
def test_a_wait_that_is_none_is_not_repeated(wait: str) -> None:
    page = Client().get("/not-taken", {"code": "too-many-requests", "wait": wait}, headers={"accept-language": "en"})
    assert page.status_code == 200 and "failed on our side" in page.content.decode()


@pytest.mark.parametrize("given", [{"adapter": "json"}, {"adapter": "form", "signed": True}, {"adapter": "hosted"}])
def test_no_form_is_shown_where_a_page_could_not_send(given: dict[str, Any]) -> None:
    assert snippets.html(SourceFactory(**given), "http://testserver/in/x") == ""


def test_a_source_of_a_hosted_form_leads_to_the_form_it_lacks_and_to_the_one_not_in_use() -> None:
    source, ops = SourceFactory(adapter="hosted"), _ops("en")
    add = f"/admin/capture/form/add/?source={source.pk}"
    page = ops.get(f"/sources/{source.pk}").content.decode()
    assert f'href="{add}"' in page and "There is no page yet" in page and f"/in/{source.key}" not in page
    assert f'value="{source.pk}" selected' in ops.get(add).content.decode(), "the form knows its source"
    form = Form.objects.create(
        slug="fair", source=source, title={"en": "Fair"}, fields=[{"name": "email"}], active=False
    )
    page = ops.get(f"/sources/{source.pk}").content.decode()
    assert f"/admin/capture/form/{form.pk}/change/" in page and "is not in use" in page


def test_a_hosted_form_shows_its_public_link_instead() -> None:
    source = SourceFactory(adapter="hosted")
    Form.objects.create(slug="contact", source=source, fields=[])
    text = _ops().get(f"/sources/{source.pk}").content.decode()
    assert "http://testserver/f/contact" in text and "curl -i" not in text


def _as_the_shell_sends(command: str, secret: str, tmp_path: Path) -> tuple[bytes, str]:
    """Body and signature of what the command posts: the shell runs it, with a `curl` that writes down what it was given."""
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done\n')
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin", "SECRET": secret}
    said = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True).stdout
    header = re.search(r"Leadops-Signature: (.+)", said)
    assert header
    return said.strip().splitlines()[-1].encode(), header[1]


def test_a_signed_source_made_on_the_screen_takes_what_its_page_says_to_send_and_refuses_the_rest(
    tmp_path: Path,
) -> None:
    ops, told = _ops(), {"name": "Partner", "adapter": "json", "trigger": "now", "signed": "on"}
    shown = ops.post("/sources/new", told)
    source, secret = shown.context["source"], shown.context["secret"]
    page = ops.get(f"/sources/{source.pk}")
    body, signature = _as_the_shell_sends(page.context["curl"], secret, tmp_path)
    assert json.loads(body)["email"] == "anna.roux@example.com"
    at = f"/in/{source.key}"
    taken = Client().post(at, body, "application/json", headers={"leadops-signature": signature})
    assert taken.status_code == 202, taken.content
    assert Client().post(at, body, "application/json").status_code == 401
    other = signatures.sign("other", body, moment.now())
    assert Client().post(at, body, "application/json", headers={"leadops-signature": other}).status_code == 401
    assert source.scheme == "leadops"


def test_a_signed_source_of_before_that_names_no_way_is_checked_as_its_kind_signs() -> None:
    source = SourceFactory(adapter="json", signed=True, slug="of-before")
    sealed.put("source:of-before", "s3cret", moment.now())
    body = b'{"email": "anna@acier.example"}'
    signed = {"leadops-signature": signatures.sign("s3cret", body, moment.now())}
    assert Client().post(f"/in/{source.key}", body, "application/json").status_code == 401
    assert Client().post(f"/in/{source.key}", body, "application/json", headers=signed).status_code == 202


@pytest.mark.parametrize("adapter", sorted(adapters.UNSIGNED))
def test_a_source_whose_sender_signs_nothing_is_not_made_to_refuse_it_all(adapter: str) -> None:
    ops, told = _ops(), {"name": "Site", "adapter": adapter, "trigger": "now", "signed": "on"}
    refused = ops.post("/sources/new", told)
    assert refused.status_code == 422 and "Rien ne signe" in refused.content.decode()
    assert not Source.objects.exists()
    assert ops.post("/sources/new", told | {"signed": ""}).status_code == 302


def test_no_command_is_shown_where_another_hand_signs() -> None:
    assert snippets.curl(SourceFactory(adapter="json", signed=True, scheme="meta"), "http://testserver/in/x") == ""


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
