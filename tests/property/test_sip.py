# SPDX-License-Identifier: GPL-2.0-or-later
"""Any bytes give messages or a peer error, and never harm the endpoint."""

from __future__ import annotations

import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.effects import Answer, HoldLeg, Release, SendDatagram
from firmware.errors import PeerError
from firmware.events import LegArrived, LegEnded
from firmware.sip.auth import parse_credentials
from firmware.sip.framing import StreamFramer
from firmware.sip.grammar import SipError, clean, parse_params, split_list
from firmware.sip.message import BadMessage, Request, parse_message, respond
from firmware.sip.sdp import LocalAudio, make_answer, parse_sdp
from firmware.sip.uri import parse_address, parse_uri, sip_uri
from firmware.values import Cause, LegId
from tests.fakes.sip_net import EXCHANGE, PROVIDER, Net, Packet, account, office, provider_trunk
from tests.unit.sip.raw import OFFER, request
from tests.unit.sip.test_stray import answer

PIECES = [
    b"SIP/2.0", b"\r\n", b"\n ", b"\r\n\r\n", b";", b",", b'"', b"<", b">", b"\\", b"%00", b"@",
    b":", b"\0", b"\xff\xfe", b"99999999999", b"-1", b"=", b"Via: ", b"Content-Length: ", b"tag",
]  # fmt: skip
VALID = [
    request(body=OFFER),
    request("REGISTER", Authorization='Digest realm="office", nonce="x.y.z", response="0"'),
    request("BYE", To="<sip:a@b>;tag=x"),
    request("CANCEL"),
    respond(parse_message(request()), 200, "tag").to_bytes(),  # type: ignore[arg-type]
    answer(),
    answer(Record_Route="<sip:a@198.51.100.7;lr>, <sip:b>"),
]


@st.composite
def mutated(draw: st.DrawFn, valid: list[bytes] = VALID) -> bytes:
    """A valid message with a few places cut, doubled or overwritten."""
    data = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.integers(0, 12))
        data[at : at + cut] = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
    return bytes(data)


@settings(max_examples=400)
@given(st.binary(max_size=400) | mutated())
def test_any_bytes_give_a_message_or_a_peer_error(data: bytes) -> None:
    try:
        message = parse_message(data)
    except BadMessage as error:
        assert isinstance(error, PeerError)
        if error.request is not None:
            respond(error.request, error.code, "tag").to_bytes()
        return
    again = parse_message(message.to_bytes())
    assert again.headers == message.headers
    assert again.body == message.body


@settings(max_examples=300)
@given(st.lists(mutated() | st.binary(max_size=100), max_size=6))
def test_endpoint_stands_whatever_comes(messages: list[bytes]) -> None:
    """No exception, no leg without end, and everything kept is gone after the longest timer."""
    net = Net()
    node = net.add(EXCHANGE, accounts=(account(),), trunks=(provider_trunk(),))
    for data, source in zip(
        messages, itertools.cycle((("udp", *PROVIDER), ("tcp", "192.0.2.60", 9)))
    ):
        node.receive(data, source)
        net.run(0.1)
    net.run(1300)
    snapshot = node.endpoint.snapshot(net.now)
    assert (snapshot["transactions"], snapshot["legs"]) == (0, {})
    assert node.endpoint._context.dialogs == {}
    ended = [fact.leg for fact in node.of(LegEnded)]
    assert len(ended) == len(set(ended))


@settings(max_examples=300)
@given(mutated([answer(), answer(Record_Route="<sip:a@198.51.100.7;lr>, <sip:b>")]))
def test_answers_to_stray_responses_are_whole_and_go_to_their_sender(data: bytes) -> None:
    node = Net().add(EXCHANGE, accounts=(account(),), trunks=(provider_trunk(),))
    out = node.receive(data, ("udp", *PROVIDER))
    if not data.startswith(b"SIP/2.0 "):  # it became something like a request
        return
    assert len(out) in (0, 2)
    for item in out:
        assert isinstance(item, SendDatagram) and item.host == PROVIDER[0]
        assert isinstance(parse_message(item.data), Request)


@given(st.binary(max_size=300) | mutated(), st.integers(1, 40))
def test_stream_split_anywhere_gives_the_same(data: bytes, size: int) -> None:
    def cut(pieces: list[bytes]) -> tuple[list[bytes], bool]:
        framer, got = StreamFramer(), []
        for piece in pieces:
            try:
                got += framer.feed(piece)
            except SipError:
                return got, True
        return got, False

    # What came whole before an error may be lost with it when all arrives at once.
    in_pieces = cut([data[i : i + size] for i in range(0, len(data), size)])
    at_once = cut([data])
    if not at_once[1]:
        assert in_pieces == at_once


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 35), st.booleans(), st.booleans())
def test_calls_end_on_both_sides_whatever_the_network_does(
    random: Random, loss_percent: int, answered: bool, by_phone: bool
) -> None:
    """Loss, delay, reordering and doubling: every leg ends exactly once, nothing is left."""
    net, exchange, phone = office()

    def fate(packet: Packet) -> list[float]:
        copies = 0 if random.randrange(100) < loss_percent else random.choice((1, 1, 1, 2))
        return [random.uniform(0.001, 0.4) for _ in range(copies)]

    net.fate = fate
    exchange.call("sip:109", "109")
    net.run(5)
    if answered:
        for arrived in phone.of(LegArrived):
            phone.order(Answer(arrived.leg))
        exchange.order(HoldLeg(LegId(7), True))
        net.run(random.uniform(0, 10))
    ender, leg = (phone, LegId(1)) if by_phone else (exchange, LegId(7))
    ender.order(Release(leg, Cause.NORMAL))
    net.run(1)
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(800)
    assert len(exchange.of(LegEnded)) == 1
    assert len(phone.of(LegEnded)) == len(phone.of(LegArrived)) <= 1
    for node in (exchange, phone):
        assert node.endpoint.snapshot(net.now)["legs"] == {}
        assert node.endpoint._context.dialogs == {}


SDP = [OFFER.encode(), OFFER.replace("a=", "a=sendonly\r\na=").encode()]


@st.composite
def mutated_sdp(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SDP)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8))] = draw(
            st.sampled_from([b"m=", b"\r\n", b"c=IN IP4 ", b" ", b"0", b"a=rtpmap:"])
            | st.binary(max_size=4)
        )
    return bytes(data)


@settings(max_examples=300)
@given(st.binary(max_size=200) | mutated_sdp())
def test_any_description_is_answered_or_refused(body: bytes) -> None:
    try:
        text, agreed, _ = make_answer(LocalAudio("192.0.2.1", 1000, 1), parse_sdp(body))
    except SipError as error:
        assert error.code in (400, 488)
        return
    assert 0 < agreed.port < 65536 and 0 <= agreed.payload_type < 128
    assert parse_sdp(text).audio() >= 0


@given(st.text(max_size=60), st.sampled_from(["sip:", "<sip:", '"a" <sip:', "Digest "]))
def test_values_are_parsed_or_refused(text: str, start: str) -> None:
    for parse in (parse_uri, parse_address):
        try:
            parse(start + text)
        except SipError:
            pass
    split_list(text)
    parse_params(text)
    parse_credentials(start + text)


@given(st.text(alphabet="abc+*#/?;&=$,-_.!~'()1é %@", min_size=1, max_size=20))
def test_user_parts_survive(user: str) -> None:
    uri = parse_uri(str(sip_uri(user, "host")))
    assert uri.host == "host"
    expected = clean(user).partition(":")[0].partition(";")[0]
    assert uri.username == clean(expected)
