# SPDX-License-Identifier: GPL-2.0-or-later
"""Transaction machines, timer by timer (RFC 3261 section 17, RFC 6026)."""

from __future__ import annotations

import pytest

from firmware.effects import SendDatagram
from firmware.errors import LocalError
from firmware.sip.grammar import SipError
from firmware.sip.message import Request, Response, parse_message, respond
from firmware.sip.transaction import (
    Client,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    Server,
    State,
)
from firmware.sip.transactions import Flow, Transactions, reply_flow
from tests.unit.sip.raw import request


def _request(method: str = "INVITE", **headers: str) -> Request:
    message = parse_message(request(method, **headers))
    assert isinstance(message, Request)
    return message


INVITE = _request(Route="<sip:proxy;lr>")
OPTIONS = _request("OPTIONS")


def _sent(machine: Client | Server, until_s: float) -> list[float]:
    """Times at which the machine sent something by its timers, from 0."""
    times = []
    while (at_s := machine.timers.next()) is not None and at_s <= until_s:
        times += [at_s for out in machine.on_timer(at_s) if isinstance(out, bytes)]
    return times


def test_invite_client_timers_a_and_b() -> None:
    machine = InviteClient(INVITE, False)
    assert machine.start(0) == [INVITE.to_bytes()]
    assert _sent(machine, 31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    (answer,) = machine.on_timer(32)
    assert isinstance(answer, Response) and answer.code == 408
    assert machine.state is State.TERMINATED


def test_invite_client_over_tcp_does_not_repeat() -> None:
    machine = InviteClient(INVITE, True)
    machine.start(0)
    assert _sent(machine, 31) == []
    ack, answer = machine.on_response(respond(INVITE, 486, "t"), 1)
    assert isinstance(ack, bytes) and isinstance(answer, Response)
    assert machine.state is State.TERMINATED


def test_invite_client_refused() -> None:
    machine = InviteClient(INVITE, False)
    machine.start(0)
    machine.on_response(respond(INVITE, 180, "t"), 1)
    assert machine.timers.next() is None
    ack, answer = machine.on_response(respond(INVITE, 486, "t"), 2)
    assert isinstance(ack, bytes) and isinstance(answer, Response)
    message = parse_message(ack)
    assert isinstance(message, Request)
    assert (message.method, message.via, message.cseq) == ("ACK", INVITE.via, (1, "ACK"))
    assert message.recipient.tag == "t"
    assert message.first("Route") == "<sip:proxy;lr>"
    assert machine.on_response(respond(INVITE, 486, "t"), 3) == [ack]
    assert machine.on_response(respond(INVITE, 180, "t"), 3) == []
    assert machine.on_response(respond(INVITE, 200, "t"), 3) == []
    assert machine.fail(503) == []
    assert _sent(machine, 40) == []
    assert machine.state is State.TERMINATED
    assert machine.on_response(respond(INVITE, 486, "t"), 41) == []


def test_invite_client_accepted_takes_every_2xx_for_timer_m() -> None:
    machine = InviteClient(INVITE, False)
    machine.start(0)
    ok = respond(INVITE, 200, "t")
    assert machine.on_response(ok, 1) == [ok]
    assert machine.on_response(ok, 2) == [ok]
    assert machine.on_response(respond(INVITE, 486, "t"), 2) == []
    assert machine.timers.next() == 33
    machine.on_timer(33)
    assert machine.state is State.TERMINATED


def test_cancel_only_while_proceeding() -> None:
    machine = InviteClient(INVITE, False)
    machine.start(0)
    with pytest.raises(LocalError):
        machine.cancel(0)
    machine.on_response(respond(INVITE, 100), 1)
    cancel = machine.cancel(1)
    assert (cancel.method, cancel.via, cancel.uri) == ("CANCEL", INVITE.via, INVITE.uri)
    assert cancel.recipient.tag == ""
    (answer,) = machine.on_timer(33)
    assert isinstance(answer, Response) and answer.code == 487


def test_non_invite_client_timers_e_f_and_k() -> None:
    machine = NonInviteClient(OPTIONS, False)
    machine.start(0)
    assert _sent(machine, 31.9) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    (answer,) = machine.on_timer(32)
    assert isinstance(answer, Response) and answer.code == 408
    machine = NonInviteClient(OPTIONS, False)
    machine.start(0)
    machine.on_response(respond(OPTIONS, 100), 0.2)
    assert _sent(machine, 9) == [0.5, 4.5, 8.5]
    ok = respond(OPTIONS, 200)
    assert machine.on_response(ok, 9) == [ok]
    assert machine.on_response(ok, 9) == []
    assert machine.timers.next() == 14
    machine.on_timer(14)
    assert machine.state is State.TERMINATED
    machine = NonInviteClient(OPTIONS, True)
    machine.start(0)
    machine.on_response(ok, 1)
    assert machine.state is State.TERMINATED


def test_invite_server_refusing_timers_g_h_and_i() -> None:
    machine = InviteServer(False)
    assert machine.on_retransmit() == []
    trying = machine.respond(respond(INVITE, 100), 0)
    assert machine.on_retransmit() == trying
    machine.respond(respond(INVITE, 486, "t"), 0)
    assert machine.answered
    assert _sent(machine, 20) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5]
    machine.on_ack(20)
    machine.on_ack(20)
    assert machine.state is State.CONFIRMED
    assert machine.on_retransmit() == []
    assert _sent(machine, 25) == []
    assert machine.state is State.TERMINATED
    with pytest.raises(LocalError):
        machine.respond(respond(INVITE, 200, "t"), 26)


def test_invite_server_without_ack_gives_up_at_timer_h() -> None:
    machine = InviteServer(False)
    machine.respond(respond(INVITE, 486, "t"), 0)
    _sent(machine, 32)
    assert machine.state is State.TERMINATED


def test_invite_server_over_tcp() -> None:
    machine = InviteServer(True)
    machine.respond(respond(INVITE, 486, "t"), 0)
    assert machine.timers.next() == 32
    machine.on_ack(1)
    assert machine.state is State.TERMINATED


def test_invite_server_accepting_leaves_the_2xx_to_its_user() -> None:
    machine = InviteServer(False)
    machine.respond(respond(INVITE, 200, "t"), 0)
    assert machine.on_retransmit() == []
    assert _sent(machine, 32) == []
    assert machine.state is State.TERMINATED


def test_non_invite_server_timer_j() -> None:
    machine = NonInviteServer(False)
    assert machine.on_retransmit() == []
    machine.respond(respond(OPTIONS, 100), 0)
    assert machine.state is State.PROCEEDING
    final = machine.respond(respond(OPTIONS, 200), 1)
    assert machine.on_retransmit() == final
    assert _sent(machine, 33) == []
    assert machine.state is State.TERMINATED
    machine = NonInviteServer(True)
    machine.respond(respond(OPTIONS, 200), 1)
    assert machine.state is State.TERMINATED


# --------------------------------------------------------------------------- the layer

HERE = Flow("udp", "192.0.2.60", 5060)


def _layer() -> tuple[Transactions, list[SendDatagram]]:
    out: list[SendDatagram] = []
    return Transactions(out.append), out


def test_responses_find_their_transaction() -> None:
    layer, out = _layer()
    heard: list[int] = []
    layer.send(OPTIONS, HERE, lambda response, now: heard.append(response.code), 0)
    assert out == [SendDatagram("udp", "192.0.2.60", 5060, OPTIONS.to_bytes())]
    stray = respond(_request("OPTIONS", Via="SIP/2.0/UDP h;branch=z9hG4bKother"), 200)
    assert not layer.on_response(stray, 1)
    two = respond(OPTIONS, 200)
    two.headers["Via"] = [*two.headers["Via"], "SIP/2.0/UDP proxy"]
    assert not layer.on_response(two, 1)
    assert layer.on_response(respond(OPTIONS, 200), 1)
    assert heard == [200]
    assert layer.next_timeout() == 6
    layer.on_timer(6)
    assert len(layer) == 0 and layer.next_timeout() is None


def test_unreachable_flow_fails_its_requests_with_503() -> None:
    layer, _ = _layer()
    heard: list[int] = []
    layer.send(OPTIONS, HERE, lambda response, now: heard.append(response.code), 0)
    layer.fail_flow(Flow("udp", "192.0.2.99", 5060), 0)
    assert heard == []
    layer.fail_flow(HERE, 0)
    assert heard == [503]


def test_peers_of_rfc_2543_are_told_apart_without_the_cookie() -> None:
    layer, _ = _layer()
    old = "SIP/2.0/UDP 192.0.2.60;branch=1"
    assert layer.on_request(_request("OPTIONS", Via=old), HERE, 0)
    assert layer.on_request(_request("OPTIONS", Via=old), HERE, 0) is None
    assert layer.on_request(_request("OPTIONS", Via=old, Call_ID="another"), HERE, 0)
    assert len(layer) == 2


def test_ack_without_transaction_is_nobodys() -> None:
    layer, out = _layer()
    assert layer.on_request(_request("ACK"), HERE, 0) is None
    assert (len(layer), out) == (0, [])


def test_too_many_transactions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.sip.transactions.MAX_SERVERS", 1)
    layer, _ = _layer()
    layer.on_request(_request(Via="SIP/2.0/UDP h;branch=z9hG4bK1"), HERE, 0)
    with pytest.raises(SipError) as caught:
        layer.on_request(_request(Via="SIP/2.0/UDP h;branch=z9hG4bK2"), HERE, 0)
    assert caught.value.code == 503


def test_answers_go_to_where_the_request_came_from() -> None:
    source = Flow("udp", "192.0.2.60", 40000)
    assert reply_flow(INVITE.via, source) == HERE
    asked = _request(Via="SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1")
    assert reply_flow(asked.via, source) == source
    assert reply_flow(INVITE.via, source._replace(transport="tcp")).port == 40000
