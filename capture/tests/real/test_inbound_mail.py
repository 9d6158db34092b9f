"""Real received mail: every message is read, and is what its folder says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture.adapters import ADAPTERS, Draft, Unreadable
from capture.adapters.quoting import words_alone

pytestmark = pytest.mark.real
AT = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE = SimpleNamespace(phone_region="FR", mapping={})
NO_MESSAGE = {"sample_output_multipart"}  # the output of a program, not a message
# outside the folder of reports: a server's own bounce, and one that says `Precedence: junk`
OTHERS = {"raw_email_with_mimepart_without_content_type.eml": "bounce", "bad_date_header.eml": "automatic"}


def read(adapter: str, path: Path, content_type: str) -> Draft:
    received = SimpleNamespace(content_type=content_type, headers={}, body=path.read_bytes(), received_at=AT)
    (draft,) = ADAPTERS[adapter].read(received, SOURCE)
    return draft


def test_every_raw_message_is_read_as_what_it_is(real_data):
    root = real_data / "payloads" / "inbound_raw_eml" / "mikel_mail"
    paths = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    found, expected = {}, {}
    for path in paths:
        if path.name in NO_MESSAGE:
            with pytest.raises(Unreadable):
                read("inbound_raw", path, "message/rfc822")
            continue
        draft = read("inbound_raw", path, "message/rfc822")
        found[path.name] = draft.mail.kind
        expected[path.name] = (
            "bounce" if path.parent.name == "multipart_report_emails" else OTHERS.get(path.name, "human")
        )
    assert len(found) > 95 and found == expected


def test_bounces_name_the_address_and_whether_it_is_for_ever(real_data):
    root = real_data / "payloads" / "inbound_raw_eml" / "mikel_mail" / "multipart_report_emails"
    found = {p.name: read("inbound_raw", p, "message/rfc822").mail for p in root.glob("*.eml")}
    assert {name: mail.hard for name, mail in found.items()} == {
        "multi_address_bounce1.eml": True,
        "multi_address_bounce2.eml": True,
        "multipart_report_multiple_status.eml": True,
        "report_422.eml": False,
        "report_530.eml": True,
    }
    assert all("@" in mail.about for mail in found.values())


@pytest.mark.parametrize("folder", ["inbound_mailgun_routes/anymail", "inbound_postmark", "inbound_postmark/anymail"])
def test_every_mail_of_the_providers_is_read(real_data, folder):
    adapter = "inbound_mailgun" if "mailgun" in folder else "inbound_postmark"
    for path in sorted((real_data / "payloads" / folder).glob("*.json")):
        if path.name == "meta.json":
            continue
        if path.name.startswith("misconfigured_tracking"):  # events posted to the wrong address
            with pytest.raises(Unreadable):
                read(adapter, path, "application/json")
            continue
        draft = read(adapter, path, "application/json")
        assert draft.mail.kind == "human" and "@" in draft.email, path.name


def test_every_real_answer_keeps_its_own_words_and_no_quote(real_data):
    root = real_data / "payloads" / "inbound_raw_eml" / "zapier_email_reply_parser" / "test" / "emails"
    texts = {p.name: words_alone(p.read_text(errors="replace")) for p in sorted(root.glob("*.txt"))}
    assert len(texts) == 24 and all(texts.values())
    assert not [name for name, text in texts.items() if any(line.startswith(">") for line in text.splitlines())]
    assert texts["email_1_4.txt"] == "Awesome! I haven't had another problem with it."
    assert texts["email_1_8.txt"] == "I will reply under this one\n\nand under this."
    assert texts["email_iPhone.txt"] == "Here is another email"
