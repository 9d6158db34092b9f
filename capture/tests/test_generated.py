"""Generated JSON, forms, files and mails: answered, kept, ended; the ledger's equation holds after all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture import ledger, limits, pipeline
from capture.adapters import ADAPTERS
from capture.models import Form, Submission
from capture.tests import importing
from capture.tests.posting import fresh_process, source  # noqa: F401
from capture.tests.test_hostile import names, trees
from leadops import moment
from leadops.errors import Refused
from leadops.shipped import install_defaults
from leadops.tests.hostile import SLOWEST, at_the_door
from leadops.tests.scale import sized

pytestmark = pytest.mark.django_db
JSON, FORMS = sized(100, 3_000, ci=300), sized(50, 3_000, ci=120)
FILES, MAILS = sized(30, 1_000, ci=60), sized(60, 1_000, ci=100)
Noted = Callable[[str, object], None]
quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
people = st.sampled_from(["a@b.example", "c@d.example", "Ada <a@b.example>", "é@é.example"])
words = st.text(st.characters(), max_size=30)
plain = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@pytest.fixture(autouse=True)
def house(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install_defaults()
    unlimited = limits.Limit(1e9, 1)
    for name in ("PER_SOURCE", "FORM_PER_ADDRESS", "FORM_PER_FORM", "FLOOD_PER_ADDRESS", "FLOOD_PER_FORM"):
        monkeypatch.setattr(limits, name, unlimited)
    yield


def examples(most: int):  # type: ignore[no-untyped-def]
    return settings(max_examples=most, deadline=None, suppress_health_check=quiet, database=None)


def everything_ended() -> dict[str, int]:
    """Run the pipeline dry; nothing waits, nothing was given up, and every delivery has its one end."""
    while pipeline.run_batch(1000).claimed:
        pass
    today = moment.now().date()
    rows = ledger.rows(today, today)
    assert all(row.balanced and not row.pending for row in rows), rows
    assert not list(Submission.objects.filter(reason="dead").values_list("error", flat=True))
    return {"deliveries": sum(row.deliveries for row in rows), "leads": sum(row.created for row in rows)}


def posted(slug: str, raw: bytes, kind: str) -> None:
    """One delivery: taken, in time, kept to the byte."""
    told = at_the_door("POST", f"/in/key-{slug}", raw, kind)
    assert told.status in (200, 202) and told.seconds < SLOWEST, told
    kept = Submission.objects.get(pk=json.loads(told.body)["submission"])
    assert bytes(kept.body) == raw


def note(record_property: Noted, n: int, ended: dict[str, int]) -> None:
    record_property("n", n)
    record_property("measured", f"{ended['deliveries']} deliveries, {ended['leads']} leads, equation = 0")


def test_no_json_is_lost_or_a_fault_of_ours(record_property: Noted) -> None:
    adapters = [name for name in ADAPTERS if not name.startswith("inbound_raw")]
    for name in adapters:
        source(name.replace("_", "-"), adapter=name, mapping={"delivery_key": "id"}, hand_raiser=True)
    bodies = st.dictionaries(names | words, trees, max_size=8) | trees
    done = []

    @examples(JSON)
    @given(st.sampled_from(adapters), bodies, st.none() | people)
    def check(adapter: str, body: object, email: str | None) -> None:
        if isinstance(body, dict) and email:
            body = {**body, "email": email}
        done.append(1)
        posted(adapter.replace("_", "-"), json.dumps(body).encode(), "application/json")

    check()
    note(record_property, len(done), everything_ended())


def test_no_form_is_lost_or_a_fault_of_ours(record_property: Noted) -> None:
    fields = [{"name": "email", "required": True}, {"name": "name"}, {"name": "country"}, {"name": "message"}]
    Form.objects.create(slug="contact", source=source("contact", adapter="hosted"), fields=fields)
    source("form", adapter="form", hand_raiser=True)
    asked = st.sampled_from(["email", "name", "country", "message", "nonce", "lang", "utm_source", "website", "marks"])
    values = st.dictionaries(asked | plain, plain | people, max_size=8)
    done = []

    @examples(FORMS)
    @given(values, st.none() | people, st.booleans(), st.binary(max_size=20))
    def check(given_: dict[str, str], email: str | None, hosted: bool, tail: bytes) -> None:
        raw = urlencode(given_ | ({"email": email} if email else {})).encode() + tail
        done.append(1)
        if hosted:
            told = at_the_door("POST", "/f/contact", raw, "application/x-www-form-urlencoded")
            assert told.status in (303, 400, 422) and told.seconds < SLOWEST, told
        else:
            posted("form", raw, "application/x-www-form-urlencoded")

    check()
    note(record_property, len(done), everything_ended())


def test_no_file_is_a_fault_of_ours(record_property: Noted) -> None:
    """Taken or refused in words; what was taken is read, matched, tried and committed, each row with its end."""
    importing.import_source()
    actor, done = importing.ops(), []
    heads = st.lists(
        st.sampled_from(["E-mail", "Name", "Company", "Phone", "Country", "Employees", "Date"]) | plain, max_size=5
    )
    rows = st.lists(st.lists(plain | people, max_size=6), max_size=8)
    table = st.tuples(
        heads, rows, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    )

    @examples(FILES)
    @given(table, st.binary(max_size=30))
    def check(made: tuple[list[str], list[list[str]], str, str], tail: bytes) -> None:
        head, lines, separator, encoding = made
        text = "\n".join(separator.join(cells) for cells in (head, *lines))
        done.append(1)
        try:
            file = importing.map_it(importing.send(text.encode(encoding, "replace") + tail, actor), actor)
            if file.state == "checked":
                ended = importing.commit(file, actor)
                assert sum(ended.ends.values()) == ended.rows, (ended.ends, ended.rows)
        except Refused as no:
            assert no.code and str(no.message)

    check()
    note(record_property, len(done), everything_ended())


header = st.sampled_from(
    ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Content-Type", "Auto-Submitted",
     "Content-Transfer-Encoding", "MIME-Version", "X-Failed-Recipients", "Return-Path", "Reply-To", "Precedence"]
)  # fmt: skip
said = st.sampled_from(
    ["Ada <a@b.example>", "text/plain; charset=utf-7", "multipart/mixed; boundary=x", "multipart/report; report-type=delivery-status",
     "message/rfc822", "text/html; charset=\"", "base64", "quoted-printable", "=?utf-8?b?!!!?=", "=?x?q?=00?=", "<m1@leadops>", "auto-replied",
     "Tue, 99 Foo 2026 25:61:61 +9999", "MAILER-DAEMON@x.example", "Undeliverable: x"]
) | plain  # fmt: skip
part = st.sampled_from(
    [b"--x\n", b"--x--\n", b"\n\n", b"Status: 5.1.1\n", b"<b>x</b>", b"=00=FF", b"> quoted\n"]
) | st.binary(max_size=40)


def test_no_mail_is_lost_or_a_fault_of_ours(record_property: Noted) -> None:
    source("mail-in", adapter="inbound_raw")
    done = []

    @examples(MAILS)
    @given(st.lists(st.tuples(header, said), max_size=8), st.lists(part, max_size=8))
    def check(head: list[tuple[str, str]], parts: list[bytes]) -> None:
        lines = "".join(f"{name}: {value}\n" for name, value in head).encode("utf-8", "replace")
        done.append(1)
        posted("mail-in", lines + b"\n" + b"".join(parts), "message/rfc822")

    check()
    note(record_property, len(done), everything_ended())
