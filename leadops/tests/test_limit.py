"""Whom a limit counts as one: an address, and of IPv6 the network somebody has as a whole."""

from __future__ import annotations

import pytest

from leadops.desk import signin
from leadops.limit import network


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:1::7", "2001:db8:1:1::/64"),
        ("2001:0DB8:1:1:ffff::1", "2001:db8:1:1::/64"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("local", "local"),
        ("", ""),
    ],
)
def test_one_sender_is_an_address_or_a_network_of_the_sixth_kind(address: str, counted: str) -> None:
    assert network(address) == counted


def test_a_guesser_with_a_network_of_addresses_waits_like_one_with_an_address() -> None:
    signin.PER_SENDER.forget()
    let = 0
    for n in range(200):
        sender, email = f"2001:db8:1:1::{n:x}", f"user{n}@firm.example"
        if not signin.must_wait(email, sender):
            signin.failed(email, sender)
            let += 1
    assert let == signin.PER_SENDER.most
    signin.PER_SENDER.forget()
