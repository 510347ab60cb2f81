# SPDX-License-Identifier: GPL-2.0-or-later
"""RTP packets, source lock and telephone events."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SHORT, VERSION, RTCP, NO_SPACE = -1, -2, -3, -4
REFUSED, OK, NEW = 0, 1, 2
SECOND = 8000


def packet_bytes(
    seq: int = 1,
    ts: int = 160,
    ssrc: int = 7,
    payload: bytes = b"abc",
    payload_type: int = 8,
    first: int = 0x80,
    marker: bool = False,
    middle: bytes = b"",
) -> bytes:
    second = payload_type | (0x80 if marker else 0)
    return struct.pack("!BBHII", first, second, seq, ts, ssrc) + middle + payload


class Parsed:
    """One parsed packet; keeps the bytes that the C structure points into."""

    def __init__(self, units: SimpleNamespace, data: bytes) -> None:
        self.data = units.ffi.new("uint8_t[]", data or b"\0")
        self.c = units.ffi.new("tr_rtp_packet *")
        self.result = units.lib.tr_rtp_parse(self.data, len(data), self.c)
        self._ffi = units.ffi

    @property
    def payload(self) -> bytes:
        return bytes(self._ffi.buffer(self.c.payload, self.c.payload_len))


def test_plain_packet(units: SimpleNamespace) -> None:
    parsed = Parsed(units, packet_bytes(seq=65535, ts=0xFFFFFFFF, ssrc=0x80000001, marker=True))
    assert parsed.result == 0
    c = parsed.c
    assert (c.payload_type, c.marker, c.seq, c.ts, c.ssrc) == (8, 1, 65535, 2**32 - 1, 2**31 + 1)
    assert parsed.payload == b"abc"


def test_sources_extension_and_padding_are_taken_off(units: SimpleNamespace) -> None:
    middle = b"\0" * 8 + struct.pack("!HH", 0xBEDE, 1) + b"\1\2\3\4"
    data = packet_bytes(first=0x80 | 0x20 | 0x10 | 2, middle=middle, payload=b"abc\0\0\3")
    parsed = Parsed(units, data)
    assert parsed.result == 0
    assert parsed.payload == b"abc"


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"", SHORT),
        (packet_bytes(payload=b"")[:11], SHORT),
        (packet_bytes(first=0x8F), SHORT),  # fifteen sources announced
        (packet_bytes(first=0x90, payload=b"\0\0\0"), SHORT),  # extension header cut
        (packet_bytes(first=0x90, payload=b"\xbe\xde\xff\xff"), SHORT),  # its body missing
        (packet_bytes(first=0xA0, payload=b"ab\0"), SHORT),  # padding of 0
        (packet_bytes(first=0xA0, payload=b"ab\4"), SHORT),  # more padding than packet
        (packet_bytes(first=0xA0, payload=b""), SHORT),  # padding without a byte for its length
        (packet_bytes(first=0x00), VERSION),  # STUN begins like this
        (packet_bytes(payload_type=72, marker=True), RTCP),  # sender report
        (packet_bytes(payload=b""), 0),  # a keep-alive without audio is a packet
    ],
)
def test_what_is_not_a_packet(units: SimpleNamespace, data: bytes, result: int) -> None:
    assert Parsed(units, data).result == result


def test_any_bytes_stay_in_bounds(units: SimpleNamespace) -> None:
    @given(st.binary(max_size=120))
    def check(data: bytes) -> None:
        parsed = Parsed(units, data)
        if parsed.result == 0:
            offset = int(units.ffi.cast("intptr_t", parsed.c.payload)) - int(
                units.ffi.cast("intptr_t", parsed.data)
            )
            assert offset >= 12 and offset + parsed.c.payload_len <= len(data)

    check()


def test_build_and_parse_agree(units: SimpleNamespace) -> None:
    @given(
        st.integers(0, 71),
        st.integers(0, 65535),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=200),
        st.booleans(),
    )
    def check(
        payload_type: int, seq: int, ts: int, ssrc: int, payload: bytes, marker: bool
    ) -> None:
        wanted = packet_bytes(seq, ts, ssrc, payload, payload_type, marker=marker)
        parsed = Parsed(units, wanted)
        out = units.ffi.new("uint8_t[]", 300)
        assert units.lib.tr_rtp_build(parsed.c, out, 300) == len(wanted)
        assert bytes(units.ffi.buffer(out, len(wanted))) == wanted
        assert units.lib.tr_rtp_build(parsed.c, out, len(wanted) - 1) == NO_SPACE

    check()


# ---- source lock ----


class Source:
    """The lock of one leg."""

    def __init__(self, units: SimpleNamespace) -> None:
        self._units = units
        self.c = units.ffi.new("tr_rtp_source *")

    def check(self, sender: int, seq: int, ssrc: int, now: int) -> int:
        parsed = Parsed(self._units, packet_bytes(seq=seq, ssrc=ssrc))
        return int(self._units.lib.tr_rtp_source_check(self.c, sender, parsed.c, now))


ANNA, MALLORY = 0x7F0000010FA0, 0x7F0000011F40


def test_the_first_sender_is_locked_and_strangers_refused(units: SimpleNamespace) -> None:
    source = Source(units)
    assert source.check(ANNA, 1, 7, 0) == NEW
    assert source.check(ANNA, 2, 7, 160) == OK
    for seq in range(10):
        assert source.check(MALLORY, seq, 9, 200 + 160 * seq) == REFUSED
        assert source.check(ANNA, 3 + seq, 7, 320 + 160 * seq) == OK
    assert source.c.refused == 10


def test_another_sender_takes_over_after_silence(units: SimpleNamespace) -> None:
    source = Source(units)
    source.check(ANNA, 1, 7, 0)
    assert source.check(MALLORY, 1, 9, 2 * SECOND - 1) == REFUSED
    assert source.check(MALLORY, 5, 9, 2 * SECOND) == REFUSED  # not in a row with the last
    assert source.check(MALLORY, 6, 9, 2 * SECOND + 160) == NEW
    assert source.check(ANNA, 2, 7, 2 * SECOND + 320) == REFUSED


def test_a_new_stream_of_the_same_sender_is_believed_at_its_second_packet(
    units: SimpleNamespace,
) -> None:
    source = Source(units)
    source.check(ANNA, 1, 7, 0)
    assert source.check(ANNA, 65535, 8, 160) == REFUSED
    assert source.check(ANNA, 0, 8, 320) == NEW
    assert source.c.ssrc_changes == 1
    assert source.check(ANNA, 2, 7, 480) == REFUSED  # a late packet of the old stream


def test_reset_forgets_the_sender(units: SimpleNamespace) -> None:
    source = Source(units)
    source.check(ANNA, 1, 7, 0)
    units.lib.tr_rtp_source_reset(source.c)
    assert source.check(MALLORY, 1, 9, 1) == NEW


# ---- telephone events ----


def event_packet(ts: int, event: int, duration: int, end: bool, ssrc: int = 7) -> bytes:
    payload = struct.pack("!BBH", event, 0x8A if end else 0x0A, duration)
    return packet_bytes(ts=ts, ssrc=ssrc, payload=payload, payload_type=101)


def receive(units: SimpleNamespace, packets: list[bytes]) -> str:
    rx = units.ffi.new("tr_rtp_event_rx *")
    found = [units.lib.tr_rtp_event_receive(rx, Parsed(units, data).c) for data in packets]
    return b"".join(found).replace(b"\0", b"").decode()


def press(ts: int, event: int) -> list[bytes]:
    """The packets of one key: five while it is held, three of its end."""
    held = [event_packet(ts, event, 160 * (i + 1), False) for i in range(5)]
    return held + [event_packet(ts, event, 960, True)] * 3


def test_each_key_is_one_digit(units: SimpleNamespace) -> None:
    packets = [data for n in range(16) for data in press(1000 + 2000 * n, n)]
    assert receive(units, packets) == "0123456789*#ABCD"


def test_the_same_key_twice_is_two_digits(units: SimpleNamespace) -> None:
    assert receive(units, press(0, 5) + press(2000, 5)) == "55"


@pytest.mark.parametrize("lost", range(8))
def test_one_packet_of_the_key_is_enough(units: SimpleNamespace, lost: int) -> None:
    assert receive(units, [press(0, 3)[lost], *press(4000, 4)]) == "34"


def test_an_overtaken_packet_of_an_earlier_key_is_no_new_key(units: SimpleNamespace) -> None:
    one, two = press(0xFFFFFF00, 1), press(0x500, 2)
    assert receive(units, one[:6] + two[:2] + one[6:] + two[2:]) == "12"


def test_flash_and_cut_events_are_no_digits(units: SimpleNamespace) -> None:
    short = packet_bytes(payload=b"\x05\x0a\x00", payload_type=101)
    assert receive(units, [short, event_packet(0, 16, 800, True)]) == ""


def sent(units: SimpleNamespace, digit: bytes, total: int, step: int) -> list[tuple[Any, ...]]:
    tx = units.ffi.new("tr_rtp_event_tx *")
    assert units.lib.tr_rtp_event_start(tx, digit, 5000, total, 10) == 0
    payload, packet = units.ffi.new("uint8_t[4]"), units.ffi.new("tr_rtp_packet *")
    packets = []
    while units.lib.tr_rtp_event_next(tx, step, payload, packet):
        event, flags, duration = struct.unpack("!BBH", bytes(payload))
        packets.append((event, flags >> 7, flags & 0x3F, duration, packet.marker, packet.ts))
    return packets


def test_sent_event_grows_and_ends_three_times(units: SimpleNamespace) -> None:
    packets = sent(units, b"#", 800, 160)
    assert [p[3] for p in packets] == [160, 320, 480, 640, 800, 800, 800]
    assert [p[1] for p in packets] == [0, 0, 0, 0, 1, 1, 1]
    assert [p[4] for p in packets] == [1, 0, 0, 0, 0, 0, 0]
    assert {(p[0], p[2], p[5]) for p in packets} == {(11, 10, 5000)}


def test_an_event_that_is_no_whole_number_of_packets(units: SimpleNamespace) -> None:
    assert [p[3] for p in sent(units, b"1", 500, 400)] == [400, 500, 500, 500]
    assert [p[3] for p in sent(units, b"1", 100, 400)] == [100, 100, 100]


@pytest.mark.parametrize(
    ("digit", "total"), [(b"E", 800), (b"\0", 800), (b"5", 0), (b"5", 64001), (b"a", 800)]
)
def test_what_cannot_be_sent(units: SimpleNamespace, digit: bytes, total: int) -> None:
    tx = units.ffi.new("tr_rtp_event_tx *")
    assert units.lib.tr_rtp_event_start(tx, digit, 0, total, 10) == -1
    packet = units.ffi.new("tr_rtp_packet *")
    assert units.lib.tr_rtp_event_next(tx, 160, units.ffi.new("uint8_t[4]"), packet) == 0


def test_what_we_send_we_understand(units: SimpleNamespace) -> None:
    rx, tx = units.ffi.new("tr_rtp_event_rx *"), units.ffi.new("tr_rtp_event_tx *")
    payload, packet = units.ffi.new("uint8_t[4]"), units.ffi.new("tr_rtp_packet *")
    heard = b""
    for place, digit in enumerate(b"0123456789*#ABCD"):
        units.lib.tr_rtp_event_start(tx, bytes([digit]), 1600 * place, 800, 99)
        while units.lib.tr_rtp_event_next(tx, 160, payload, packet):
            heard += units.lib.tr_rtp_event_receive(rx, packet)
    assert heard.replace(b"\0", b"") == b"0123456789*#ABCD"
