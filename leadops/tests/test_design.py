"""The frame and its components: contrast, the policy's limits, figures and times as people read them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from leadops import moment
from leadops.desk.styleguide import icons, sample
from leadops.templatetags import house

BASE = Path(settings.BASE_DIR)
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))
AT = datetime(2026, 3, 5, 13, 5, tzinfo=UTC)
NB = "\u00a0"


def _tokens() -> dict[str, tuple[str, str]]:
    text = (BASE / "static/css/tokens.css").read_text()
    return {
        name: (light, dark) for name, light, dark in re.findall(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    }


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


TEXT = [
    (ink, back)
    for ink in ("--ink", "--ink-2", "--ink-3")
    for back in ("--canvas", "--surface", "--raised", "--sunken", "--hover", "--selected")
]
TEXT += [
    (f"--{tone}-ink", back)
    for tone in ("info", "good", "warn", "bad")
    for back in (f"--{tone}-wash", "--surface", "--canvas")
]
TEXT += [("--house-accent", back) for back in ("--surface", "--canvas", "--raised")] + [
    ("--accent-ink", "--house-accent"),
    ("--accent-ink", "--accent-hover"),
    ("--bad-solid-ink", "--bad-solid"),
]
SHAPES = [
    (line, back)
    for line in ("--line-strong", "--focus", "--chart-1", "--chart-2", "--chart-3", "--chart-warn", "--chart-bad")
    for back in ("--surface", "--canvas")
]


@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (SHAPES, 3.0)], ids=["text", "shapes"])
def test_colours_reach_the_contrast_people_need_in_both_themes(pairs: list[tuple[str, str]], least: float) -> None:
    tokens = _tokens()
    low = [
        f"{ink} on {back}, {('light', 'dark')[theme]}: {_contrast(tokens[ink][theme], tokens[back][theme]):.2f}"
        for ink, back in pairs
        for theme in (0, 1)
        if _contrast(tokens[ink][theme], tokens[back][theme]) < least
    ]
    assert low == []


def test_only_the_tokens_hold_colours() -> None:
    found = [
        f"{path.name}: {hit}"
        for path in (BASE / "static/css").rglob("*.css")
        if path.name != "tokens.css"
        for hit in re.findall(r"#[0-9a-f]{3,8}\b(?=\s*[;,)])|\brgba?\(", path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"<style",
        r"\sstyle=",
        r"\son[a-z]+=",
        r"hx-on",
        r"<script(?![^>]*\b(src|type=\"application/json\"))",
        r"hx-trigger=\"[^\"]*\[",
        r"javascript:",
    ],
)
def test_no_template_needs_more_than_the_policy_allows(pattern: str) -> None:
    assert [str(path.relative_to(BASE)) for path in TEMPLATES if re.search(pattern, path.read_text())] == []


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    named = {name for path in TEMPLATES for name in re.findall(r"{% icon \"([^\"]+)\"", path.read_text())}
    assert named - set(icons()) == set()


def test_vendored_files_are_the_ones_listed() -> None:
    listed = dict(
        re.findall(r"\| (\S+/\S+) \| [^|]+ \| ([0-9a-f]{64}) \|", (BASE / "static/vendor/README.md").read_text())
    )
    there = {
        str(path.relative_to(BASE / "static/vendor"))
        for path in (BASE / "static/vendor").rglob("*")
        if path.suffix in (".js", ".woff2")
    }
    assert set(listed) == there
    assert all(
        hashlib.sha256((BASE / "static/vendor" / name).read_bytes()).hexdigest() == digest
        for name, digest in listed.items()
    )


@pytest.mark.parametrize(
    ("language", "template", "shown"),
    [
        ("en", "{{ v|money:'EUR' }}", "€1,234.50"), ("fr", "{{ v|money:'EUR' }}", f"1{NB}234,50{NB}€"),
        ("en", "{{ n|money:'EUR' }}", "—"), ("en", "{{ n|number }}", "—"), ("fr", "{{ 0.123|percent }}", f"12,3{NB}%"),
        ("en", "{{ 252|duration }}", f"4{NB}min{NB}12{NB}s"), ("fr", "{{ 266400|duration }}", f"3{NB}j{NB}2{NB}h"), ("en", "{{ 3600|duration }}", f"1{NB}h"), ("en", "{{ 0|duration }}", f"0{NB}s"),
        ("en", "{{ at|when:'stamp' }}", f"5{NB}Mar{NB}2026, 14:05"), ("fr", "{{ at|when:'stamp' }}", f"5{NB}mars{NB}2026 à{NB}14:05"), ("en", "{{ at|when:'near' }}", "14:05"),
        ("en", "{{ at|day }}", "5 Mar 2026"), ("fr", "{{ d|day }}", "5 mars 2026"), ("fr", "{{ at|day:'near' }}", "5 mars"), ("en", "{{ at|ago }}", f"12{NB}min ago"), ("fr", "{{ at|ago }}", f"il y a 12{NB}min"),
        ("fr", "{{ 'DE'|country }}", "Allemagne"), ("en", "{{ 'de'|country }}", "Germany"), ("en", "{{ 'XQ'|country }}", "XQ"),
        ("fr", "{{ 'Anna de la Tour'|initials }}", "AT"), ("fr", "{{ 'zoé'|initials }}", "ZO"), ("fr", "{{ ''|initials }}", "?"),
        ("en", "{{ said|said }}", "Hello"), ("fr", "{{ said|said }}", "Bonjour"), ("en", "{{ 1000|capped:99 }}", "99+"), ("fr", "{{ 41|scale:80 }}", "51.25"),
    ],
)  # fmt: skip
def test_figures_and_times_read_as_the_language_writes_them(language: str, template: str, shown: str) -> None:
    given = {"v": 123450, "n": None, "at": AT, "d": date(2026, 3, 5), "said": {"fr": "Bonjour", "en": "Hello"}}
    with translation.override(language), timezone.override("Europe/Paris"), moment.at(AT + timedelta(minutes=12)):
        html = Template(template).render(Context(given))
    assert re.sub(r"<[^>]+>", "", html) == shown


def test_a_relative_time_always_carries_its_absolute_one() -> None:
    with translation.override("en"), timezone.override("Europe/Paris"), moment.at(AT + timedelta(minutes=12)):
        assert f"5{NB}Mar{NB}2026, 14:05" in house.when(AT, "relative")
        assert "12\u00a0min ago" in house.when(AT)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [("sort='name' after=None", "?q=a&sort=name"), ("'q' ''", "?after=x"), ("page=2", "?q=a&after=x&page=2")],
)
def test_a_link_changes_its_own_parameters_and_keeps_the_rest(changes: str, expected: str) -> None:
    request = RequestFactory().get("/leads?q=a&after=x")
    html = Template(f"{{% autoescape off %}}{{% query {changes} %}}{{% endautoescape %}}").render(
        Context({"request": request})
    )
    assert html == expected


@pytest.mark.parametrize(
    ("sort", "state", "following"),
    [("", None, "sort=name"), ("name", "ascending", "sort=-name"), ("-name", "descending", "sort=name")],
)
def test_a_sortable_heading_says_its_order_and_turns_it(sort: str, state: str | None, following: str) -> None:
    request = RequestFactory().get("/leads?after=x")
    html = Template("{% column 'name' 'N' sort=sort %}").render(Context({"request": request, "sort": sort}))
    assert (f'aria-sort="{state}"' in html) if state else ("aria-sort" not in html)
    assert f'href="?{following}"' in html


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_style_guide_shows_every_component_without_a_fault(language: str) -> None:
    request = RequestFactory().get("/styleguide")
    request.user = None  # type: ignore[assignment]
    with translation.override(language):
        html = render_to_string("desk/styleguide.html", {"guide": sample(), "nav": []}, request=None)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    assert 'aria-sort="descending"' in html and 'role="status"' in html and "<time datetime=" in html
    assert f'<html lang="{language}"' in html


def test_a_wrong_form_names_each_fault_beside_its_field() -> None:
    html = render_to_string("components/fields.html", {"form": sample()["form"]})
    assert 'id="id_name_error"' in html and 'href="#id_name"' in html
    assert re.search(r'name="name"[^>]*aria-invalid="true"', html)
