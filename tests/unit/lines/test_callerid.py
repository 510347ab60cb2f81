# SPDX-License-Identifier: GPL-2.0-or-later
"""Caller-ID messages: built and read back, and every damaged one read without harm."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.lines import callerid
from firmware.values import Party, Presentation

AT = datetime(2026, 5, 1, 18, 3)


@given(
    st.text("0123456789*#+", min_size=1, max_size=callerid.MAX_NUMBER),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=callerid.MAX_NAME),
)
def test_what_is_sent_is_read(number: str, name: str) -> None:
    assert callerid.parse(callerid.build(Party(number, name), AT)) == Party(number, name)


def test_withheld_and_unknown_numbers_keep_their_reason() -> None:
    hidden = Party("0501234567", "Secret", Presentation.RESTRICTED)
    message = callerid.build(hidden, AT)
    assert b"0501234567" not in message and b"Secret" not in message
    assert callerid.parse(message).absence == "private"
    assert callerid.parse(callerid.build(Party(), AT)).absence == "out of area"


def test_single_message_format() -> None:
    message = bytes((callerid.SDMF, 18)) + b"05011803" + b"5551234567"
    assert callerid.parse(message) == Party("5551234567")
    private = bytes((callerid.SDMF, 9)) + b"05011803" + b"P"
    assert callerid.parse(private).presentation is Presentation.RESTRICTED


@pytest.mark.parametrize(
    ("message", "absence"),
    [
        (b"", "message cut short"),
        (b"\x80\x20\x02", "message cut short"),
        (b"\x82\x00", "message type 0x82 is not a call set-up"),
        (b"\x80\x00", "no number in the message"),
        (b"\x80\x04\x02\x02ab", "no digits in the message"),
        (b"\x80\x03\x04\x01X", "reason 'X'"),
    ],
)
def test_unreadable_messages_say_why(message: bytes, absence: str) -> None:
    party = callerid.parse(message)
    assert (party.number, party.absence) == ("", absence)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_party(message: bytes) -> None:
    assert isinstance(callerid.parse(message), Party)


def test_cyrillic_names_become_latin() -> None:
    assert callerid.transliterate("Ольга Щука Їжак") == "Olha Shchuka Izhak"
    assert callerid.transliterate("Łódź é") == "?ód? é"
