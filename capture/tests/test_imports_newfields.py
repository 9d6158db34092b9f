"""A column may become a new custom field: shown by the dry run, made by the commit, filled by the rows."""

from __future__ import annotations

import pytest
from django.test import Client

from capture.imports import services
from capture.tests.importing import commit, import_source, map_it, ops, send
from leadops.access import Actor, actor_of
from leadops.errors import Refused
from leadops.journal import JournalEntry, Kind
from leadops.models import AttributeDef, Lead, Role, User
from leadops.testing import member
from leadops.unit import in_unit

pytestmark = pytest.mark.django_db
FILE = "E-mail;Chiffre d'affaires;Vu le;Relire\nanna@tour.example;1 200,50;13/02/2026;oui\n"
MAPPING = {"E-mail": "email", "Chiffre d'affaires": "new:number", "Vu le": "new:day", "Relire": "new:flag"}


@pytest.fixture
def actor(db: None) -> Actor:
    import_source()
    return ops()


def test_a_new_field_is_shown_then_made_then_filled(actor: Actor) -> None:
    file = map_it(send(FILE, actor), actor, MAPPING)
    assert file.found == {"new": 1} and not AttributeDef.objects.exists()
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    page = client.get(f"/imports/{file.pk}").content.decode()
    assert page.count("Chiffre d&#x27;affaires") >= 2
    assert "new:number" in client.get(f"/imports/{file.pk}?mapping").content.decode()
    commit(file, actor)
    made = dict(AttributeDef.objects.values_list("key", "kind"))
    assert made == {"chiffre_d_affaires": "number", "vu_le": "day", "relire": "flag"}
    told = JournalEntry.objects.filter(kind=Kind.SETTING_CHANGED, data__table="attributedef", data__new=True)
    assert {entry.actor_id for entry in told} == {actor.user_id} and len(told) == 3
    assert {entry.data["row"] for entry in told} == {str(row) for row in AttributeDef.objects.all()}
    assert Lead.objects.get().attributes == {"chiffre_d_affaires": 1200.5, "vu_le": "2026-02-13", "relire": True}


def test_mapped_again_a_field_no_longer_asked_for_is_not_made(actor: Actor) -> None:
    file = map_it(send(FILE, actor), actor, MAPPING)
    kept = {name: key for name, key in MAPPING.items() if name != "Relire"} | {"Vu le": "attribute:vu_le"}
    kept["Chiffre d'affaires"] = "attribute:chiffre_d_affaires"
    commit(map_it(file, actor, kept), actor)
    assert set(AttributeDef.objects.values_list("key", flat=True)) == {"chiffre_d_affaires", "vu_le"}


def test_a_name_that_is_taken_a_kind_that_is_none_and_who_may_not_are_refused(actor: Actor) -> None:
    file = send(FILE, actor)
    AttributeDef.objects.create(owner="person", key="relire", kind="text", labels={"fr": "x", "en": "x"})
    marketing = actor_of(member("Hugo", Role.MARKETING_OPS))
    for who, mapping, code in (
        (actor, {"0": "email", "3": "new:flag"}, "field-exists"),
        (actor, {"0": "email", "2": "new:choice"}, "unknown-field"),
        (actor, {"0": "email", "9": "new:text"}, "unknown-field"),
        (marketing, {"0": "email", "2": "new:day"}, "not-allowed"),
    ):
        with pytest.raises(Refused) as refused:
            in_unit(lambda unit, mapping=mapping: services.set_mapping(file.pk, mapping, {}, unit), actor=who)
        assert refused.value.code == code
