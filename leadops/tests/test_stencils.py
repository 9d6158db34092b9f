"""A stencil shows what the plain markup shows; its gaps are escaped, and nothing inside knows more than the tag names."""

from __future__ import annotations

import uuid

import pytest
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

INSIDE = (
    '{% load i18n %}<a href="{% url \'desk:note\' id %}">{% translate "Inbox" %} 100%</a>{% if name %}<b title="{{ name }}">'
    "{% blocktranslate %}Accept {{ name }}{% endblocktranslate %}</b>{% else %}%(name)s{% endif %}"
    '{% if state == "due" %}!{% endif %}{{ count }}'
)
STENCIL = Template("{% stencil by state=state with id=id name=name count=count %}" + INSIDE + "{% endstencil %}")
PLAIN = Template(INSIDE)
TEXTS = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["%s", "%(id)s", "<b>'&\"", "{{ id }}", "0"]))


@settings(deadline=None)  # the first one loads the urls
@given(
    name=TEXTS, state=st.sampled_from(["due", "late", ""]), count=st.integers(0, 99_999), tongue=st.sampled_from("ef")
)
def test_a_stencil_shows_what_its_markup_shows(name: str | None, state: str, count: int, tongue: str) -> None:
    said = {"id": uuid.uuid4(), "name": name, "state": state, "count": count}
    with translation.override({"e": "en", "f": "fr"}[tongue]):
        assert STENCIL.render(Context(said)) == PLAIN.render(Context(said))


def test_inside_only_what_the_tag_names_is_known() -> None:
    page = Template(
        "{{ secret }}|{% stencil with name=name %}{{ name }}{{ secret }}{{ request }}{{ user }}{% endstencil %}"
    )
    request = RequestFactory().get("/")
    assert page.render(RequestContext(request, {"secret": "s3", "name": "Ada"})) == "s3|Ada"
    assert page.render(RequestContext(request, {"secret": "s4", "name": "Bob"})) == "s4|Bob"


def test_without_names_it_is_one_text_for_each_language() -> None:
    page = Template('{% load i18n %}{% stencil %}{% translate "Inbox" context "navigation" %}{% endstencil %}')
    told = []
    for tongue in ("en", "fr", "en"):
        with translation.override(tongue):
            told.append(page.render(Context()))
    assert told[0] == told[2] != told[1]


def test_kinds_without_end_do_not_fill_the_memory() -> None:
    page = Template("{% stencil by n=n %}{{ n }}{% endstencil %}")
    assert [page.render(Context({"n": str(n)})) for n in range(2000)] == [str(n) for n in range(2000)]
    assert len(page.nodelist[0].cut) <= 1024


@pytest.mark.parametrize(
    "text",
    [
        "{% stencil with name=name %}{% if name %}{{ name|upper }}{% endif %}{% endstencil %}",
        "{% stencil name=name %}{% endstencil %}",
        "{% stencil with %}{% endstencil %}",
    ],
)
def test_what_cannot_be_filled_in_later_is_refused(text: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="stencil"):
        Template(text)
