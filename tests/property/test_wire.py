# SPDX-License-Identifier: GPL-2.0-or-later
"""The line codec: every fact and order comes back as it went, and no bytes can upset it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import effects, events
from firmware.effects import JoinBridge, OpenRtp, WriteEvent
from firmware.errors import LocalError, PeerError
from firmware.events import HookChanged, MediaFact
from firmware.media.protocol import COMMANDS, EVENTS
from firmware.values import LegId, LineId
from firmware.wire import Lines, decode, encode, from_plain, registry, to_plain

EVERYTHING = {
    **registry(events.CardFact, events.MediaFact, events.LegFact),
    **registry(effects.CardOrder, effects.MediaOrder, effects.LegOrder),
    **registry(effects.RaiseAlarm, effects.ClearAlarm, effects.SendDatagram),
    **registry(*EVENTS.values()),
    **registry(*COMMANDS.values()),
}

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
st.register_type_strategy(str, text)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))


@pytest.mark.parametrize("name", sorted(EVERYTHING))
@given(data=st.data())
def test_every_message_survives_the_wire(name: str, data: st.DataObject) -> None:
    message = data.draw(st.from_type(EVERYTHING[name]))
    line = encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode(line, EVERYTHING) == message


@given(
    st.dictionaries(
        text,
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        ),
    )
)
def test_event_data_survives_the_wire(details: dict[str, object]) -> None:
    from firmware.values import CallId

    message = WriteEvent(CallId("c1"), "dialled", details)
    assert decode(encode(message), registry(WriteEvent)) == message


@given(st.binary(max_size=300))
def test_any_bytes_give_an_object_or_a_peer_error(line: bytes) -> None:
    try:
        found = decode(line, EVERYTHING)
    except PeerError as error:
        assert str(error).endswith(".")
    else:
        assert type(found) in EVERYTHING.values()


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
)


@given(st.data())
def test_wrong_values_are_refused_or_right(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(EVERYTHING)))
    names = [field.name for field in dataclasses.fields(EVERYTHING[kind])]
    plain: dict[str, Any] = {name: data.draw(json_value) for name in names}
    try:
        found = from_plain({"type": kind, **plain}, EVERYTHING)
    except PeerError:
        return
    assert from_plain(to_plain(found), EVERYTHING) == found


@given(
    st.lists(st.from_type(MediaFact), max_size=6),
    st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
def test_a_stream_may_be_cut_anywhere(messages: list[Any], cuts: list[int]) -> None:
    stream = b"".join(encode(message) for message in messages)
    lines, found, at, turn = Lines(EVERYTHING), [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        found += lines.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    assert found == messages


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_a_stream_of_noise_is_bounded_and_ends(chunks: list[bytes]) -> None:
    lines = Lines(EVERYTHING, max_bytes=100)
    for chunk in chunks:
        lines.feed(chunk)
    lines.feed(b"\n")
    (last,) = lines.feed(encode(HookChanged(LineId("F"), True)))
    assert last == HookChanged(LineId("F"), True)


def test_a_line_that_is_too_long_is_named_and_the_next_one_read() -> None:
    lines = Lines(EVERYTHING, max_bytes=64)
    assert lines.feed(b"x" * 50) == []
    assert lines.feed(b"x" * 50) == []
    error, after = lines.feed(b"x\n" + encode(OpenRtp(LegId(3))))
    assert "64 bytes" in str(error)
    assert after == OpenRtp(LegId(3))


def test_empty_lines_are_nothing() -> None:
    assert Lines(EVERYTHING).feed(b"\n \r\n") == []


def test_unknown_fields_are_ignored_and_defaults_filled() -> None:
    line = b'{"type":"StopRecording","leg":4,"later":[1]}'
    assert decode(line, EVERYTHING) == effects.StopRecording(LegId(4))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"[]", "must be a JSON object"),
        (b'{"leg":1}', "type None is unknown"),
        (b'{"type":"Nonsense"}', "'Nonsense' is unknown"),
        (b'{"type":["OpenRtp"]}', "is unknown"),
        (b'{"type":"OpenRtp"}', "required field `leg`"),
        (b'{"type":"OpenRtp","leg":"1"}', "Expected `int`, got `str`"),
        (b"{", "Not a line of JSON"),
        (b"\xff", "Not a line of JSON"),
        (b"[" * 100_000, "Not a line of JSON"),
    ],
)
def test_bad_lines_are_explained(line: bytes, sentence: str) -> None:
    with pytest.raises(PeerError, match=sentence.replace("[", r"\[")):
        decode(line, EVERYTHING)


def test_decode_refuses_a_line_longer_than_the_limit() -> None:
    with pytest.raises(PeerError, match="longer than"):
        decode(b" " * (8 * 1024 * 1024 + 1), EVERYTHING)


def test_what_has_no_json_form_is_our_own_error() -> None:
    from firmware.values import CallId

    with pytest.raises(LocalError, match="WriteEvent"):
        encode(WriteEvent(CallId("c"), "k", {"what": object()}))
    with pytest.raises(LocalError, match="JSON"):
        encode(effects.RaiseAlarm("key", "\ud800"))
    with pytest.raises(LocalError, match="not a dataclass"):
        encode({"type": "OpenRtp"})


def test_a_registry_takes_only_dataclasses_without_a_type_field() -> None:
    @dataclasses.dataclass(frozen=True)
    class Typed:
        type: str

    with pytest.raises(LocalError, match="names the class"):
        registry(Typed)
    with pytest.raises(LocalError, match="not a dataclass"):
        registry(LegId)
    assert registry(JoinBridge) == {"JoinBridge": JoinBridge}
