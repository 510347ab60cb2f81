# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import binascii

import pytest

from drivers.linecard.frame import ESCAPE, FLAG, INTERRUPT, MAX_BODY, Decoder, crc16, encode


def feed(decoder: Decoder, data: bytes) -> list[bytes]:
    return decoder.feed(data, len(data))


@pytest.mark.parametrize("data", [b"", b"1", b"123456789", bytes(range(256))])
def test_crc_is_the_ccitt_one(data: bytes) -> None:
    assert crc16(data, len(data)) == binascii.crc_hqx(data, 0xFFFF)


def test_crc_of_the_standard_check_string() -> None:
    assert crc16(b"123456789xxx", 9) == 0x29B1


def test_special_bytes_never_go_bare() -> None:
    frame = encode(bytes((FLAG, ESCAPE, INTERRUPT)))
    assert frame[0] == frame[-1] == FLAG
    assert FLAG not in frame[1:-1]
    assert INTERRUPT not in frame
    assert feed(Decoder(), frame) == [bytes((FLAG, ESCAPE, INTERRUPT))]


@pytest.mark.parametrize("body", [b"", bytes(MAX_BODY + 1)])
def test_a_body_of_the_wrong_length_is_our_mistake(body: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 67"):
        encode(body)


@pytest.mark.parametrize(
    ("noise", "errors"),
    [
        (b"rubbish before the first flag", 0),
        (b"\x7e\x7e\x7e", 0),
        (b"\x7eab", 1),  # too short for a checksum
        (b"\x7eabcdef", 1),  # wrong checksum
        (b"\x7eab\x7d", 1),  # ends in an escape
        (b"\x7e\x7d", 1),
        (b"\x7eab\x7d\x7dcd", 1),  # escape of an escape is never sent
        (b"\x7eab\x03cd", 1),  # nor is a bare interrupt
        (b"\x7e" + bytes(200), 1),  # too long, counted once
    ],
)
def test_what_is_no_frame_is_counted_and_the_next_frame_read(noise: bytes, errors: int) -> None:
    decoder = Decoder()
    assert feed(decoder, noise + encode(b"next")) == [b"next"]
    assert decoder.errors == errors


def test_the_longest_body() -> None:
    body = bytes((FLAG,)) * MAX_BODY
    assert feed(Decoder(), encode(body)) == [body]
