# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared syntax, URIs and addresses (RFC 3261 sections 19.1 and 25.1)."""

from __future__ import annotations

import time

import pytest

from firmware.sip.grammar import SipError, clean, parse_params, quote, split_list, unquote
from firmware.sip.names import canonical
from firmware.sip.uri import name_addr, parse_address, parse_uri, sip_uri


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a", ["a"]),
        ("a, b ,,c", ["a", "b", "c"]),
        ('"x, y" <sip:a,b@c>, <sip:d@e>', ['"x, y" <sip:a,b@c>', "<sip:d@e>"]),
        ('"open, a', ['"open, a']),
        ("<open, a", ["<open, a"]),
        ('"a\\", b", c', ['"a\\", b"', "c"]),
    ],
)
def test_lists(text: str, items: list[str]) -> None:
    assert split_list(text) == items


def test_params() -> None:
    assert parse_params(";a=1;B;;c = 2 ;a=3") == {"a": "1", "b": "", "c": "2"}
    assert parse_params(';a="x;\\"y";b') == {"a": 'x;"y', "b": ""}
    assert parse_params("") == {}


def test_quoting_cannot_be_broken_out_of() -> None:
    text = quote('An"na\\ \r\nVia: x\udcff')
    assert "\r" not in text and "\n" not in text
    assert unquote(text) == 'An"na\\  Via: x\ufffd'
    assert clean("Ганна") == "Ганна"


def test_hostile_text_takes_linear_time() -> None:
    began = time.perf_counter()
    for text in ('"\\"' * 8000, "<" * 16000 + ",", ';a="' * 4000, "," * 16000):
        split_list(text + ",")
        parse_params(text)
    assert time.perf_counter() - began < 1.0


def test_names() -> None:
    assert [canonical(n) for n in ("Via", "VIA", "v", "x-odd-NAME")] == [
        "Via",
        "Via",
        "Via",
        "X-Odd-Name",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:chair",
        "sip:alice:secretword@atlanta.com:5070;transport=tcp",
        "sips:1212@gateway.com;user=phone;lr",
        "sip:alice@atlanta.com?subject=project%20x&Replaces=a%40b%3Bto-tag%3D1",
        "sip:user;par=u%40example.net@example.com",
        "sip:[2001:db8::10]:5070",
        "tel:+7-495-123;phone-context=x",
        "nobodyKnowsThisScheme:totallyopaquecontent",
        "sip:%00@h",
    ],
)
def test_uris_survive_a_round_trip(text: str) -> None:
    uri = parse_uri(text)
    assert str(uri).lower() == text.lower()
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    ["", "sip:", "sip:@h", "sip:a b@c", "sip:h:0", "sip:h:99999", "sip:h:", "<sip:a@b>", "x"],
)
def test_wrong_uris(text: str) -> None:
    with pytest.raises(SipError):
        parse_uri(text)


def test_parts_of_a_uri() -> None:
    uri = parse_uri("sip:%2B7(495)123-45-67;x=y:pw@Host;transport=TCP;lr")
    assert uri.username == "+7(495)123-45-67"
    assert uri.number == "+74951234567"
    assert (uri.param("transport"), uri.param("lr"), uri.param("no")) == ("TCP", "", None)
    assert uri.key == ("sip", "+7(495)123-45-67", "host", 5060, "tcp")
    assert parse_uri("sip:h").param("x") is None
    assert parse_uri("sip:a%00b@h").username == "a b"
    assert parse_uri("sip:anna@h").number == "anna"
    assert str(sip_uri("a b@c", "h", 5070)) == "sip:a%20b%40c@h:5070"


def test_addresses() -> None:
    assert parse_address('"A \\"B\\"" <sip:a@b;lr>;tag=1').display == 'A "B"'
    plain = parse_address("sip:a@b;tag=1")
    assert (str(plain.uri), plain.tag) == ("sip:a@b", "1")
    named = parse_address("Anna Maria <sip:a@b>")
    assert (named.display, named.tag) == ("Anna Maria", "")
    assert name_addr(sip_uri("a", "b"), "Олена", "t") == '"Олена" <sip:a@b>;tag=t'
    for wrong in ('"x" y <sip:a@b>', '"x" sip:a@b', 'x " <sip:a@b>', "<sip:a@b", "<sip:a@b> x"):
        with pytest.raises(SipError):
            parse_address(wrong)
