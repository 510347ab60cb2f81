# SPDX-License-Identifier: GPL-2.0-or-later
"""Session descriptions and offer/answer (RFC 3264)."""

from __future__ import annotations

import pytest

from firmware.sip.grammar import SipError
from firmware.sip.sdp import (
    LocalAudio,
    Negotiated,
    make_answer,
    make_offer,
    parse_sdp,
    read_answer,
)
from firmware.values import Codec, LegId

LOCAL = LocalAudio("192.0.2.1", 10000, 77)


def sdp(*lines: str, host: str = "192.0.2.60") -> bytes:
    head = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    return "\r\n".join([*head, *lines, ""]).encode()


def answer(*lines: str, local: LocalAudio = LOCAL, host: str = "192.0.2.60") -> Negotiated:
    return make_answer(local, parse_sdp(sdp(*lines, host=host)))[1]


def test_offer_and_answer_meet() -> None:
    offer = make_offer(LOCAL)
    assert b"m=audio 10000 RTP/AVP 8 0 101\r\n" in offer
    far = LocalAudio("2001:db8::2", 20000, 78)
    text, theirs, _ = make_answer(far, parse_sdp(offer))
    assert b"c=IN IP6 2001:db8::2" in text
    assert theirs == ("192.0.2.1", 10000, Codec.PCMA, 8, 20, 101, "sendrecv")
    ours = read_answer(LOCAL, parse_sdp(text))
    assert ours == ("2001:db8::2", 20000, Codec.PCMA, 8, 20, 101, "sendrecv")
    order = ours.order(LegId(3))
    assert (order.leg, order.host, order.send, order.receive) == (3, "2001:db8::2", True, True)


def test_first_common_codec_of_the_offer_wins() -> None:
    assert answer("m=audio 4000 RTP/AVP 9 0 8").codec is Codec.PCMU
    dynamic = answer(
        "m=audio 4000 RTP/AVP 97 98", "a=rtpmap:97 opus/48000/2", "a=rtpmap:98 pcma/8000/1"
    )
    assert (dynamic.codec, dynamic.payload_type) == (Codec.PCMA, 98)
    assert dynamic.dtmf_payload_type == -1


def test_events_with_their_payload_type_and_ptime() -> None:
    got = answer(
        "m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000", "a=ptime:30", "a=x"
    )
    assert (got.dtmf_payload_type, got.ptime_ms) == (96, 30)
    assert answer("m=audio 4000 RTP/AVP 8", "a=ptime:200").ptime_ms == 20
    assert (
        answer("m=audio 4000 RTP/AVP 8", "a=rtpmap:96 telephone-event/8000").dtmf_payload_type < 0
    )


@pytest.mark.parametrize(
    ("theirs", "ours", "agreed"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
    ],
)
def test_directions(theirs: str, ours: str, agreed: str) -> None:
    local = LOCAL.turned(ours)
    assert local.version == 2
    got = answer("m=audio 4000 RTP/AVP 8", f"a={theirs}", local=local)
    assert got.direction == agreed
    assert got.send is (agreed in ("sendrecv", "sendonly"))
    assert got.receive is (agreed in ("sendrecv", "recvonly"))


def test_hold_by_null_address() -> None:
    assert answer("m=audio 4000 RTP/AVP 8", host="0.0.0.0").direction == "recvonly"
    got = answer("m=audio 4000 RTP/AVP 8", "a=recvonly", host="0.0.0.0")
    assert got.direction == "inactive"


def test_other_streams_are_rejected_in_place() -> None:
    offer = sdp(
        "m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 8", "c=IN IP4 192.0.2.61/127",
        "m=image 6000 udptl t38",
    )  # fmt: skip
    text, agreed, local = make_answer(LOCAL, parse_sdp(offer))
    lines = [line for line in text.decode().split("\r\n") if line.startswith("m=")]
    assert lines == ["m=video 0 RTP/AVP 31", "m=audio 10000 RTP/AVP 8", "m=image 0 UDPTL t38"]
    assert agreed.host == "192.0.2.61"
    again = [line for line in make_offer(local).decode().split("\r\n") if line.startswith("m=")]
    assert again[0] == "m=video 0 RTP/AVP 31" and len(again) == 3
    assert read_answer(local, parse_sdp(text)).port == 10000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b"x=0", 400),
        (b"v=0\n" * 600, 400),
        (sdp("m=audio x RTP/AVP 8"), 400),
        (sdp("m=audio 70000 RTP/AVP 8"), 400),
        (sdp("m=audio 4000 RTP/AVP"), 400),
        (b"v=0\r\nm=audio 4000 RTP/AVP 8\r\n", 400),
        (sdp("m=audio 4000 RTP/AVP 8", "c=IN IP4 not an address"), 400),
        (sdp(*["m=audio 4000 RTP/AVP 8"] * 20), 488),
        (sdp("m=audio 4000 RTP/AVP 18"), 488),
        (sdp("m=audio 4000 RTP/AVP x 300 \u0663"), 488),
        (sdp("m=audio 4000 RTP/SAVP 8"), 488),
        (sdp("m=audio 0 RTP/AVP 8"), 488),
        (sdp("m=video 4000 RTP/AVP 31"), 488),
        (sdp(), 488),
    ],
)
def test_refused_offers(body: bytes, code: int) -> None:
    with pytest.raises(SipError) as caught:
        make_answer(LOCAL, parse_sdp(body))
    assert caught.value.code == code


def test_refused_answers() -> None:
    for lines in ((), ("m=audio 0 RTP/AVP 8",), ("m=video 4000 RTP/AVP 8",)):
        with pytest.raises(SipError):
            read_answer(LOCAL, parse_sdp(sdp(*lines)))
