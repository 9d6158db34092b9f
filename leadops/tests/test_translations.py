"""The gate: no text of the house exists in one language only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from leadops.models import Reason
from leadops.platform import messages, rawtext


def test_every_text_has_its_french() -> None:
    assert messages.faults() == []


def test_no_template_holds_text_outside_the_catalogue() -> None:
    assert list(rawtext.faults()) == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "routing").mkdir()
    (tmp_path / "routing" / "forms.py").write_text(
        'from x import ngettext, pgettext as p\n_("Owner")\npgettext("verb", "Claim")\nngettext("%(n)s lead", "%(n)s leads", 2)\n'
    )
    (tmp_path / "templates" / "desk").mkdir(parents=True)
    (tmp_path / "templates" / "desk" / "a.html").write_text(
        '<p title="{% translate "Pool" %}">\n    {% blocktranslate count n=2 %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}</p>{% include "b.html" with label=_("Team") %}'
    )
    return tmp_path


def test_messages_of_code_and_templates_reach_the_catalogue_of_their_floor(house: Path) -> None:
    found = messages.collect(house)
    assert set(found["routing"]) == {(None, "Owner"), ("verb", "Claim"), (None, "%(n)s lead")}
    assert set(found["leadops"]) == {(None, "Pool"), (None, "%(n)s row"), (None, "Team")}


def test_an_update_keeps_what_was_translated_and_sets_aside_what_is_gone(house: Path) -> None:
    messages.update(house)
    path = messages.catalogue_path("routing", house)
    path.write_text(path.read_text().replace('msgid "Owner"\nmsgstr ""', 'msgid "Owner"\nmsgstr "Responsable"'))
    messages.update(house)
    assert 'msgstr "Responsable"' in path.read_text()
    (house / "routing" / "forms.py").write_text('_("Owner of it")')
    messages.update(house)
    assert '#~ msgid "Owner"' in path.read_text()
    assert any("in no source" in fault for fault in messages.faults(house))
    messages.update(house, prune=True)
    assert "Responsable" not in path.read_text()


def test_two_updates_write_the_same_file(house: Path) -> None:
    messages.update(house)
    before = messages.catalogue_path("leadops", house).read_bytes()
    messages.update(house)
    assert messages.catalogue_path("leadops", house).read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("", "missing"),
        ('msgid "Owner"\nmsgstr ""\n', "untranslated"),
        ('#, fuzzy\nmsgid "Owner"\nmsgstr "Responsable"\n', "fuzzy"),
        ('msgid "Owner"\nmsgstr "%(who)s"\n', "placeholders"),
        ('msgid "Owner"\nmsgstr "Responsable :"\n', "no-break"),
        ('msgid "Owner"\nmsgstr "L\'équipe"\n', "straight apostrophe"),
    ],
)
def test_each_way_of_being_incomplete_is_named(house: Path, entry: str, fault: str) -> None:
    (house / "routing" / "forms.py").write_text('_("Owner")')
    path = messages.catalogue_path("routing", house)
    path.parent.mkdir(parents=True)
    path.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}')
    assert [said for said in messages.faults(house) if said.startswith("routing") and fault in said]


@pytest.mark.parametrize(
    "words",
    ["Quoi\u00a0?", "«\u00a0a\u00a0»", "à 14:05", "50\u00a0%%", "https://a.test/b", "%(n)s\u00a0: rien", "Oui."],
)
def test_good_french_typography_passes(words: str) -> None:
    assert messages.typography(words) == []


@pytest.mark.parametrize("words", ["Quoi ?", "Quoi?", "« a »", "50 %%", "Nom : rien", "Nom: rien"])
def test_loose_french_typography_is_found(words: str) -> None:
    assert messages.typography(words)


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        '<input placeholder="Search">',
        '<a href="#" aria-label="Close it">{% icon "x" %}</a>',
        '{% include "components/stat.html" with label="Raw" %}',
        "{% if a %}Yes indeed{% endif %}",
    ],
)
def test_raw_text_is_found(source: str) -> None:
    assert rawtext.in_template(source)


@pytest.mark.parametrize(
    "source",
    [
        '<p class="words here">{% translate "Hello" %} · 12 % {{ x }}</p>',
        '<b>leadops</b> CSV <kbd>Esc</kbd> <code>make demo</code> <i translate="no">Boréal</i>',
        "{% blocktranslate %}Hello {{ x }}{% endblocktranslate %}{% comment %}why{% endcomment %}{# why #}",
        '<input type="hidden" name="a" value="words"><button lang="fr" aria-label="Français">FR</button>',
    ],
)
def test_marked_text_and_what_is_no_text_pass(source: str) -> None:
    assert rawtext.in_template(source) == []


def test_french_has_one_word_for_an_opportunity() -> None:
    """« Affaire » is said of revenue alone (chiffre d’affaires): the same thing has the same name on every screen."""
    catalogues = list(Path(settings.BASE_DIR).glob("*/locale/fr/LC_MESSAGES/django.po"))
    assert len(catalogues) == 6
    strays = [
        line
        for each in catalogues
        for line in each.read_text().splitlines()
        if line.startswith("msgstr") and re.search("affaire", re.sub("hiffres? d’affaires", "", line), re.IGNORECASE)
    ]
    assert not strays


@pytest.mark.django_db
def test_the_shipped_reasons_say_opportunity_too() -> None:
    assert not [row.labels for row in Reason.objects.all() if "affaire" in row.labels.get("fr", "")]
