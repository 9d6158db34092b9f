"""The import pages: every step a plain form, the same cost whatever the file's length."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from capture import pipeline, reasons
from capture.imports import files, work
from capture.models import Import
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops.access import Actor, actor_of
from leadops.models import Lead, Role, User
from leadops.testing import member

pytestmark = pytest.mark.django_db
PEOPLE = "E-mail,Name,Company,Colour\nanna@tour.example,Anna Tour,Tour SA,red\nben@roux.example,Ben Roux,Roux SA,blue\n"


@pytest.fixture
def actor() -> Actor:
    import_source()
    return ops()


def client_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id), backend="leadops.desk.signin.EmailBackend")
    return client


def test_the_whole_way_by_forms_alone(actor: Actor) -> None:
    client = client_of(actor)
    assert client.get("/imports").status_code == 200
    upload = io.BytesIO((PEOPLE + "broken\n").encode())
    upload.name = "salon.csv"
    answer = client.post("/imports/new", {"kind": "leads", "file": upload})
    assert answer.status_code == 302
    page = answer.headers["Location"]
    shown = client.get(page).content.decode()
    assert "anna@tour.example" in shown and 'name="column_0"' in shown
    sent = {"column_0": "email", "column_1": "name", "column_2": "company", "decimal": ".", "source": "import", "route": "now"}  # fmt: skip
    assert client.post(f"{page}/mapping", sent).status_code == 302
    assert "import-progress" in client.get(page).content.decode()
    work.run_all()
    assert "broken" not in client.get(page).content.decode() and Lead.objects.count() == 0
    rows = b"".join(client.get(f"{page}/bad-rows").streaming_content).decode()  # type: ignore[attr-defined]
    assert reasons.words_of_row("shape") in rows or "broken" in rows
    assert client.post(f"{page}/commit").status_code == 302
    assert client.get(f"{page}/progress").headers.get("HX-Refresh") is None
    work.run_all()
    pipeline.run_batch(1000)
    work.run_all()
    assert client.get(f"{page}/progress").headers["HX-Refresh"] == "true"
    assert Lead.objects.count() == 2
    listed = client.get(f"/submissions?file={page.rpartition('/')[2]}&end=created")
    assert listed.content.decode().count("data-row ") == 2


def test_a_refused_mapping_comes_back_with_what_was_chosen(actor: Actor) -> None:
    file = send(PEOPLE, actor)
    sent = {"column_0": "email", "column_1": "email", "decimal": ".", "source": "import"}
    answer = client_of(actor).post(f"/imports/{file.pk}/mapping", sent)
    assert answer.status_code == 422 and answer.content.decode().count('value="email" selected') == 2


def test_an_upload_beyond_the_limit_is_refused_in_words(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capture.imports.uploads.MOST_BYTES", -300_000)
    upload = io.BytesIO(PEOPLE.encode())
    upload.name = "large.csv"
    answer = client_of(actor).post("/imports/new", {"kind": "leads", "file": upload})
    with translation.override("fr"):
        assert answer.status_code == 422 and str(files.too_large().message).split(":")[0] in answer.content.decode()


def test_the_upload_page_checks_its_token(actor: Actor) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        User.objects.get(pk=actor.user_id),
        backend="leadops.desk.signin.EmailBackend",
    )
    upload = io.BytesIO(PEOPLE.encode())
    upload.name = "x.csv"
    assert client.post("/imports/new", {"kind": "leads", "file": upload}).status_code == 403
    assert not Import.objects.exists()


def test_what_one_may_not_see_is_not_there(actor: Actor) -> None:
    file = send(PEOPLE, actor)
    seller = client_of(actor_of(member("Rui", Role.REP)))
    assert seller.get(f"/imports/{file.pk}").status_code == 403
    assert client_of(actor).get("/imports/00000000-0000-7000-8000-000000000000").status_code == 404


def test_pages_cost_the_same_however_long_the_file(actor: Actor) -> None:
    client = client_of(actor)
    counts = []
    for n in (3, 60):
        text = "E-mail,Name\n" + "".join(f"p{i}@n{n}.example,P\n" for i in range(n)) + "broken\n" * n
        file = commit(map_it(send(text, actor), actor), actor)
        for address in (f"/imports/{file.pk}", "/imports"):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:] and max(counts) <= 20, counts
