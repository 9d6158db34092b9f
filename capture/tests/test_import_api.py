"""Imports by API alone: send, try, commit, read what was bad; the same rights as on the pages."""

from __future__ import annotations

import io
from typing import Any

import pytest

from capture import pipeline
from capture.imports import work
from capture.models import Import
from leadops.desk.tests.api_cast import API, Caller, House
from leadops.models import Lead

pytestmark = pytest.mark.django_db
PEOPLE = b"E-mail,Name\nanna@tour.example,Anna\nbroken\nben@roux.example,Ben\n"


def sent(who: Caller, raw: bytes = PEOPLE, kind: str = "leads") -> Any:
    file = io.BytesIO(raw)
    file.name = "fair.csv"
    return who.http.post(f"{API}/imports", {"kind": kind, "file": file})


def test_a_file_from_its_bytes_to_leads() -> None:
    ops = House().marketing
    made = sent(ops)
    assert made.status_code == 201, made.content
    assert made.json()["mapping"] == {"0": "email", "1": "name"} and made.json()["state"] == "mapping"
    again = sent(ops)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    path = f"/imports/{made.json()['id']}"
    assert ops.post(f"{path}/commit").status_code == 409
    dry = ops.post(f"{path}/undo", {"dry_run": True}).json()
    assert (dry["withdrawn"], dry["possible"]) == (0, False)  # nothing of it was taken in
    assert ops.post(f"{path}/dry-run", {"options": {"route": "now"}}).status_code == 202
    work.run_all()
    assert ops.get(path).json()["found"] == {"new": 2, "bad": 1}
    bad = ops.get(f"{path}/bad-rows").json()["results"]
    assert [(row["row"], row["reason"]) for row in bad] == [(3, "shape")]
    assert ops.post(f"{path}/commit").status_code == 202
    work.run_all()
    pipeline.run_batch(1000)
    work.run_all()
    done = ops.get(path).json()
    assert (done["state"], done["ends"]) == ("done", {"created": 2, "quarantined": 1})
    assert (done["progress"]["done"], Lead.objects.count()) == (3, 2)
    assert [row["id"] for row in ops.get("/imports?state=done").json()["results"]] == [done["id"]]
    assert ops.http.delete(f"{API}{path}").status_code == 409


def test_what_is_not_understood_is_refused_by_name() -> None:
    ops = House().marketing
    assert sent(ops, b"").json()["code"] == "file-empty"
    assert sent(ops, b"PK\x03\x04rest").json()["code"] == "file-not-text"
    path = f"/imports/{sent(ops).json()['id']}"
    assert ops.post(f"{path}/dry-run", {"mapping": {"0": "email", "1": "email"}}).json()["code"] == "mapped-twice"
    assert ops.post(f"{path}/dry-run", {"options": {"shoes": "red"}}).status_code == 422
    assert ops.post(f"{path}/format", {"encoding": "klingon", "separator": ","}).status_code == 422
    assert ops.post(f"{path}/format", {"encoding": "utf-8", "separator": "\t"}).json()["mapping"] == {}
    assert ops.http.delete(f"{API}{path}").status_code == 204
    assert ops.get(path).status_code == 404


def test_who_may_import() -> None:
    house = House()
    for who in (house.as_lea, house.manager, house.executive):
        assert sent(who).status_code == 403
        assert who.get("/imports").status_code == 403
    assert sent(house.marketing, kind="deals").status_code == 403
    assert sent(house.revenue, kind="deals").status_code == 201
    reader = Caller(house.marketing.user, ("leads:read",))
    assert sent(reader).status_code == 403
    assert Import.objects.count() == 1
