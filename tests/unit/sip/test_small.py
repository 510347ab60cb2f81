# SPDX-License-Identifier: GPL-2.0-or-later
"""Stream framing, causes, timers, kept sessions, keys in INFO."""

from __future__ import annotations

import pytest

from firmware.sip.causes import cause_of, cause_of_code, code_of, reason_of
from firmware.sip.dialog import Dialog
from firmware.sip.framing import StreamFramer
from firmware.sip.grammar import SipError
from firmware.sip.info import info_digit
from firmware.sip.message import Message
from firmware.sip.sdp import LocalAudio, Negotiated
from firmware.sip.tag import SessionData, read_tag, write_tag
from firmware.sip.timers import Deadlines, Timers
from firmware.sip.transactions import Flow
from firmware.values import Cause, Codec, LineId
from tests.unit.sip.raw import OFFER, request

TWO = [request(body=OFFER), request("OPTIONS")]


@pytest.mark.parametrize("size", [1, 3, 7, 100, 5000])
def test_stream_cut_anywhere(size: int) -> None:
    framer = StreamFramer()
    stream = b"\r\n\r\n" + TWO[0] + b"\r\n" + TWO[1] + b"\r\n\r\n"
    got = [m for i in range(0, len(stream), size) for m in framer.feed(stream[i : i + size])]
    assert got == TWO
    assert framer.pings == 2


def test_length_in_any_spelling_or_missing() -> None:
    framer = StreamFramer()
    folded = TWO[0].replace(b"Content-Length:", b"l :")
    assert framer.feed(folded) == [folded]
    bare = TWO[1].replace(b"Content-Length: 0\r\n", b"")
    assert framer.feed(bare + TWO[1]) == [bare, TWO[1]]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 20_000,
        TWO[1].replace(b"Length: 0", b"Length: nine"),
        TWO[1].replace(b"Length: 0", b"Length: 0\r\nContent-Length: 5"),
        TWO[1].replace(b"Length: 0", b"Length: 999999"),
    ],
)
def test_stream_that_cannot_be_followed(data: bytes) -> None:
    with pytest.raises(SipError):
        StreamFramer().feed(data)


def test_causes_there_and_back() -> None:
    for cause in Cause:
        assert 400 <= code_of(cause) < 700
    for cause in (Cause.BUSY, Cause.UNALLOCATED, Cause.INVALID_NUMBER, Cause.INCOMPATIBLE):
        assert cause_of_code(code_of(cause)) is cause
    assert cause_of_code(200) is Cause.NORMAL
    assert cause_of_code(302) is Cause.REJECTED
    assert cause_of_code(499) is Cause.TEMPORARY_FAILURE
    assert cause_of_code(699) is Cause.BUSY


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (reason_of(Cause.NO_ANSWER), Cause.NO_ANSWER),
        (reason_of(Cause.ANSWERED_ELSEWHERE), Cause.ANSWERED_ELSEWHERE),
        ('SIP;cause=486;text="x", Q.850;text="y";cause=17', Cause.BUSY),
        ("Q.850;cause=126", Cause.TEMPORARY_FAILURE),
        ("nonsense", Cause.TEMPORARY_FAILURE),
    ],
)
def test_reason_header_goes_first(reason: str, cause: Cause) -> None:
    assert cause_of(Message({"Reason": [reason]}), 500) is cause


def test_named_timers() -> None:
    timers = Timers()
    assert timers.next() is None
    timers.start("A", 5)
    timers.start("B", 3)
    timers.start("C", 9)
    timers.stop("none")
    assert timers.running("A") and timers.next() == 3
    assert timers.pop_due(6) == ["B", "A"]
    timers.clear()
    assert timers.next() is None


def test_deadlines_of_many() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("x", 5)
    deadlines.set("x", 5)
    deadlines.set("y", 4)
    deadlines.set("x", 2)
    deadlines.set("z", 1)
    deadlines.set("z", None)
    deadlines.set("z", None)
    assert deadlines.next() == 2
    assert deadlines.pop_due(4) == ["x", "y"]
    assert deadlines.next() is None
    assert deadlines.pop_due(9) == []


def _data(media: Negotiated | None) -> SessionData:
    dialog = Dialog(
        "id", "a", "b", "<sip:a@b>", "<sip:c@d>", "sip:c@d", ["<sip:p;lr>"],
        Flow("udp", "d", 5060), True, False, 3, -1,
    )  # fmt: skip
    local = LocalAudio("h", 1000, 5, codecs=(Codec.PCMU,), other_streams=("m=video 0 RTP/AVP 31",))
    return SessionData(LineId("sip:1"), dialog, local, media, "sendonly", True)


def test_session_as_text_and_back() -> None:
    for media in (None, Negotiated("h", 2, Codec.PCMU, 0, 20, -1, "inactive")):
        data = _data(media)
        assert read_tag(write_tag(data)) == data


@pytest.mark.parametrize("text", ["", "1", "{}", '{"sip": 3}', '{"sip": {"line": "x"}}'])
def test_text_that_is_no_session(text: str) -> None:
    with pytest.raises(SipError):
        read_tag(text)


@pytest.mark.parametrize(
    ("body", "digit"),
    [(b"Signal=5", "5"), (b"Signal=10", "*"), (b"#", "#"), (b"", ""), (b"Other=5", ""),
     (b"Signal=55", ""), (b"\xff", ""), (b"d\r\n", "D")],
)  # fmt: skip
def test_keys_in_info(body: bytes, digit: str) -> None:
    assert info_digit(body) == digit
