# SPDX-License-Identifier: GPL-2.0-or-later
"""Any bytes give frames or a counted error; any frame comes through whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.linecard import hello, messages
from drivers.linecard.frame import ESCAPE, FLAG, INTERRUPT, MAX_BODY, Decoder, encode
from drivers.linecard.hello import Identity
from drivers.linecard.link import HEARTBEAT_MS, Link

BODIES = st.binary(min_size=1, max_size=MAX_BODY)
SPECIAL = st.lists(st.sampled_from([FLAG, ESCAPE, INTERRUPT, 0, 1]), max_size=200).map(bytes)


@given(st.lists(BODIES, max_size=8), st.integers(1, 30))
def test_frames_come_through_in_any_pieces(bodies: list[bytes], piece: int) -> None:
    stream = b"".join(encode(body) for body in bodies)
    decoder = Decoder()
    seen = []
    for start in range(0, len(stream), piece):
        part = stream[start : start + piece]
        seen += decoder.feed(part, len(part))
    assert seen == bodies
    assert decoder.errors == 0
    assert INTERRUPT not in stream


@given(st.one_of(st.binary(max_size=400), SPECIAL), BODIES)
def test_any_bytes_are_frames_or_errors_and_the_next_frame_is_read(
    noise: bytes, body: bytes
) -> None:
    decoder = Decoder()
    decoder.feed(noise, len(noise))
    stray = bytes((FLAG,))  # ends what the noise began
    decoder.feed(stray, 1)
    frame = encode(body)
    assert decoder.feed(frame, len(frame)) == [body]
    assert decoder.errors <= noise.count(FLAG) + 2


@given(BODIES, st.data())
def test_a_changed_byte_is_an_error_or_no_frame(body: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode(body))
    place = data.draw(st.integers(1, len(frame) - 2))
    frame[place] ^= data.draw(st.integers(1, 255))
    decoder = Decoder()
    assert body not in decoder.feed(frame, len(frame))


CODES = st.integers(0x0E, 0x4E)


@given(st.one_of(st.binary(max_size=70), st.builds(lambda c, d: bytes((c,)) + d, CODES, BODIES)))
def test_any_payload_is_a_message_or_a_value_error(data: bytes) -> None:
    try:
        message = messages.decode(data)
    except ValueError:
        return
    assert messages.encode(message) == data


@given(st.binary(max_size=80))
def test_any_hello_is_an_identity_or_a_value_error(data: bytes) -> None:
    try:
        identity = hello.unpack(data)
    except ValueError:
        return
    assert hello.unpack(hello.pack(identity))[0] == identity.schema


@given(st.lists(st.one_of(st.binary(max_size=60), BODIES.map(encode)), max_size=20), st.booleans())
def test_any_bytes_leave_the_link_sound(pieces: list[bytes], host: bool) -> None:
    link = Link(Identity(1, "a", "b", "c"), 2_000)
    if host:
        link.open(7, 0)
    now_ms = 0
    for piece in pieces:
        link.feed(piece, len(piece), now_ms)
        link.take_output(now_ms)
        now_ms += HEARTBEAT_MS
        link.on_timer(now_ms)
    due_ms = link.next_timeout_ms()
    assert due_ms is None or due_ms > now_ms - 1
