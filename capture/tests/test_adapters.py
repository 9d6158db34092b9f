"""What each adapter makes of a body: the right fields, exact ids, every unknown field kept, nothing guessed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from capture.adapters import ADAPTERS, Draft, Unreadable
from capture.intake import blanked

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Received:
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, Any] = field(default_factory=dict)
    received_at: datetime = NOON


def read(
    adapter: str, body: Any, mapping: dict[str, Any] | None = None, content_type: str = "application/json"
) -> Draft:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    source = SimpleNamespace(phone_region="FR", mapping=mapping or {})
    (draft,) = ADAPTERS[adapter].read(Received(raw, content_type), source)
    return draft


def refused(adapter: str, body: Any, **kwargs: Any) -> str:
    with pytest.raises(Unreadable) as fault:
        read(adapter, body, **kwargs)
    assert fault.value.message
    return fault.value.code


# -- any JSON -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"email": "anna@tour.example", "first_name": "Anna", "last_name": "Tour", "company": "Tour SA"},
        {"E-mail": "anna@tour.example", "Prénom": "Anna", "Nom": "Tour", "Société": "Tour SA"},
        {"courriel": "anna@tour.example", "prenom": "Anna", "nom_de_famille": "Tour", "Raison sociale": "Tour SA"},
        {"data": {"contact": {"emailAddress": "anna@tour.example", "firstName": "Anna", "lastName": "Tour"},
                  "company": {"name": "Tour SA"}}},
        {"lead__email": "anna@tour.example", "lead__first_name": "Anna", "lead__last_name": "Tour",
         "lead__company__name": "Tour SA"},
        {"fields": [{"name": "email", "value": "anna@tour.example"}, {"name": "firstname", "value": "Anna"},
                    {"name": "lastname", "value": "Tour"}, {"label": "Entreprise", "key": "q1", "value": "Tour SA"}]},
        [{"mail": "anna@tour.example", "fname": "Anna", "lname": "Tour", "organisation": "Tour SA"}],
    ],
)  # fmt: skip
def test_the_names_of_the_world_are_our_fields(body):
    draft = read("json", body)
    assert (draft.email, draft.given_name, draft.family_name) == ("anna@tour.example", "Anna", "Tour")
    assert (draft.name, draft.company, draft.warnings) == ("Anna Tour", "Tour SA", [])


def test_a_mapping_says_where_fields_stand_and_beats_the_names():
    body = {"email": "sales@vendor.example", "who": {"addr": "anna@tour.example", "seats": "51-200"}}
    draft = read("json", body, {"email": "who.addr", "employees": "who.seats"})
    assert (draft.email, draft.employees) == ("anna@tour.example", 51)
    assert draft.extra == {"email": "sales@vendor.example", "employees": "51-200"}


def test_unknown_fields_are_kept_by_path_and_ids_stay_exact():
    body = {"email": "a@b.example", "deep": {"id": 24576065432313123456, "list": [1, "x"]}, "ratio": 0.5, "no": None}
    assert read("json", body).extra == {"deep.id": 24576065432313123456, "deep.list": [1, "x"], "ratio": 0.5}


def test_a_number_too_long_to_be_one_is_kept_as_text():
    digits = b"9" * 5000
    assert read("json", b'{"email":"a@b.example","n":' + digits + b',"f":1e999}').extra == {
        "n": "9" * 5000,
        "f": "1e999",
    }


@pytest.mark.parametrize(
    ("field", "sent", "kept", "warning"),
    [
        ("phone", "01 23 45 67 89", "+33123456789", None),
        ("phone", "+49 30 901820", "+4930901820", None),
        ("phone", "call me", "", "phone-invalid"),
        ("email", "Anna@Tour.Example", "Anna@Tour.Example", None),
        ("email", "[email protected]", "", "email-invalid"),
        ("email", "a@b.example\r\nBcc: x@y.example", "", "email-invalid"),
        ("country", "France", "FR", None),
        ("country", "Allemagne", "DE", None),
        ("country", "fra", "FR", None),
        ("country", "États-Unis", "US", None),
        ("country", "Atlantis", "", "country-unknown"),
        ("language", "fr-FR", "fr", None),
        ("language", "Français", "fr", None),
        ("language", "klingonais", "", "language-unknown"),
        ("employees", "1 250", 1250, None),
        ("employees", 40, 40, None),
        ("employees", "beaucoup", None, "employees-unknown"),
        ("postcode", "01000", "01000", None),
        ("company", "Caf\u0065\u0301\u0000", "Café", None),
    ],
)  # fmt: skip
def test_what_can_be_coerced_is_and_the_rest_is_kept_with_a_warning(field, sent, kept, warning):
    draft = read("json", {"name": "x", field: sent})
    assert getattr(draft, field) == kept
    assert draft.warnings == ([warning] if warning else [])
    assert (field in draft.extra) == bool(warning)


@pytest.mark.parametrize(
    ("sent", "kept", "warning"),
    [
        ("2026-03-09T10:00:00+02:00", datetime(2026, 3, 9, 8, tzinfo=UTC), None),
        ("2026-03-09T10:00:00Z", datetime(2026, 3, 9, 10, tzinfo=UTC), None),
        (1773000000, datetime.fromtimestamp(1773000000, UTC), None),
        ("1773000000000", datetime.fromtimestamp(1773000000, UTC), None),
        ((NOON + timedelta(minutes=3)).isoformat(), NOON, None),
        ("2099-01-01T00:00:00Z", NOON, "occurred-clamped"),
        ("1970-01-01T00:00:00Z", NOON, "occurred-clamped"),
        ("yesterday", None, "occurred-unreadable"),
        ("9" * 14, NOON, "occurred-clamped"),
    ],
)
def test_the_providers_time_is_kept_and_a_wrong_clock_is_clamped_and_flagged(sent, kept, warning):
    draft = read("json", {"email": "a@b.example", "submitted_at": sent})
    assert draft.occurred_at == kept
    assert draft.warnings == ([warning] if warning else []) and ("occurred_at" in draft.extra) == bool(warning)


def test_campaign_marks_come_from_the_body_then_from_the_landing_page():
    page = "https://tour.example/?utm_source=news&utm_medium=email&gclid=G1"
    draft = read("json", {"email": "a@b.example", "utm_source": "ads", "landing_page": page, "fbclid": "F1"})
    assert (draft.utm_source, draft.utm_medium) == ("ads", "email")
    assert (draft.click_ids, draft.landing_url) == ({"gclid": "G1", "fbclid": "F1"}, page)


def test_option_ids_become_their_texts():
    field = {
        "label": "Secteur",
        "value": ["b"],
        "options": [{"id": "a", "text": "Banque"}, {"id": "b", "text": "Bois"}],
    }
    assert read("json", {"data": {"fields": [field, {"label": "Email", "value": "a@b.example"}]}}).industry == "Bois"


def test_a_name_inside_something_else_is_not_the_persons():
    draft = read("json", {"email": "a@b.example", "campaign": {"name": "Spring"}, "form": {"name": "Contact"}})
    assert draft.name == "" and draft.extra == {"campaign.name": "Spring", "form.name": "Contact"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"), (b"  \n", "empty"), (b"null", "shape"), (b"[]", "shape"), (b"{}", "shape"), (b'"x"', "shape"),
        (b"12", "shape"), (b'[{"a":1},{"a":2}]', "several"), (b'{"a":1,}', "json"), (b'{"a":1}{"b":2}', "json"),
        (b'{"a":1 /* c */}', "json"), (b'{"a":NaN}', "json-constant"), (b'{"a":-Infinity}', "json-constant"),
        (b'{"email":"a@b.example","email":"c@d.example"}', "json-duplicate-key"), (b'{"a":"\xff"}', "encoding"),
        (b'{"a":"\xc0\xaf"}', "encoding"), (b"[" * 100 + b"]" * 100, "json-depth"), (b"[" * 100_000, "json-depth"),
        (b'{"a":"b', "json"), (b'{"email":"{{email}}"}', "placeholders"), (b'{"lead":{"name":"{{full name}}"}}', "placeholders"),
    ],
)  # fmt: skip
def test_what_is_not_one_strict_object_is_unreadable_with_its_code(body, code):
    assert refused("json", body) == code


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_every_unicode_form_of_json_is_read(encoding):
    assert read("json", '{"email": "a@b.example", "société": "Café"}'.encode(encoding)).company == "Café"


def test_a_charset_that_is_named_is_believed():
    raw = '{"email": "a@b.example", "company": "Café"}'.encode("cp1252")
    assert read("json", raw, content_type="application/json; charset=ISO-8859-1").company == "Café"


# -- forms --------------------------------------------------------------------------------------------------

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


@pytest.mark.parametrize("adapter", ["form", "json"])
@pytest.mark.parametrize("content_type", [URLENCODED, "", "text/plain"])
def test_a_posted_form_is_read_whatever_the_source_was_set_to(adapter, content_type):
    body = b"e-mail=anna%40tour.example&pr%C3%A9nom=Ana%C3%AFs&nom=Tour&besoin=a&besoin=b"
    draft = read(adapter, body, content_type=content_type)
    assert (draft.email, draft.given_name, draft.family_name) == ("anna@tour.example", "Anaïs", "Tour")
    assert draft.extra == {"besoin": ["a", "b"]}


@pytest.mark.parametrize(("charset", "encoding"), [("", "utf-8"), ("; charset=ISO-8859-1", "cp1252")])
def test_a_form_whose_letters_were_not_encoded_is_read_as_curl_sends_it(charset, encoding):
    body = "email=anna@tour.example&prénom=Anaïs&nom=Le+Goff".encode(encoding)
    draft = read("form", body, content_type=URLENCODED + charset)
    assert (draft.email, draft.given_name, draft.family_name) == ("anna@tour.example", "Anaïs", "Le Goff")


def test_a_multipart_form_gives_its_texts_and_the_names_of_its_files():
    body = part("email", "anna@tour.example") + part("cv", "%PDF", '; filename="cv.pdf"') + b"--XX--\r\n"
    draft = read("form", body, content_type=MULTIPART)
    assert (draft.email, draft.extra) == ("anna@tour.example", {"cv": "cv.pdf"})


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", URLENCODED, "empty"),
        (b"a=1&" * 10_000, URLENCODED, "too-many-fields"),
        (b"a=%ff%fe", URLENCODED, "encoding"),
        (b"a=\xff", URLENCODED, "encoding"),
        (part("a", "1") * 201, MULTIPART, "too-many-fields"),
        (part("a", "1") * 10_001, MULTIPART, "too-many-fields"),
        (part("a", "1"), "multipart/form-data", "form"),
        (b"nothing of the kind", MULTIPART, "form"),
    ],
)
def test_a_form_that_cannot_be_read_says_why(body, content_type, code):
    assert refused("form", body, content_type=content_type) == code


# -- Typeform -----------------------------------------------------------------------------------------------


def typeform(**changes: Any) -> dict[str, Any]:
    def ask(number: str, title: str, kind: str) -> dict[str, Any]:
        return {"id": number, "ref": f"ref-{number}", "title": title, "type": kind}

    def answer(number: str, kind: str, value: Any, asked: str) -> dict[str, Any]:
        return {"type": kind, kind: value, "field": {"id": number, "ref": f"ref-{number}", "type": asked}}

    return {
        "event_id": "ev1", "event_type": "form_response",
        "form_response": {
            "form_id": "F1", "token": "tok-1", "submitted_at": "2026-03-10T11:59:00Z",
            "hidden": {"utm_source": "linkedin", "gclid": "G9", "plan": "pro"},
            "definition": {"fields": [ask("q1", "Votre prénom ?", "short_text"), ask("q2", "Team size", "number"),
                                      ask("q3", "Which product?", "multiple_choice"), ask("q4", "Tell us", "long_text")]},
            "answers": [
                answer("q3", "choice", {"label": "Windows"}, "multiple_choice"),
                answer("q9", "choices", {"labels": ["A", "B"], "other": "C"}, "multiple_choice"),
                answer("q1", "text", "Anna", "short_text"),
                answer("q5", "email", "anna@tour.example", "email"),
                answer("q6", "phone_number", "+33123456789", "phone_number"),
                answer("q4", "text", "We need doors.", "long_text"),
                answer("q2", "number", 51, "number"),
                answer("q7", "boolean", True, "legal"),
            ],
            **changes,
        },
    }  # fmt: skip


def test_typeform_answers_are_read_by_type_title_and_mapping():
    draft = read("typeform", typeform(), {"employees": "ref-q2"})
    assert (draft.email, draft.phone, draft.given_name) == ("anna@tour.example", "+33123456789", "Anna")
    assert (draft.message, draft.employees, draft.utm_source) == ("We need doors.", 51, "linkedin")
    assert (draft.external_id, draft.click_ids) == ("tok-1", {"gclid": "G9"})
    assert draft.occurred_at == NOON - timedelta(minutes=1)
    kept = {
        "Which product?": "Windows",
        "ref-q9": ["A", "B", "C"],
        "ref-q7": True,
        "hidden.plan": "pro",
        "form_id": "F1",
    }
    assert draft.extra == kept


def test_the_order_of_typeform_answers_means_nothing():
    body = typeform()
    body["form_response"]["answers"].reverse()
    turned, straight = read("typeform", body), read("typeform", typeform())
    assert (turned.email, turned.given_name, turned.message) == (straight.email, straight.given_name, straight.message)
    assert turned.extra == straight.extra


@pytest.mark.parametrize("changes", [{"answers": None}, {"answers": [1, {}, {"type": "text"}, {"field": 3}]},
                                     {"definition": 3}, {"hidden": []}, {"variables": [{"key": "x"}]}])  # fmt: skip
def test_odd_typeform_parts_are_passed_over(changes):
    assert isinstance(read("typeform", typeform(**changes)), Draft)


def test_a_body_without_form_response_is_unreadable():
    assert refused("typeform", {"event_id": "x"}) == "shape"


# -- Google Ads ---------------------------------------------------------------------------------------------

KEY = "our google key"


def google(**changes: Any) -> dict[str, Any]:
    columns = [("EMAIL", "anna@home.example"), ("WORK_EMAIL", "anna@tour.example"), ("FULL_NAME", "Anna Tour"),
               ("COMPANY_NAME", "Tour SA"), ("JOB_TITLE", "CTO"), ("POSTAL_CODE", "75002"), ("DOORS", "12")]  # fmt: skip
    return {
        "lead_id": "lead-1", "google_key": KEY, "form_id": 9007199254740993, "campaign_id": 10000000000,
        "gcl_id": "G1", "api_version": "1.0", "is_test": False,
        "user_column_data": [{"column_id": number, "string_value": value} for number, value in columns], **changes,
    }  # fmt: skip


def test_google_columns_are_read_and_ids_stay_exact():
    draft = read("google_ads", google())
    assert (draft.email, draft.name, draft.company) == ("anna@tour.example", "Anna Tour", "Tour SA")
    assert (draft.title, draft.postcode, draft.click_ids) == ("CTO", "75002", {"gclid": "G1"})
    assert (draft.external_id, draft.is_test) == ("lead-1", False)
    assert draft.extra["form_id"] == 9007199254740993 and draft.extra["DOORS"] == "12"
    assert draft.extra["EMAIL"] == "anna@home.example" and "google_key" not in draft.extra


def test_a_google_test_lead_is_marked_as_one():
    assert read("google_ads", google(is_test=True)).is_test


def peek(raw: bytes, *secrets: str):
    return ADAPTERS["google_ads"].peek({}, raw, list(secrets), {})


@pytest.mark.parametrize(
    ("key", "secrets", "verified"),
    [(KEY, (KEY,), True), (KEY, ("old", KEY), True), ("x", (KEY,), False), (KEY[:-1], (KEY,), False), (KEY, (), None)],
)
def test_googles_key_is_compared_with_every_live_secret(key, secrets, verified):
    found = peek(json.dumps(google(google_key=key)).encode(), *secrets)
    assert (found.verified, found.delivery_key) == (verified, "lead-1")


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(google()).encode(),
        json.dumps(google(), indent=3).encode("utf-16"),
        json.dumps(google()).encode("utf-32-be"),
        json.dumps(google()).replace("google_key", "google\\u005fkey").encode(),
        json.dumps(google()).encode() + b'{"google_key":"' + KEY.encode() + b'"',
        json.dumps(google(note=f"the key is {KEY}!", deep=[{"google_key": KEY}])).encode(),
        b'\xff\xfe broken "google_key" : "' + KEY.encode(),
        b'{"lead_id":"1","google_key":"' + KEY.encode() + b'","x":"\xff',
    ],
)
def test_the_key_is_blanked_however_it_travels(raw):
    body = blanked(raw, peek(raw, KEY).redact, [KEY])
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-be"):
        assert KEY.encode(encoding) not in body
    assert KEY not in body.decode("utf-8", "replace")


def test_after_blanking_the_body_reads_as_before():
    raw = json.dumps(google()).encode()
    body = blanked(raw, peek(raw, KEY).redact, [KEY])
    assert read("google_ads", body) == read("google_ads", raw)
    assert body == blanked(
        raw.replace(KEY.encode(), b"another"), peek(raw.replace(KEY.encode(), b"another")).redact, []
    )


def test_two_keys_in_one_body_prove_nothing():
    raw = json.dumps(google()).encode()[:-1] + b', "google_key": "guess"}'
    assert peek(raw, KEY).verified is False


# -- the first look -----------------------------------------------------------------------------------------

HOSTILE = [b"", b"null", b"[", b"\xff\xfe", b"\x00" * 10, b"[" * 200_000, b'{"a":' * 50_000, b'"' * 300_000, b'\\"' * 300_000,
           b'{"lead_id": {"a": 1}, "form_response": 3, "nonce": []}', b'{"lead_id": NaN}', b'{"form_response":{"token":' + b"9" * 5000 + b"}}",
           b"a" * (1024 * 1024 + 5), "é".encode("utf-16"), b'{"google_key":"x"}' * 40_000]  # fmt: skip


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_the_first_look_never_fails_and_is_quick(adapter, number):
    from time import perf_counter

    began = perf_counter()
    ADAPTERS[adapter].peek({"content-type": "multipart/form-data"}, HOSTILE[number], [KEY], {"delivery_key": "a.b"})
    assert perf_counter() - began < 2
