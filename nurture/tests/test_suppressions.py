"""Suppressions: each says where it came from, and is lifted only by whom the law lets lift it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadops import moment
from leadops.access import SYSTEM, actor_of
from leadops.desk.tests.api_cast import House
from leadops.effects import suppression
from leadops.effects.models import Effect
from leadops.errors import Refused
from leadops.fold import fold_email, mailbox_of
from leadops.models import Consent, Lifting, PersonEmail, Role, Suppression
from leadops.models.columns import Mailbox
from leadops.testing import PersonFactory, member
from leadops.unit import in_unit
from nurture import letters
from nurture.tests.running import MONDAY, enrolled, house, live, prospect

pytestmark = pytest.mark.django_db
ADDRESS = "anna@roux.example"


@pytest.fixture
def hugo(db):
    return member("Hugo", Role.MARKETING_OPS)


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def person(email=ADDRESS):
    row = PersonFactory(email=email)
    PersonEmail.objects.get_or_create(folded=email, defaults={"person": row, "email": email, "created_at": MONDAY})
    return row


def agrees(who, at):
    Consent.objects.create(
        person=who, channel="email", purpose="marketing", state="given", basis="consent", occurred_at=at, recorded_at=at
    )


def refuses(who, at, state="refused"):
    Consent.objects.create(
        person=who, channel="email", purpose="marketing", state=state, basis="consent", occurred_at=at, recorded_at=at
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana.roux@gmail.com", "anaroux+news@googlemail.com"),
        ("ana@firm.example", "ana+shop@firm.example"),
    ],
)
@pytest.mark.parametrize("state", ["refused", "withdrawn"])
def test_a_no_under_one_spelling_of_a_mailbox_holds_for_the_others(one, other, state):
    first, second, stranger = person(one), person(other), person("ana@other.example")
    refuses(first, MONDAY, state)
    assert suppression.consents([second, stranger]) == {second.pk: state}
    agrees(second, MONDAY - timedelta(days=1))
    assert suppression.consents([second]) == {second.pk: state}, "an older yes does not outlive it"
    agrees(second, MONDAY + timedelta(days=1))
    assert suppression.consents([first, second]) == {first.pk: state, second.pk: "given"}
    alias = PersonFactory(canonical_id=first.pk, email="")
    refuses(alias, MONDAY + timedelta(days=2))
    assert suppression.consents([second]) == {second.pk: "refused"}, "an alias of the other spelling counts as well"


def test_no_letter_starts_to_another_spelling_of_who_refused():
    house()
    lead = prospect(email="Ana.Roux@gmail.com")
    refuses(person("anaroux+news@gmail.com"), MONDAY)
    with pytest.raises(Refused) as refused:
        enrolled(lead)
    assert refused.value.detail["reason"] == "refused"


@given(st.emails(), st.sampled_from(["gmail.com", "googlemail.com", ""]), st.sampled_from(["", "+", "+a", "+a+b"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_reckons_a_mailbox_as_python_does(email, domain, mark):
    local, _at, own = email.rpartition("@")
    folded = fold_email(f"{local}{mark}@{domain or own}") or "a@b.example"
    who = PersonFactory(email="")
    row, _new = PersonEmail.objects.get_or_create(
        folded=folded, defaults={"person": who, "email": folded, "created_at": MONDAY}
    )
    box = PersonEmail.objects.annotate(box=Mailbox("folded")).values_list("box", flat=True).get(pk=row.pk)
    assert box == mailbox_of(folded)


def stopped(reason, email=ADDRESS):
    digests = [suppression.digest_of(email)]
    in_unit(lambda u: suppression.suppress(digests, reason, u), actor=SYSTEM, at=MONDAY)
    return Suppression.objects.latest("pk")


def lifted(row, by, at=MONDAY + timedelta(days=9), **more):
    in_unit(lambda u: suppression.remove(row.pk, "asked", u, **more), actor=actor_of(by), at=at)


@pytest.mark.parametrize("reason", ["by_hand", "bounced"])
def test_what_we_put_on_the_list_or_a_server_did_is_lifted_with_a_reason(hugo, reason):
    row = stopped(reason)
    lifted(row, hugo)
    assert Lifting.objects.get(suppression=row).by == hugo and not suppression.in_force().exists()


@pytest.mark.parametrize("reason", ["unsubscribed", "complained"])
def test_what_somebody_said_for_themselves_only_their_own_new_consent_takes_back(hugo, reason):
    anna = person()
    agrees(anna, MONDAY - timedelta(days=1))
    row = stopped(reason)
    for address, code in (("", "address-needed"), ("other@x.example", "other-address"), (ADDRESS, "not-asked-again")):
        with pytest.raises(Refused) as refused:
            lifted(row, hugo, address=address)
        assert refused.value.code == code
    agrees(anna, MONDAY + timedelta(days=8))
    lifted(row, hugo, address="Anna@Roux.example")
    assert not suppression.in_force().exists()


def test_a_consent_that_was_withdrawn_again_takes_nothing_back(hugo):
    anna, row = person(), stopped("unsubscribed")
    agrees(anna, MONDAY + timedelta(days=1))
    Consent.objects.create(
        person=anna, channel="email", purpose="marketing", state="withdrawn", basis="consent",
        occurred_at=MONDAY + timedelta(days=2), recorded_at=MONDAY,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"new consent|consentement"):
        lifted(row, hugo, address=ADDRESS)


def test_an_unsubscribe_says_which_letter_it_came_from_and_the_page_leads_to_the_lead(hugo):
    house()
    lead = prospect()
    enrolled(lead)
    live(MONDAY)
    letter = Effect.objects.get()
    in_unit(lambda u: letters.unsubscribe(letter, u), actor=SYSTEM, at=MONDAY)
    assert Suppression.objects.get().origin == f"letter:{letter.pk}"
    page = browser(hugo).get("/suppressions").content.decode()
    assert f"/leads/{lead.pk}" in page and page.count('class="filter"') == 3  # as on every other list


def test_the_page_searches_adds_and_lifts_without_javascript_and_never_shows_an_address(hugo):
    client = browser(hugo)
    assert client.post("/suppressions/add", {"address": "nonsense", "why": "x"}).status_code == 422
    assert client.post("/suppressions/add", {"address": ADDRESS, "why": ""}).status_code == 422
    assert client.post("/suppressions/add", {"address": ADDRESS, "why": "asked by phone"}).status_code == 302
    row = Suppression.objects.get()
    assert (row.by, row.why, row.reason) == (hugo, "asked by phone", "by_hand")
    page = client.get("/suppressions").content.decode()
    assert "asked by phone" in page and "Hugo" in page and ADDRESS not in page
    assert f"/suppressions/{row.pk}/lift" in client.get(f"/suppressions?address={ADDRESS}").content.decode()
    assert "/lift" not in client.get("/suppressions?address=nobody@x.example").content.decode()
    assert client.get("/suppressions?address=nonsense&state=x").status_code == 200
    assert client.post(f"/suppressions/{row.pk}/lift", {"why": ""}).status_code == 422
    assert client.post(f"/suppressions/{row.pk}/lift", {"why": "a mistake"}).status_code == 302
    assert "a mistake" not in client.get("/suppressions").content.decode()
    assert "a mistake" in client.get("/suppressions?state=lifted").content.decode()
    assert client.post(f"/suppressions/{row.pk}/lift", {"why": "again"}).status_code == 404


def test_the_page_says_why_an_own_word_is_not_lifted(hugo):
    row, client = stopped("complained"), browser(hugo)
    assert 'name="address"' in client.get(f"/suppressions/{row.pk}/lift").content.decode()
    answer = client.post(f"/suppressions/{row.pk}/lift", {"why": "they told me", "address": ADDRESS})
    assert answer.status_code == 422 and suppression.in_force().exists()


def test_reps_and_executives_neither_see_nor_change_the_list(hugo):
    row = stopped("by_hand")
    for role in (Role.REP, Role.MANAGER, Role.EXECUTIVE):
        client = browser(member(f"X {role}", role))
        assert client.get("/suppressions").status_code == 403
        assert client.post("/suppressions/add", {"address": ADDRESS, "why": "x"}).status_code == 403
        assert client.post(f"/suppressions/{row.pk}/lift", {"why": "x"}).status_code == 403


def test_a_long_list_is_paged_by_its_keys_in_a_few_statements(hugo, django_assert_max_num_queries):
    digests = [suppression.digest_of(f"p{n}@x.example") for n in range(120)]
    in_unit(lambda u: suppression.suppress(digests, "bounced", u), actor=SYSTEM)
    client = browser(hugo)
    with django_assert_max_num_queries(16):
        page = client.get("/suppressions").content.decode()
    assert page.count("/lift") == 50 and "after=" in page


def test_the_api_lists_what_was_lifted_too_and_asks_for_the_address_of_an_own_word(db):
    cast = House()
    anna, row = person(), stopped("unsubscribed")
    at = f"/suppressions/{row.pk}/remove"
    refused = cast.marketing.post(at, {"why": "asked"})
    assert (refused.status_code, refused.json()["code"]) == (422, "address-needed")
    agrees(anna, moment.now())
    done = cast.marketing.post(at, {"why": "asked", "address": ADDRESS})
    assert done.status_code == 200 and done.json()["lifted_why"] == "asked"
    assert cast.marketing.get("/suppressions").json()["results"] == []
    assert [each["id"] for each in cast.marketing.get("/suppressions?state=lifted").json()["results"]] == [row.pk]
    assert cast.marketing.get("/suppressions?reason=nonsense").status_code in (400, 422)


ONE_MAILBOX = [
    ("anna+news@firm.example", "anna@firm.example"),
    ("anna+a@firm.example", "anna+b@firm.example"),
    ("Anna@Firm.Example", "anna@firm.example"),
    ("anna.roux@gmail.com", "annaroux@gmail.com"),
    ("A.n.n.a.Roux+shop@GoogleMail.com", "annaroux@gmail.com"),
    ("anna@bücher.example", "anna@xn--bcher-kva.example"),
    ("anna+x@BÜCHER.example", "ANNA@bücher.example"),
]
TWO_MAILBOXES = [
    ("anna.roux@firm.example", "annaroux@firm.example"),  # dots count wherever the provider does not say otherwise
    ("anna@firm.example", "anna@firm.example.org"),
    ("annaroux@gmail.com", "annaroux@gmail.com.example"),
    ("+news@firm.example", "+shop@firm.example"),  # nothing stands before the mark: it is the mailbox
    ("anna@bücher.example", "anna@bucher.example"),
]


@pytest.mark.parametrize(("one", "other", "same"), [
    *((*pair, True) for pair in ONE_MAILBOX), *((*pair, False) for pair in TWO_MAILBOXES)
])  # fmt: skip
def test_a_no_holds_for_the_mailbox_however_it_is_written_and_for_no_other(one, other, same):
    for said, asked in ((one, other), (other, one)):
        who = PersonFactory(email=asked)
        PersonEmail.objects.all().delete()  # the same address may not be written down twice
        stopped("unsubscribed", said)
        assert bool(suppression.suppressed([who])) is same, (said, asked)
        Lifting.objects.create(suppression=Suppression.objects.latest("pk"), why="next", at=MONDAY)


def test_a_no_of_one_person_holds_for_another_who_reads_the_same_mailbox_and_merges_nobody():
    anna, shop = PersonFactory(email="anna.roux@gmail.com"), PersonFactory(email="annaroux+shop@gmail.com")
    in_unit(lambda unit: suppression.suppress_person(anna, "unsubscribed", unit), actor=SYSTEM, at=MONDAY)
    assert set(suppression.suppressed([anna, shop])) == {anna.pk, shop.pk}
    assert suppression.in_force().count() == 1 and anna.canonical_id != shop.canonical_id


def test_an_entry_made_before_dots_were_none_still_holds():
    anna = PersonFactory(email="anna.roux@gmail.com")
    old = suppression._keyed("anna.roux@gmail.com")
    Suppression.objects.create(digest=old, channel="email", reason="unsubscribed", at=MONDAY)
    assert suppression.suppressed([anna]) == {anna.pk: "unsubscribed"}
