"""The hostile corpus in every field: of each form of each page, each filter, each body of the API. Never a 5xx, never two seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus, urlsplit

import pytest

from leadops.tests import corpus, hostile_forms
from leadops.tests import matrix_walk as walking
from leadops.tests.hostile import Tally, Told, endless, some, undone
from leadops.tests.hostile_forms import Form, Verb, leaves, with_value
from leadops.tests.matrix_walk import Walk
from leadops.tests.matrix_world import World
from leadops.tests.scale import SCALE

pytestmark = pytest.mark.django_db
WHO = ("revenue",) if SCALE != "proof" else ("revenue", "marketing", "manager", "rep", "executive")
ROUNDS = 12  # of each field by itself, where time is not short
WHOLE = SCALE == "proof"
# Days and moments without a neighbour: what reckons with them falls off the calendar.
ENDS = {"date": ("0001-01-01", "9999-12-31"), "datetime-local": ("0001-01-01T00:00", "9999-12-31T23:59")}
# The first who may send a form or call a verb throws the whole corpus at it; of the others, whose rights alone differ, each
# field gets one text: all by all would be 588,000 requests.


@pytest.fixture
def walk(db: None) -> Iterator[Walk]:
    yield Walk(World())


def asked(
    walk: Walk, actor: str, method: str, path: str, data: Any = None, content_type: str = ""
) -> Callable[[], Told]:
    """A question of somebody, as `undone` wants it."""
    client = walk.clients[actor]

    def ask() -> Told:
        client.cookies.clear()
        if session := walk.sessions[actor]:
            client.cookies["sessionid"] = session.value
        began = time.monotonic()
        if method == "GET":
            answer = client.get(path)
        elif content_type:
            answer = client.generic(method, path, data, content_type=content_type)
        else:
            answer = client.post(path, data)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return Told(answer.status_code, body, time.monotonic() - began)

    return lambda: undone(ask)


def readable(text: str) -> str:
    """As a browser sends it: no halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def query(values: dict[str, str]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value, errors='surrogatepass')}" for name, value in values.items())


# -- forms -----------------------------------------------------------------------------------------------


def forms(walk: Walk) -> dict[tuple[str, str, str, frozenset[str]], Form]:
    """Actor and likeness -> form, of every page each of them may open."""
    found = {}
    pages = [cell for cell in walking.cells(walk.world) if cell.method == "GET" and cell.relation in ("", "one", "own")
             and not cell.route.startswith(("api/", "in/", "metrics")) and (WHOLE or not cell.route.startswith("admin/"))]  # fmt: skip
    for cell in pages if WHOLE else pages[::2]:
        for actor in WHO:
            told = walk.ask(actor, cell)
            if told.answer == "200" and "<form" in told.text:
                for form in hostile_forms.Page(told.text, cell.path).forms:
                    if form.fields and form.route != "sign-out":
                        found.setdefault((actor, *form.like), form)
    return found


def thrown_at(form: Form, texts: Iterator[str], whole: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """What is sent: every field by itself among plausible others, and all at once."""
    names = [each.name for each in form.free()]
    for _number in range(max(1, len(corpus.texts()) // max(1, len(names))) if whole else 1):
        yield "all", {**form.values(), **{name: next(texts) for name in names}}
    for each in form.fields:
        for end in ENDS.get(each.kind, ()):
            yield each.name, {**form.values(), each.name: end}
    for each in form.fields if WHOLE else some(form.fields, 1):
        for _number in range(ROUNDS if whole else 1):
            yield each.name, {**form.values(), each.name: next(texts)}


@pytest.mark.apart
def test_no_text_in_any_form_is_a_fault_of_ours(walk: Walk, record_property: Callable[..., None]) -> None:
    tally, texts = Tally(), endless(corpus.texts().values())
    found, begun = forms(walk), set()
    for (actor, *like), form in found.items():
        (route, method, _names), whole = like, WHOLE and tuple(like) not in begun
        begun.add(tuple(like))
        for name, values in thrown_at(form, texts, whole):
            path = urlsplit(form.action).path
            what = f"{actor} {method} {route} [{name}] {values.get(name, '')[:40]!r}"
            if method == "GET":
                tally.note(what, asked(walk, actor, "GET", f"{path}?{query(values)}"))
            else:
                sent = {key: readable(value) for key, value in values.items()}
                tally.note(what, asked(walk, actor, "POST", form.action, sent))
    record_property("n", tally.thrown)
    record_property("measured", f"{len(found)} forms, {tally.broken} × 5xx, slowest {tally.slowest:.2f} s")
    assert len(found) > 20, "the forms are not found any more"
    assert not tally.faults, tally.said()


# -- the API ---------------------------------------------------------------------------------------------


def places(walk: Walk) -> dict[str, str]:
    """Nameless path -> the address of a row that is there, or of none where the house holds none."""
    found: dict[str, str] = {}
    for cell in sorted(walking.cells(walk.world), key=lambda one: one.relation == walking.MISSING):
        if cell.route.startswith("api/") and cell.relation in ("", "one", "own", walking.MISSING):
            found.setdefault(hostile_forms.plain(cell.route), cell.path)
    return found


def bodies(verb: Verb, texts: Iterator[str], whole: bool) -> Iterator[tuple[str, Any]]:
    """Each value by itself, and all at once."""
    spots = list(leaves(verb.body))
    for _number in range(len(corpus.texts()) // max(1, len(spots)) if whole else 1):
        body = verb.body
        for spot in spots:
            body = with_value(body, spot, next(texts))
        yield "all", body
    for spot in spots if WHOLE else some(spots, 2):
        for _number in range(ROUNDS if whole else 1):
            yield ".".join(map(str, spot)), with_value(verb.body, spot, next(texts))


def raw_bodies(number: int, whole: bool) -> list[tuple[str, bytes]]:
    """Bodies no shape knows."""
    return list(corpus.bodies().items()) if whole else some(corpus.bodies().items(), 1, number)


def kept_as_sent(verb: Verb, body: Any, told: Told) -> str:
    """What of an answer differs from what was sent under the same name, spaces around it apart; empty = nothing."""
    if verb.method == "POST" and "{" in verb.path:
        return ""  # an act on a row: its words are about the act
    answer = json.loads(told.body or b"null")
    if not isinstance(answer, dict) or not isinstance(body, dict):
        return ""
    for name, sent in body.items():
        back = answer.get(name)
        if isinstance(sent, str) and isinstance(back, str) and back.strip().casefold() != sent.strip().casefold():
            return f"{name}: sent {sent[:60]!r}, kept {back[:60]!r}"
    return ""


@pytest.mark.apart
def test_no_value_in_any_body_or_filter_of_the_api_is_a_fault_of_ours(
    walk: Walk, record_property: Callable[..., None]
) -> None:
    tally, texts, where = Tally(), endless(corpus.texts().values()), places(walk)
    known = list(hostile_forms.verbs())
    for number, verb in enumerate(known):
        path = where[verb.like]
        for actor in WHO if WHOLE else WHO[:1]:
            whole = WHOLE and actor == WHO[0]
            if verb.method == "GET":
                for name in verb.queries if WHOLE else some(verb.queries, 2, number):
                    for _round in range(ROUNDS if whole else 1):
                        value = next(texts)
                        asking = asked(walk, actor, "GET", f"{path}?{query({name: value})}")
                        tally.note(f"{actor} {verb.path} ?{name}={value[:40]!r}", asking)
                continue
            for name, body in bodies(verb, texts, whole) if verb.body is not None else ():
                what, raw = f"{actor} {verb.method} {verb.path} [{name}]", json.dumps(body)
                told = tally.note(f"{what} {raw[:300]}", asked(walk, actor, verb.method, path, raw, "application/json"))
                if told.status < 300 and (differs := kept_as_sent(verb, body, told)):
                    tally.faults.append(f"{what}: {differs}")
            for name, raw in raw_bodies(number, whole):
                asking = asked(walk, actor, verb.method, path, raw, "application/json")
                tally.note(f"{actor} {verb.method} {verb.path} body {name}", asking)
    record_property("n", tally.thrown)
    record_property("measured", f"{len(known)} operations, {tally.broken} × 5xx, slowest {tally.slowest:.2f} s")
    assert len(known) > 100, "the verbs are not found any more"
    assert not tally.faults, tally.said()
