"""Files of rows: read whatever office they come from, checked before anything happens, taken in once."""

from __future__ import annotations

import csv
import io
import json

import pytest

from capture.imports import files, selectors, services
from capture.models import Import, ImportPart, Submission
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops.access import Actor
from leadops.errors import Refused
from leadops.models import AttributeDef, Lead, Person
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
PEOPLE = "E-mail,Name,Company,Colour\nanna@tour.example,Anna Tour,Tour SA,red\nben@roux.example,Ben Roux,Roux SA,blue\n"


@pytest.fixture
def actor() -> Actor:
    import_source()
    return ops()


def refusal(text: str | bytes, actor: Actor) -> str:
    with pytest.raises(Refused) as refused:
        send(text, actor)
    return refused.value.code


# -- reading whatever comes --------------------------------------------------------------------------------


def test_a_file_of_a_french_office_is_read_as_it_was_written(actor: Actor) -> None:
    AttributeDef.objects.create(owner="lead", key="budget", kind="number", labels={"fr": "Budget", "en": "Budget"})
    text = "Prénom;Nom;Société;E-mail;Budget;Date\nZoé;Lefèvre;Éts Lefèvre;zoe@lefevre.example;1 234,50;25/02/2024\n"
    file = send(text.encode("cp1252"), actor)
    assert (file.encoding, file.separator, file.options["decimal"]) == ("cp1252", ";", ",")
    by_name = {c["name"]: file.mapping.get(str(n)) for n, c in enumerate(file.columns)}
    assert by_name["Prénom"] == "given_name" and by_name["E-mail"] == "email" and by_name["Société"] == "company"
    assert by_name["Budget"] == "attribute:budget"
    map_it(file, actor, {"Prénom": "given_name", "Nom": "family_name", "Société": "company", "E-mail": "email", "Budget": "attribute:budget", "Date": "occurred_at"})  # fmt: skip
    assert file.options["days"] == "dmy"
    assert commit(file, actor).ends == {"created": 1}
    lead = Lead.objects.select_related("person").get()
    assert (lead.person.name, lead.company, lead.attributes) == ("Zoé Lefèvre", "Éts Lefèvre", {"budget": 1234.5})
    assert lead.occurred_at.date().isoformat() == "2024-02-25"
    body = json.loads(bytes(Submission.objects.get().body))
    assert body["rest"]["Budget"] == "1 234,50" and body["rest"]["Date"] == "25/02/2024"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "file-empty"),
        (b"\xef\xbb\xbf\r\n", "file-empty"),
        (b"E-mail,Name\n", "file-empty"),
        (b",,\na,b,c\n", "file-empty"),
        (b"PK\x03\x04" + b"x" * 200, "file-not-text"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 200, "file-not-text"),
        (b"a,b\n" + b"\x00\x01" * 500, "file-not-text"),
        (b"E-mail,Name\n" + b"x" * (files.LONGEST_LINE + 10) + b"\n", "line-too-long"),
        (b'E-mail,Name\n"' + b"x\n" * files.LONGEST_LINE, "file-unreadable"),
        (b",".join([b"c"] * 300) + b"\n1\n", "too-many-columns"),
    ],
)
def test_what_is_no_table_is_refused_in_words(raw: bytes, code: str, actor: Actor) -> None:
    assert refusal(raw, actor) == code
    assert not Import.objects.exists() and not ImportPart.objects.exists()


def test_a_file_beyond_the_limits_is_refused(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 60)
    assert refusal(PEOPLE, actor) == "file-too-large"
    monkeypatch.setattr(files, "MOST_BYTES", 6000)
    monkeypatch.setattr(files, "MOST_ROWS", 1)
    assert refusal(PEOPLE, actor) == "too-many-rows"


def test_a_line_of_100_mb_is_never_held_whole(actor: Actor) -> None:
    chunks = (b"x" * 1_000_000 for _ in range(100))
    with pytest.raises(Refused) as refused:
        in_unit(lambda unit: services.upload("leads", "one-line.csv", chunks, unit), actor=actor)
    assert refused.value.code == "file-too-large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encoding_and_separator_are_told_from_the_bytes(encoding: str, separator: str, actor: Actor) -> None:
    text = separator.join(["E-mail", "Prénom"]) + "\n" + separator.join(["zoe@x.example", "Zoé"]) + "\n"
    file = send(text.encode(encoding), actor)
    assert [column["name"] for column in file.columns] == ["E-mail", "Prénom"]
    assert file.columns[1]["samples"] == ["Zoé"]


def test_ragged_rows_nuls_formulas_and_twin_columns_lose_nothing(actor: Actor) -> None:
    text = (
        "E-mail,Note,Note,\n"
        "a@x.example,=1+1,+33 1 23,\n"
        "b@x.example,too short\n"
        "\n"
        "c@x.example,x,y,,surplus\n"
        "d\x00@x.example,x\x00,y,\n"
        "e@x.example,x,y,,,\n"
        ",only a note,,\n"
    )
    file = map_it(send(text, actor), actor, {"E-mail": "email"})
    assert [column["name"] for column in file.columns] == ["E-mail", "Note", "Note (2)", "#4"]
    assert file.found == {"new": 3, "bad": 3}
    assert commit(file, actor).ends == {"created": 3, "quarantined": 3}
    aside = Submission.objects.filter(end="quarantined").order_by("row")
    assert list(aside.values_list("row", "reason")) == [(3, "shape"), (5, "shape"), (8, "empty")]
    assert json.loads(bytes(Submission.objects.get(row=2).body))["rest"] == {"Note": "=1+1", "Note (2)": "+33 1 23"}
    rows = list(csv.reader(io.StringIO("".join(selectors.bad_rows_csv(file)).lstrip("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["3", "5", "8"] and rows[2][3:] == ["c@x.example", "x", "y", "", "surplus"]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@a", "\tx", "\rx"])
def test_no_downloaded_cell_is_a_formula(cell: str) -> None:
    assert selectors.harmless(cell) == f"'{cell}"
    assert selectors.harmless("-12,5") == "-12,5" and selectors.harmless("+33") == "+33"


# -- what the columns mean ---------------------------------------------------------------------------------


def test_days_that_say_nothing_are_asked_once(actor: Actor) -> None:
    file = send("E-mail,When\na@x.example,01/02/2024\n", actor)
    columns = {"E-mail": "email", "When": "occurred_at"}
    with pytest.raises(Refused) as refused:
        map_it(file, actor, columns)
    assert refused.value.code == "days-ambiguous"
    commit(map_it(file, actor, columns, days="mdy"), actor)
    assert Lead.objects.get().occurred_at.date().isoformat() == "2024-01-02"
    again = send("E-mail,When\nb@x.example,03/04/2024\n", actor)
    assert again.mapping == file.mapping


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"0": "email", "1": "email"}, "mapped-twice"),
        ({"0": "nonsense"}, "unknown-field"),
        ({"9": "email"}, "unknown-column"),
        ({"3": "city"}, "nothing-mapped"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(mapping: dict[str, str], code: str, actor: Actor) -> None:
    file = send(PEOPLE, actor)
    with pytest.raises(Refused) as refused:
        in_unit(lambda unit: services.set_mapping(file.pk, mapping, {}, unit), actor=actor)
    assert refused.value.code == code


def test_one_row_of_more_cells_than_any_table_has_is_not_kept_as_a_whole() -> None:
    """What a look at a file remembers is bounded by columns, not by bytes."""
    wide = b"email,company\r\n" + b",".join([b"a"] * 30_000) + b"\r\n"
    found = files.profile([wide], "utf-8", ",")
    assert (found.rows, len(found.first[0])) == (1, files.MOST_COLUMNS + 1)


def test_a_file_with_the_same_columns_starts_from_what_was_said_before(actor: Actor) -> None:
    map_it(send(PEOPLE, actor), actor, {"E-mail": "email", "Colour": "city"}, empty="red")
    again = send(PEOPLE.replace("ben@", "bea@"), actor)
    assert again.mapping == {"0": "email", "3": "city"} and again.options["empty"] == "red"


def test_read_again_in_another_encoding(actor: Actor) -> None:
    file = send("E-mail;Prénom\nzoe@x.example;Zoé\n".encode("cp1252"), actor)
    again = in_unit(lambda unit: services.read_again(file.pk, "latin-1", ",", unit), actor=actor)
    assert [column["name"] for column in again.columns] == ["E-mail;Prénom"]
    with pytest.raises(Refused):
        in_unit(lambda unit: services.read_again(file.pk, "utf-8", ",", unit), actor=actor)


# -- dry run -----------------------------------------------------------------------------------------------


def test_the_dry_run_tells_new_known_twice_and_bad_and_changes_nothing(actor: Actor) -> None:
    commit(map_it(send(PEOPLE, actor), actor), actor)
    before = (Lead.objects.count(), Person.objects.count(), Submission.objects.count())
    more = "E-mail,Name\nANNA@tour.example,Anna\ncleo@x.example,Cleo\nCleo@x.example,Cleo B\nshort\n"
    file = map_it(send(more, actor), actor)
    assert file.found == {"known": 1, "new": 1, "duplicate": 1, "bad": 1}
    assert (Lead.objects.count(), Person.objects.count(), Submission.objects.count()) == before
    assert commit(file, actor).ends == {"touched": 2, "created": 1, "quarantined": 1}
    assert Lead.objects.count() == 3


def test_what_a_dry_run_found_is_what_the_commit_does(actor: Actor) -> None:
    rows = [f"p{n % 50}@x.example,P {n}" if n % 9 else f"broken {n}" for n in range(200)]
    file = map_it(send("E-mail,Name\n" + "\n".join(rows) + "\n", actor), actor)
    found = dict(file.found)
    ends = commit(file, actor).ends
    assert (ends["created"], ends["touched"], ends["quarantined"]) == (found["new"], found["duplicate"], found["bad"])
