# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers to an INVITE that the exchange does not remember: ACK and BYE from the response alone."""

from __future__ import annotations

import pytest

from firmware.effects import Alert, Answer, SendDatagram, TagLeg
from firmware.events import LegEnded
from firmware.sip.message import Request, parse_message
from firmware.values import LegId
from tests.fakes.sip_net import (
    EXCHANGE,
    PHONE,
    PROVIDER,
    Net,
    Node,
    account,
    office,
    provider_trunk,
)

TRUNK = ("udp", *PROVIDER)
OURS = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKforgotten;rport"


def answer(code: int = 200, **headers: str | None) -> bytes:
    """A response of the trunk to an INVITE of ours; None leaves a header out."""
    lines: dict[str, str | None] = {
        "Via": OURS,
        "From": '"Anna" <sip:101@192.0.2.1>;tag=ours',
        "To": "<sip:0441234567@198.51.100.7>;tag=theirs",
        "Call-ID": "forgotten@192.0.2.1",
        "CSeq": "3 INVITE",
        "Contact": "<sip:far@198.51.100.7:5070>",
    }
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = [f"{name}: {value}" for name, value in lines.items() if value is not None]
    return "\r\n".join([f"SIP/2.0 {code} Fine", *head, "", ""]).encode()


def exchange(port: int = EXCHANGE[1]) -> Node:
    return Net().add((EXCHANGE[0], port), trunks=(provider_trunk(),), accounts=(account(),))


def sent(node: Node, data: bytes, source: tuple[str, str, int] = TRUNK) -> list[SendDatagram]:
    out = node.receive(data, source)
    assert all(isinstance(item, SendDatagram) for item in out)
    return out


def requests(datagrams: list[SendDatagram]) -> list[Request]:
    messages = [parse_message(datagram.data) for datagram in datagrams]
    assert all(isinstance(message, Request) for message in messages)
    return messages  # type: ignore[return-value]


def test_it_is_acknowledged_and_hung_up() -> None:
    node = exchange()
    datagrams = sent(node, answer())
    ack, bye = requests(datagrams)
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert (ack.first("CSeq"), bye.first("CSeq")) == ("3 ACK", "4 BYE")
    for message in (ack, bye):
        assert message.uri == "sip:far@198.51.100.7:5070"
        assert message.first("From") == '"Anna" <sip:101@192.0.2.1>;tag=ours'
        assert message.first("To") == "<sip:0441234567@198.51.100.7>;tag=theirs"
        assert message.call_id == "forgotten@192.0.2.1"
        assert message.via.sent_by == "192.0.2.1:5060"
    assert ack.via.branch != bye.via.branch
    assert {(d.transport, d.host, d.port) for d in datagrams} == {("udp", PROVIDER[0], 5070)}
    assert len(node.endpoint._context.transactions) == 0
    assert node.endpoint.next_timeout() is None
    assert [m.method for m in requests(sent(node, answer()))] == ["ACK", "BYE"]
    assert node.endpoint.snapshot(node.net.now)["counts"]["stray"] == 2


def test_routes_are_reversed() -> None:
    routes = "<sip:198.51.100.7:5080;lr>, <sip:inner.example;lr>"
    datagrams = sent(exchange(), answer(Record_Route=routes))
    for message in requests(datagrams):
        assert message.items("Route") == ["<sip:inner.example;lr>", "<sip:198.51.100.7:5080;lr>"]
        assert message.uri == "sip:far@198.51.100.7:5070"
    assert [datagram.host for datagram in datagrams] == [PROVIDER[0]] * 2
    near = "<sip:inner.example;lr>, <sip:198.51.100.7:5080;lr>"
    assert [d.port for d in sent(exchange(), answer(Record_Route=near))] == [5080, 5080]


@pytest.mark.parametrize(
    "headers",
    [
        {"Contact": "<sip:x@203.0.113.9>"},
        {"Contact": "<sip:x@victim.example;transport=tcp>"},
        {"Record_Route": "<sip:203.0.113.9;transport=tcp;lr>"},
        {"Record_Route": "<sip:203.0.113.9>"},
    ],
)
def test_nobody_aims_it_at_a_third_party(headers: dict[str, str]) -> None:
    datagrams = sent(exchange(), answer(**headers))
    assert [(d.transport, d.host, d.port) for d in datagrams] == [TRUNK] * 2
    assert {message.via.transport for message in requests(datagrams)} == {"UDP"}


@pytest.mark.parametrize(
    "data",
    [
        answer(180),
        answer(486),
        answer(CSeq="3 BYE"),
        answer(CSeq="0 INVITE"),
        answer(To="<sip:0441234567@198.51.100.7>"),
        answer(From="<sip:101@192.0.2.1>"),
        answer(Via="SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKa"),
        answer(Via="SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa"),
        answer(Via=f"{OURS}, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb"),
        answer(Contact=None),
        answer(Contact="<tel:123>"),
        answer(Record_Route="<tel:123>"),
    ],
)
def test_what_stays_unanswered(data: bytes) -> None:
    node = exchange()
    assert sent(node, data) == []
    assert node.endpoint.snapshot(node.net.now)["counts"]["stray"] == 1


def test_strangers_get_nothing() -> None:
    assert sent(exchange(), answer(), ("udp", "203.0.113.9", 5060)) == []


def test_over_a_connection() -> None:
    via = OURS.replace("UDP", "TCP")
    source = ("tcp", PROVIDER[0], 40000)
    datagrams = sent(exchange(), answer(Via=via), source)
    assert [(d.transport, d.host, d.port) for d in datagrams] == [source] * 2
    assert [message.via.transport for message in requests(datagrams)] == ["TCP", "TCP"]


def killed(net: Net, node: Node) -> Node:
    """Another exchange at the same address; only what phones registered is kept."""
    contacts = node.endpoint.snapshot(net.now)["contacts"]
    again = net.add(EXCHANGE, accounts=node.endpoint._settings.accounts)
    net.take(again, again.endpoint.restore_contacts(contacts, net.now))
    net.packets.clear()
    return again


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_exchange_is_killed_while_a_phone_rings(transport: str) -> None:
    net, before, phone = office(transport)
    before.call("sip:109", "109")
    net.run(0.5)
    phone.order(Alert(LegId(1)))
    net.run(0.5)
    killed(net, before)
    phone.order(Answer(LegId(1)))
    net.run(2)
    assert net.flow() == ["200 INVITE", "ACK", "BYE", "200 BYE"]
    [ended] = phone.of(LegEnded)
    assert ended.by_far_end
    assert phone.endpoint.snapshot(net.now)["legs"] == {}


def test_the_ack_is_lost_and_it_is_asked_for_again() -> None:
    net, before, phone = office()
    before.call("sip:109", "109")
    net.run(0.5)
    killed(net, before)
    lost = []

    def fate(packet) -> tuple[float, ...]:
        if packet.target == PHONE and len(lost) < 2:
            lost.append(str(packet))
            return ()
        return (net.delay_s,)

    net.fate = fate
    phone.order(Answer(LegId(1)))
    net.run(40)
    assert lost == ["ACK", "BYE"]
    assert net.flow().count("ACK") == 2 and len(phone.of(LegEnded)) == 1
    assert phone.last(LegEnded).by_far_end


def test_a_talk_that_was_taken_over_goes_on() -> None:
    """The ACK was lost and the exchange killed: the repeated 2xx is acknowledged, no more."""
    net, before, phone = office()
    net.fate = lambda packet: () if str(packet) == "ACK" else (net.delay_s,)
    before.call("sip:109", "109")
    net.run(0.2)
    phone.order(Answer(LegId(1)))
    net.run(0.1)
    again = killed(net, before)
    net.take(again, again.endpoint.restore(LegId(7), before.last(TagLeg).tag, net.now))
    net.fate = lambda packet: (net.delay_s,)
    net.run(60)
    assert net.flow() == ["200 INVITE", "ACK"]
    assert not phone.of(LegEnded) and again.endpoint.owns_leg(LegId(7))
