# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from drivers.linecard.frame import MAX_PAYLOAD
from drivers.linecard.hello import SIZES, Identity, mismatch, pack, unpack

BOX = Identity(0x1234ABCD, "0.2.0", "tipring-8s4o-r1", "host")
CARD = Identity(0x1234ABCD, "0.1.0", "tipring-8s4o-r1", "E6614C30")


def test_round_trip() -> None:
    assert unpack(pack(CARD)) == CARD


def test_the_longest_fits_a_frame_beside_the_session_number() -> None:
    packed = pack(Identity(2**32 - 1, "v" * 99, "r" * 99, "s" * 99))
    assert 4 + len(packed) <= MAX_PAYLOAD
    assert unpack(packed)[1:] == tuple(c * n for c, n in zip("vrs", SIZES, strict=True))


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"abcd", b"abcd\x05ab", pack(CARD)[:-1], b"abcd\x01\xff\x00\x00"]
)
def test_half_a_hello_is_the_peers_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="hello"):
        unpack(data)


def test_a_card_that_fits() -> None:
    assert mismatch("card1", BOX, CARD) == ""


def test_another_message_set_names_both_versions_and_one_action() -> None:
    assert mismatch("card1", BOX, CARD._replace(schema=1)) == (
        "Card card1 (serial E6614C30) runs firmware 0.1.0 [00000001] but this box is 0.2.0 "
        "[1234abcd]: load the card firmware that came with this box."
    )


def test_another_revision() -> None:
    assert mismatch("card1", BOX, CARD._replace(revision="tipring-2s1o-r1")) == (
        "Card card1 is a tipring-2s1o-r1 (serial E6614C30) but the office says tipring-8s4o-r1: "
        "correct its revision in the office file."
    )
