"""The hostile corpus at every address that needs no sign-in: raw bodies, types, headers, queries. What is posted to /in is kept as it came."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from capture import ledger, limits, pipeline
from capture.models import Form, Submission
from capture.tests.posting import fresh_process, source  # noqa: F401
from leadops import moment
from leadops.desk import first_run
from leadops.shipped import install_defaults
from leadops.tests import corpus
from leadops.tests.hostile import Tally, at_the_door, some, undone
from leadops.tests.scale import SCALE

pytestmark = pytest.mark.django_db
WHOLE = SCALE == "proof"
MATRIX = Path(__file__).with_name("access_matrix.csv")
LIKE = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
FILLED = {"in/<str:source_key>": "in/key-website", "f/<slug:slug>": "f/contact", "f/<slug:slug>/thanks": "f/contact/thanks",
          "u/<str:token>": "u/no-token", "set-password/<uuid:user_id>/<str:token>": "set-password/00000000-0000-4000-8000-00000000dead/x",
          "first-run": "first-run"}  # fmt: skip
REFUSED = ("sign-in", "401", "405", "404")


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A source and a form; how many a second are let in is another test's."""
    install_defaults()
    source(hand_raiser=True)
    fields = [{"name": "email", "required": True}, {"name": "name"}, {"name": "country"}, {"name": "message"}]
    Form.objects.create(slug="contact", source=source("form", adapter="hosted"), fields=fields)
    unlimited = limits.Limit(1e9, 1)
    for name in ("PER_SOURCE", "FORM_PER_ADDRESS", "FORM_PER_FORM", "FLOOD_PER_ADDRESS", "FLOOD_PER_FORM"):
        monkeypatch.setattr(limits, name, unlimited)
    yield


def public() -> list[str]:
    """Every route that answers a visitor with anything but a refusal, by the access matrix; and one each of what refuses."""
    with MATRIX.open(newline="") as file:
        found = {row["route"] for row in csv.DictReader(file) if row["anonymous"] not in REFUSED}
    return sorted({*found, *FILLED, "admin/login/", "api/v1/leads", "api/v1/schema"})


def addresses() -> dict[str, str]:
    found = {route: "/" + FILLED.get(route, route) for route in public()}
    assert not [path for path in found.values() if "<" in path], "say in FILLED what stands in the route's place"
    found["first-run"] += f"?token={first_run.token()}"
    return found


def thrown(route: str, number: int, most: int) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Name, method and what is sent: raw bodies in three wrappings, odd types, odd headers, odd queries."""
    form = b"email=a%40b.example&name=Ada&lang=fr"
    if route.startswith(("in/", "f/<slug:slug>")):  # what a type does to its body: everywhere a body is read
        for kind in corpus.types().values():
            for raw in (b'{"email":"a@b.example"}', form, b"email=%ff%00", corpus.bodies()["parts"]):
                yield f"{kind[:30]!r} {raw[:20]!r}", "POST", {"raw": raw, "content_type": kind}
    for kind in LIKE:
        for name, raw in some(corpus.bodies().items(), most, number):
            yield f"{name} as {kind[:20]}", "POST", {"raw": raw, "content_type": kind}
    for name, kind in some(corpus.types().items(), most, number):
        yield name, "POST", {"raw": form, "content_type": kind}
    for name, header in some(corpus.headers().items(), most, number):
        yield f"{name} {header[0]}", "POST", {"raw": form, "content_type": LIKE[1], "headers": [header]}
        yield f"{name} {header[0]}", "GET", {"headers": [header]}
    for name, query in some(corpus.queries().items(), most, number):
        yield name, "GET", {"query": query}
        yield name, "POST", {"raw": form, "content_type": LIKE[1], "query": query}
    for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "BREW"):
        yield method, method, {}


def test_no_request_at_a_public_address_is_a_fault_of_ours(doors: None, record_property: Callable[..., None]) -> None:
    tally, found = Tally(), addresses()
    for number, (route, path) in enumerate(found.items()):
        for name, method, sent in thrown(route, number, 10_000 if WHOLE else 2):
            if route == "readyz" or (route == "metrics" and method == "GET"):
                continue  # says 503 here: no cluster beats in a test
            tally.note(
                f"{method} {route} {name}", lambda m=method, p=path, s=sent: undone(lambda: at_the_door(m, p, **s))
            )
    record_property("n", tally.thrown)
    record_property("measured", f"{len(found)} addresses, {tally.broken} × 5xx, slowest {tally.slowest:.2f} s")
    assert len(found) >= 12, "the public addresses are not found any more"
    assert not tally.faults, tally.said()


def test_whatever_is_posted_to_in_is_kept_as_it_came_and_gets_an_end(
    doors: None, record_property: Callable[..., None]
) -> None:
    """Raw bodies in every wrapping, and every text as a name, a message, an id and a key; the equation holds afterwards."""
    tally, kept, texts = Tally(), dict[str, bytes](), corpus.texts()
    posts: list[tuple[str, bytes, str]] = [
        (f"{name} as {kind[:20]}", raw, kind)
        for kind in (LIKE if WHOLE else LIKE[:1]) for name, raw in corpus.bodies().items()
    ]  # fmt: skip
    for number, (name, text) in enumerate(texts.items()):
        if WHOLE or number % 6 == 0:
            given = {
                "email": f"t{number}@b.example",
                "name": text,
                "message": text,
                "company": text,
                "id": f"{number}{text}",
                text: 1,
            }
            posts.append((name, json.dumps(given).encode(), LIKE[0]))
            posts.append(
                (f"{name} as an address", json.dumps({"email": text, "phone": text, "country": text}).encode(), LIKE[0])
            )
    for name, raw, kind in posts:
        told = tally.note(name, lambda r=raw, k=kind: at_the_door("POST", "/in/key-website", r, k))
        if len(raw) > 1024 * 1024:
            assert told.status == 413, name
        else:
            assert told.status in (200, 202), (name, told)
            kept[json.loads(told.body)["submission"]] = raw
    for text in texts.values() if WHOLE else some(texts.values(), 40):
        word = quote_plus(text, errors="surrogatepass")
        raw = f"email={word}&name={word}&message={word}&nonce={word}".encode()
        tally.note("form", lambda r=raw: at_the_door("POST", "/f/contact", r, LIKE[1]))
    stored = {str(key): bytes(body) for key, body in Submission.objects.filter(pk__in=kept).values_list("pk", "body")}
    assert stored == kept
    while pipeline.run_batch(1000).claimed:
        pass
    day = moment.now().date()
    assert all(row.balanced and not row.pending for row in ledger.rows(day, day))
    dead = Submission.objects.filter(reason="dead").values_list("error", flat=True)
    assert not list(dead)
    record_property("n", tally.thrown)
    record_property("measured", f"{len(kept)} kept to the byte, equation = 0, slowest {tally.slowest:.2f} s")
    assert not tally.faults, tally.said()
