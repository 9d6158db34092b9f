"""Letters: only listed fields are reachable, values stay values, and no name reaches a header as more than a name."""

from __future__ import annotations

import pytest
from django.core import mail
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture import merging, wording
from nurture.tests.running import MONDAY, enrolled, house, live, prospect

REFUSED = [
    "{{ settings.SECRET_KEY }}", "{% include 'x' %}", "{% render 'x' %}", "{{ 7*7 }}", "{{ lead.owner.password }}",
    "{{ given_name.__class__ }}", "{{ given_name['__class__'] }}", "{% for i in (1..1000000) %}x{% endfor %}",
    "{% assign x = 1 %}", "{% capture x %}y{% endcapture %}", "{{ 'a' | safe }}", "{{ given_name | date: '%Y' }}",
    "{{ given_name", "{% if given_name %}", "{{ self }}", "{{ company.name }}", "{% liquid echo company %}", "",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_listed_field_is_refused_when_it_is_written(text):
    assert wording.faults_of(text, merging.FIELDS)


@pytest.mark.parametrize("text", ["{{ given_name }}", "{% if company %}{{ company }}{% else %}-{% endif %}",
                                  "{{ given_name | default: 'you' | upcase }}", "%0d%0aBcc: x@evil.example"])  # fmt: skip
def test_what_people_write_with_is_taken(text):
    assert wording.faults_of(text, merging.FIELDS) == []


def test_an_unknown_field_is_named_with_the_known_ones():
    (fault,) = wording.faults_of("{{ vat }}", merging.FIELDS)
    assert "“vat”" in fault and "owner_email" in fault


def test_a_subject_is_one_line():
    assert wording.faults_of("a\r\nBcc: x@evil.example", merging.FIELDS, one_liner=True)


@settings(max_examples=150, deadline=None)
@given(name=st.text(max_size=60))
def test_a_value_is_text_whatever_it_holds(name):
    value = merging.plain(name)
    worded = wording.word("A {{ name | default: '-' }}", "B {{ name | default: '-' }} C", {"name": value})
    assert "\n" not in worded.subject and "\r" not in worded.subject
    assert "<script" not in worded.html and "{{" not in worded.html
    assert worded.text.startswith("B ")


def test_html_of_the_author_keeps_its_form_and_loses_what_acts():
    worded = wording.word(
        "x",
        "<b>Hi</b> <a href='javascript:alert(1)' onclick='x()'>a</a> <img src=x onerror=y> <script>z()</script>"
        ' <a href="https://ok.example">there</a>',
        {},
    )
    assert "<b>Hi</b>" in worded.html and "https://ok.example" in worded.html
    assert not any(bad in worded.html for bad in ("javascript", "onclick", "<img", "<script", "z()"))
    assert worded.text == "Hi a   there (https://ok.example)\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["Anna\r\nBcc: spy@evil.example", "Anna\nSubject: x", "{{ owner_email }}", "<script>alert(1)</script>",
     "Visit https://evil.example now", "www.evil.example"],
)  # fmt: skip
def test_a_hostile_name_leaves_as_a_name_or_not_at_all(name):
    house()
    enrolled(prospect(name))
    live(MONDAY)
    (letter,) = mail.outbox
    raw = letter.message().as_string()
    assert letter.recipients() == letter.to and len(letter.to) == 1
    assert "\nBcc:" not in raw and raw.count("\nSubject:") == 1
    html = str(letter.alternatives[0][0])
    assert "<script" not in html and "evil.example" not in html.replace("spy@evil.example", "")
    assert "lea@example.com" not in html


@pytest.mark.django_db
def test_a_letter_is_in_the_language_of_its_reader():
    house()
    enrolled(prospect("Anna Roux", language="en"))
    live(MONDAY)
    (letter,) = mail.outbox
    assert letter.subject == "Your inquiry, Anna" and "Hello Anna" in letter.body and "Unsubscribe" in letter.body
