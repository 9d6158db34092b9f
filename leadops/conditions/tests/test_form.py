"""The builder: what is typed survives, buttons work without scripts, faults stand at their comparison, markup is safe."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.utils import timezone, translation
from hypothesis import given, settings

from leadops.conditions.builder import drafted, written
from leadops.conditions.form import ConditionField
from leadops.conditions.tests.strategies import trees
from leadops.conditions.tests.vocabulary import ROWS
from leadops.conditions.validate import validate

TREE = {
    "all": [
        {"field": "country", "op": "in", "value": ["BE", "FR"]},
        {"any": [{"field": "score", "op": "gte", "value": 60}, {"field": "hits_7d", "op": "between", "value": [1, 3]}]},
        {"not": {"field": "free_mail", "op": "is_true"}},
        {"field": "seen_at", "op": "within_last", "value": "PT48H"},
    ]
}


class Rule(forms.Form):
    name = forms.CharField(required=False)
    cond = ConditionField(vocabulary=ROWS)


class Inputs(HTMLParser):
    """What a browser without scripts would send for a page: names and values of the successful controls."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._select: tuple[str, bool, list[tuple[str, bool]]] | None = None
        self._area: tuple[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = dict(attrs)
        self.attributes.append((tag, got))
        name, value = got.get("name"), got.get("value") or ""
        if tag == "select" and name:
            self._select = (name, "multiple" in got, [])
        elif tag == "option" and self._select:
            self._select[2].append((value, "selected" in got))
        elif tag == "textarea" and name:
            self._area = (name, "")
        elif tag == "button" and name and "disabled" not in got:
            self.buttons.append((name, value))
        elif tag == "input" and name and (got.get("type") != "checkbox" or "checked" in got):
            self.sent.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area = (self._area[0], self._area[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            name, multiple, options = self._select
            chosen = [value for value, selected in options if selected]
            self.sent += [(name, value) for value in (chosen if multiple else chosen[-1:] or [options[0][0]])]
            self._select = None
        elif tag == "textarea" and self._area:
            self.sent.append((self._area[0], self._area[1].removeprefix("\n")))
            self._area = None


def posted(pairs: list[tuple[str, str]]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in pairs:
        data.appendlist(name, value)
    return data


def page(form: forms.Form) -> Inputs:
    return Inputs(str(form["cond"]))


def press(form: forms.Form, button: str, **typed: str) -> Rule:
    """Fill inputs, press one of the buttons that are on the page, and get the next page."""
    inputs = page(form)
    assert ("cond-do", button) in inputs.buttons
    unknown = set(typed) - {name.replace("-", "_") for name, _ in inputs.sent}
    assert not unknown, f"no such inputs on the page: {unknown}"
    sent = [(name, typed.get(name.replace("-", "_"), value)) for name, value in inputs.sent]
    return Rule(posted([*sent, ("cond-do", button)]))


def save(form: forms.Form, **typed: str) -> Rule:
    sent = [(name, typed.get(name.replace("-", "_"), value)) for name, value in page(form).sent]
    return Rule(posted(sent))


def test_a_tree_shown_and_sent_back_unchanged_is_the_same_tree() -> None:
    form = save(Rule(initial={"cond": TREE}))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["cond"] == TREE == validate(TREE, ROWS)


@settings(max_examples=150, deadline=None)
@given(tree=trees)
def test_any_tree_survives_the_page(tree: dict[str, Any]) -> None:
    canonical = validate(tree, ROWS)
    assert validate(written(drafted(canonical, ROWS), ROWS).document, ROWS) == canonical
    form = save(Rule(initial={"cond": canonical}))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["cond"] == canonical


def test_a_condition_is_built_with_buttons_alone() -> None:
    form = press(Rule(), "add:")
    form = press(form, "refresh:0", cond_0_field="country")
    form = press(form, "refresh:0", cond_0_op="eq")
    form = press(form, "group:", cond_0_value="FR")
    form = press(form, "refresh:1-0", cond_1_0_field="score")
    form = press(form, "add:1", cond_1_0_op="gte", cond_1_0_value="59,5")
    form = press(form, "refresh:1-1", cond_1_1_field="asked_on")
    form = press(form, "refresh:1-1", cond_1_1_op="within_last")
    form = save(form, cond_1_1_value="7", cond_1_mode="none")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["cond"] == {
        "all": [
            {"field": "country", "op": "eq", "value": "FR"},
            {
                "not": {
                    "any": [
                        {"field": "score", "op": "gte", "value": 59.5},
                        {"field": "asked_on", "op": "within_last", "value": "P7D"},
                    ]
                }
            },
        ]
    }


def test_a_builder_button_never_saves_and_keeps_what_was_typed() -> None:
    form = press(Rule(initial={"cond": TREE}), "add:", cond_1_0_value="abc")
    assert not form.is_valid()
    assert form.has_error("cond", "draft")
    sent = dict(page(form).sent)
    assert sent["cond-1-0-value"] == "abc"
    assert "cond-4-field" in sent
    assert "A number is expected here." not in str(form["cond"])  # nobody is scolded for pressing "add"


@pytest.mark.parametrize(
    ("button", "order"),
    [
        ("up:1", ["any", "country", "not", "seen_at"]),
        ("down:1", ["country", "not", "any", "seen_at"]),
        ("remove:1", ["country", "not", "seen_at"]),
    ],
)
def test_parts_are_moved_and_removed(button: str, order: list[str]) -> None:
    form = save(press(Rule(initial={"cond": TREE}), button))
    assert form.is_valid(), form.errors
    assert [part.get("field") or next(iter(part)) for part in form.cleaned_data["cond"]["all"]] == order


def test_the_ends_cannot_be_moved_further() -> None:
    buttons = [value for _, value in page(Rule(initial={"cond": TREE})).buttons]
    assert "up:0" not in buttons and "down:3" not in buttons and "down:0" in buttons


def test_the_part_a_button_concerned_gets_the_focus() -> None:
    form = press(Rule(initial={"cond": TREE}), "down:0")
    focused = [got["name"] for _, got in page(form).attributes if "autofocus" in got]
    assert focused == ["cond-1-field"]


def test_a_fault_stands_at_its_comparison_and_nothing_is_lost() -> None:
    form = save(Rule(initial={"cond": TREE}), cond_1_0_value="sixty")
    assert not form.is_valid()
    assert form.has_error("cond", "condition-invalid")
    html = str(form["cond"])
    assert html.count("A number is expected here.") == 1
    assert 'id="cond-1-0-faults"' in html
    assert dict(page(form).sent)["cond-1-0-value"] == "sixty"
    assert [got["name"] for tag, got in page(form).attributes if got.get("aria-invalid") and tag == "input"] == [
        "cond-1-0-value"
    ]


def test_a_field_changed_without_the_button_is_refused_at_its_comparison() -> None:
    form = save(Rule(initial={"cond": {"field": "name", "op": "contains", "value": "x"}}), cond_0_field="score")
    assert not form.is_valid()
    assert 'id="cond-0-faults"' in str(form["cond"])


def test_an_empty_builder_always_holds_unless_it_is_required() -> None:
    form = save(Rule())
    assert form.is_valid()
    assert form.cleaned_data["cond"] == {"all": []}

    class Strict(forms.Form):
        cond = ConditionField(vocabulary=ROWS, required=True)

    assert Strict(posted([("cond-mode", "all")])).has_error("cond", "required")


def test_an_empty_group_is_refused() -> None:
    form = Rule(posted([("cond-mode", "all"), ("cond-0-mode", "any")]))
    assert not form.is_valid()
    assert "This group is empty." in str(form["cond"])


def test_a_choice_that_is_retired_stays_visible_and_is_refused() -> None:
    form = save(Rule(initial={"cond": {"field": "country", "op": "eq", "value": "XX"}}))
    assert dict(page(form).sent)["cond-0-value"] == "XX"
    assert not form.is_valid()


def test_a_field_that_is_gone_is_shown_as_broken() -> None:
    form = Rule(initial={"cond": {"field": "gone", "op": "eq", "value": 1}})
    assert dict(page(form).sent)["cond-0-field"] == "gone"
    assert not save(form).is_valid()


def test_gaps_and_junk_in_the_names_do_no_harm() -> None:
    pairs = [
        ("cond-mode", "all"), ("cond-7-field", "free_mail"), ("cond-7-op", "is_true"), ("cond-x-field", "name"),
        ("cond-9999999-field", "name"), ("cond-" + "-".join("0" * 50) + "-field", "name"), ("cond-7", "x"), ("cond--field", "y"),
    ]  # fmt: skip
    form = Rule(posted(pairs))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["cond"] == {"all": [{"field": "free_mail", "op": "is_true"}]}
    for button in ("up:99", "down:0-0-0", "remove:", "add:0", "explode:", ":", "add:²", "group:7"):
        assert Rule(posted([*pairs, ("cond-do", button)])).has_error("cond", "draft")


def test_what_was_typed_is_escaped_and_no_script_or_style_stands_in_the_markup() -> None:
    evil = '"><script>alert(1)</script>'
    form = save(Rule(initial={"cond": {"field": "name", "op": "in", "value": ["x"]}}), cond_0_value=evil)
    html = str(form["cond"])
    assert "<script" not in html and "&lt;script&gt;" in html
    for _, got in page(form).attributes:
        assert not any(name.startswith("on") or name in ("style", "hx-on") for name in got)


def test_every_control_has_a_name_for_those_who_do_not_see_it() -> None:
    inputs = page(Rule(initial={"cond": TREE}))
    labelled = {got.get("for") for tag, got in inputs.attributes if tag == "label"}
    for tag, got in inputs.attributes:
        if tag in ("select", "textarea") or (tag == "input" and got.get("type") != "checkbox"):
            assert got.get("aria-label") or got.get("id") in labelled, got
    ids = [got["id"] for _, got in inputs.attributes if "id" in got]
    assert len(ids) == len(set(ids))


def test_the_sentence_and_the_count_follow_what_is_typed() -> None:
    asked: list[Any] = []

    def count(document: Any) -> int:
        asked.append(document)
        return 1234

    class Counted(forms.Form):
        cond = ConditionField(vocabulary=ROWS, count=count, url="/builder/")

    html = str(Counted(initial={"cond": {"field": "score", "op": "gte", "value": 60}})["cond"])
    assert "“Score” is 60 or more" in html
    assert "1234" in html.replace(",", "").replace("\u00a0", "")
    assert 'hx-post="/builder/"' in html
    assert asked == [{"all": [{"field": "score", "op": "gte", "value": 60}]}]
    broken = str(Counted(initial={"cond": {"field": "score", "op": "gte", "value": "x"}})["cond"])
    assert "The sentence appears here" in broken
    assert len(asked) == 1, "an incomplete condition is not counted"


def test_without_a_url_nothing_asks_for_scripts() -> None:
    assert "hx-" not in str(Rule(initial={"cond": TREE})["cond"])


def test_process_gives_the_typed_tree_and_the_button() -> None:
    field = Rule().fields["cond"]
    assert isinstance(field, ConditionField)
    draft, action = field.process(posted([("cond-mode", "any"), ("cond-do", "add:")]), "cond")
    assert (draft.root.mode, len(draft.root.members), action) == ("any", 1, "add")


def test_a_form_knows_whether_its_condition_changed() -> None:
    data = posted(page(Rule(initial={"cond": TREE})).sent)
    assert "cond" not in Rule(data, initial={"cond": TREE}).changed_data
    data["cond-1-0-value"] = "61"
    assert "cond" in Rule(data, initial={"cond": TREE}).changed_data


def test_instants_are_typed_in_the_readers_zone() -> None:
    tree = {"all": [{"field": "seen_at", "op": "before", "value": "2026-03-11T08:00:00Z"}]}
    with timezone.override("Europe/Paris"):
        form = Rule(initial={"cond": tree})
        assert dict(page(form).sent)["cond-0-value"] == "2026-03-11T09:00:00"
        again = save(form)
        assert again.is_valid()
        assert again.cleaned_data["cond"] == tree


def test_the_value_input_fits_the_field_and_the_comparison() -> None:
    def shown(field: str, op: str, value: Any = None) -> dict[str, str | None]:
        leaf = {"field": field, "op": op} | ({} if value is None else {"value": value})
        inputs = page(Rule(initial={"cond": leaf})).attributes
        return {
            str(got["name"])[7:]: got.get("type") or tag for tag, got in inputs if "cond-0-" in str(got.get("name"))
        }

    menus = {"field": "select", "op": "select"}
    assert shown("free_mail", "is_true") == menus
    assert shown("score", "is_known") == menus
    assert shown("score", "gte", 1) == {**menus, "value": "text"}
    assert shown("score", "in", [1]) == {**menus, "value": "textarea"}
    assert shown("asked_on", "before", "2026-03-12") == {**menus, "value": "date"}
    assert shown("asked_on", "between", ["2026-03-12", "2026-03-13"]) == {**menus, "value": "date", "upto": "date"}
    assert shown("seen_at", "before", "2026-03-12T10:00:00Z") == {**menus, "value": "datetime-local"}
    assert shown("seen_at", "within_last", "P7D") == {**menus, "value": "text", "unit": "select"}
    assert shown("country", "eq", "FR") == {**menus, "value": "select"}
    assert shown("country", "in", ["FR"]) == {**menus, "value": "checkbox"}
    assert shown("tags", "has_any", ["a"]) == {**menus, "value": "checkbox"}


def test_deep_groups_offer_no_deeper_one() -> None:
    tree: dict[str, Any] = {"field": "score", "op": "gte", "value": 60}
    for _ in range(6):
        tree = {"all": [tree, {"field": "score", "op": "gte", "value": 1}]}
    buttons = [value for _, value in page(Rule(initial={"cond": tree})).buttons]
    assert "group:0-0-0-0" in buttons and "group:0-0-0-0-0" not in buttons and "add:0-0-0-0-0" in buttons


def test_the_builder_speaks_french() -> None:
    with translation.override("fr"):
        html = str(Rule(initial={"cond": TREE})["cond"])
    for words in (
        "Ajouter une comparaison",
        "au moins un de ces points",
        "«\u00a0Score\u00a0» est de 60 ou plus",
        "Monter",
        "Valeur",
    ):
        assert words in html
