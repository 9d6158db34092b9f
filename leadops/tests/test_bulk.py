"""COPY on the hot path stores what the plain ORM form stores."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.utils.safestring import mark_safe

from leadops import bulk, moment, packing
from leadops.journal import JournalEntry
from leadops.models import Lead, Person, Touch
from leadops.testing import LeadFactory, rep
from routing.models import CreditEntry, Pool

pytestmark = pytest.mark.django_db


def entries(lead):
    odd = {"text": "é\t\n\\N \"quoted\" 'x'", "n": 1.5, "none": None, "list": [1, "2"]}
    return [
        JournalEntry(kind="noted", lead=lead, at=moment.now(), recorded_at=moment.now(), data={**odd, "i": i})
        for i in range(5)
    ]


def test_a_copied_row_equals_the_same_row_created_by_the_orm():
    lead = LeadFactory()
    for row, key in zip(rows := entries(lead), bulk.keys(JournalEntry, 5), strict=True):
        row.pk = key
    bulk.insert(rows)
    twins = JournalEntry.objects.bulk_create(entries(lead))
    for copied, created in zip(rows, twins, strict=True):
        a, b = (
            model_to_dict(JournalEntry.objects.get(pk=x.pk), exclude=["id", "at", "recorded_at", "xid"])
            for x in (copied, created)
        )
        assert a == b
    assert JournalEntry.objects.get(pk=rows[0].pk).xid > 0, "columns with a database default are left to the database"


def test_binary_decimal_and_empty_values_survive():
    pool, one = Pool.objects.create(key="p"), rep("Léa")
    bulk.insert(
        [CreditEntry(pool=pool, rep=one, delta=Decimal("-0.333333"), why="paid", at=moment.now()) for _ in range(4)]
    )
    assert set(CreditEntry.objects.values_list("delta", "lead")) == {(Decimal("-0.333333"), None)}


def test_rows_that_point_at_themselves_and_at_each_other_go_in_together():
    people = [Person(name=f"P{i}", created_at=moment.now()) for i in range(4)]
    for person in people:
        person.canonical = person
    bulk.insert(people)
    assert Person.objects.count() == 4
    touches = [
        Touch(person=p, kind="inquiry", source="x", occurred_at=moment.now(), recorded_at=moment.now()) for p in people
    ]
    bulk.insert(touches)
    assert Touch.objects.count() == 4


def test_a_made_row_equals_the_same_row_constructed():
    lead, at = LeadFactory(), moment.now()
    facts = {"source": "x", "stage_at": at, "occurred_at": at, "received_at": at, "attributes": {"a": 1}}
    made = bulk.make(Lead, person=lead.person, canonical_id=lead.canonical_id, account=None, **facts)
    built = Lead(person=lead.person, canonical_id=lead.canonical_id, account=None, **facts)
    columns = [f.attname for f in Lead._meta.concrete_fields if f.attname != "id"]
    assert [getattr(made, name) for name in columns] == [getattr(built, name) for name in columns]
    assert made.person is lead.person and made.account is None and made._state.adding and made.pk != built.pk
    other = bulk.make(Lead, person_id=lead.person_id, **facts)
    other.attributes_folded["b"] = 2
    assert made.attributes_folded == {}, "a default is made anew for every row"
    with pytest.raises(TypeError, match="no_such"):
        bulk.make(Lead, no_such=1)


def test_json_is_stored_as_django_would_and_text_of_it_once():
    lead = LeadFactory()
    values = [{}, [], {"é": [1.5, None, True]}, "text", 0, None, [{}]]
    made = [
        bulk.make(JournalEntry, kind="noted", lead_id=lead.pk, at=moment.now(), recorded_at=moment.now(), data=v or {})
        for v in values[:-1]
    ]
    made.append(
        bulk.make(
            JournalEntry,
            kind="noted",
            lead_id=lead.pk,
            at=moment.now(),
            recorded_at=moment.now(),
            data=bulk.Text('{"n":[1,2]}'),
        )
    )
    bulk.insert(made)
    held = list(JournalEntry.objects.filter(lead=lead, kind="noted").order_by("id").values_list("data", flat=True))
    assert held == [v or {} for v in values[:-1]] + [{"n": [1, 2]}]


def test_rows_read_in_bulk_are_those_of_the_orm_and_what_is_left_out_is_read_when_asked_for(django_assert_num_queries):
    lead = LeadFactory(owner=rep("Léa"))
    with django_assert_num_queries(1):
        (row,) = bulk.read(Lead.objects.filter(pk=lead.pk), "attributes", "received_at")
        assert row.owner_id == lead.owner_id
    assert row == lead and not row._state.adding and row._state.db == "default"
    assert row.get_deferred_fields() == {"attributes", "received_at"}
    with django_assert_num_queries(1):
        assert row.received_at == lead.received_at
    plain = Lead.objects.get(pk=lead.pk)
    row.refresh_from_db()
    assert {f.attname: getattr(row, f.attname) for f in Lead._meta.concrete_fields} == {
        f.attname: getattr(plain, f.attname) for f in Lead._meta.concrete_fields
    }
    row.stage_reason = "price"
    row.save(update_fields=["stage_reason"])
    assert Lead.objects.filter(pk=lead.pk, stage_reason="price").count() == 1


def test_any_finds_what_in_finds_with_one_parameter():
    leads = [LeadFactory(owner=rep("Léa")), LeadFactory()]
    owner, nobody = leads[0].owner_id, leads[1]
    ids = {lead.pk for lead in leads}
    for column, values in (
        ("pk", ids), ("pk", []), ("owner", [owner]), ("owner_id", [owner]), ("owner", [None]),
        ("stage", ["new", "lost"]), ("person__email", [nobody.person.email]), ("pk", iter(ids)),
    ):  # fmt: skip
        kept = list(values)
        found = Lead.objects.filter(**{f"{column}__any": iter(kept)})
        assert set(found) == set(Lead.objects.filter(**{f"{column}__in": kept})), column
    sql, params = Lead.objects.filter(pk__any=ids).values("pk").query.sql_with_params()
    assert sql.endswith("= ANY(%s::uuid[])") and len(params) == 1
    assert {uuid.UUID(text) for text in str(params[0]).strip("{}").split(",")} == ids
    assert set(Lead.objects.exclude(pk__any=[nobody.pk])) == {leads[0]}


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        True,
        0,
        -0.5,
        "é\u2028\x7f",
        mark_safe("a"),
        {"b": [1, {"a": None}], "n": 2**70},
        {1: "key"},
        ("a", 1),
    ],
    ids=repr,
)
def test_json_is_what_the_usual_writer_says(value):
    assert json.loads(packing.written(value)) == json.loads(json.dumps(value))


def test_json_of_what_has_no_form_is_refused():
    with pytest.raises(TypeError):
        packing.written({"x": object()})


@pytest.mark.parametrize("several", [[1, True, 1.0], [0, False, 0.0], [[1, 0], [True, False]], [True, 1, True]])
def test_json_values_that_python_calls_equal_are_kept_apart(several):
    lead = LeadFactory()
    rows = [
        JournalEntry(kind="noted", lead=lead, at=moment.now(), recorded_at=moment.now(), data={"a": value})
        for value in several * 6
    ]
    bulk.insert(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM leadops_journalentry WHERE lead_id = %s ORDER BY id", [lead.pk])
        stored = [told for (told,) in cursor.fetchall()]
    assert stored == [json.dumps({"a": value}) for value in several] * 6


def test_json_that_says_few_things_is_sent_once_for_each_and_stored_as_ever(monkeypatch: pytest.MonkeyPatch):
    lead, said = LeadFactory(), [{"n": [1, "é"], "more": "x" * 400}, {"n": None}, {}]
    values = [said[n % 3] for n in range(60)] + [dict(said[0])]

    def sent(key: str, few: int) -> int:
        monkeypatch.setattr(packing, "FEW", few)
        common = {"kind": key, "lead_id": lead.pk, "at": moment.now(), "recorded_at": moment.now()}
        rows = [bulk.make(JournalEntry, **common, data=value) for value in values]
        statement, arrays = bulk._statement([bulk.Part(rows)])
        bulk.execute(statement, arrays)
        held = JournalEntry.objects.filter(kind=key).order_by("id").values_list("data", flat=True)
        assert list(held) == values
        return sum(len(each.data) for each in arrays)

    assert sent("noted", 16) < sent("called", 0) / 4


def test_a_column_two_tables_have_is_sent_once():
    leads, at = [LeadFactory() for _ in range(3)], moment.now()

    def rows(order):
        named = [{"kind": "noted", "lead_id": leads[n].pk, "at": at, "recorded_at": at} for n in order]
        return bulk.Part([bulk.make(JournalEntry, **each, data={"n": n}) for n, each in enumerate(named)])

    def ids(arrays):
        return sum(each.data[8:12] == (2950).to_bytes(4, "big") and each.data[15] == 3 for each in arrays)

    alike, arrays = bulk._statement([rows((0, 1, 2)), rows((0, 1, 2))])
    other, apart = bulk._statement([rows((0, 1, 2)), rows((0, 2, 1))])
    between, inside = bulk._statement([rows((0, 1, 2, 0)), rows((0, 2, 1, 0))])
    assert (ids(arrays), ids(apart)) == (1, 2)
    assert len(inside) == len(apart)
    for statement, packs in ((alike, arrays), (other, apart), (between, inside)):
        bulk.execute(statement, packs)
    told = JournalEntry.objects.filter(kind="noted").values_list("lead_id", "data__n")
    orders = [(0, 1, 2)] * 3 + [(0, 2, 1), (0, 1, 2, 0), (0, 2, 1, 0)]
    assert Counter(told) == Counter((leads[n].pk, k) for order in orders for k, n in enumerate(order))


def test_columns_are_sent_apart_where_they_travel_otherwise():
    values, arrays = [b"x", b"y"], packing.Arrays()
    sort = packing.Sort("text[]", 25, packing.BYTES.pack)
    places = [arrays.place(values, each) for each in (packing.BYTES, sort, packing.BYTES)]
    assert places == ["$1::bytea[]", "$2::text[]", "$1::bytea[]"]
    equal = [True, "a", True], [True, "a", True]  # of a kind where equal values may be told in different words
    assert arrays.place(equal[0], packing.OTHERS) != arrays.place(equal[1], packing.OTHERS)


@pytest.mark.parametrize(("values", "few"), [(["a", "b"] * 8, 2), ([*"abcdefgh"], 0), ([b"x", None] * 8, 2)])
def test_what_is_few(values, few):
    found = packing._few(values)
    assert len(found) == few and [*found.values()] == [*range(1, few + 1)]
