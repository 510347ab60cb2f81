# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole calls between two endpoints in virtual time (RFC 3261 sections 9, 12 to 15)."""

from __future__ import annotations

import pytest

from firmware.effects import Alert, Answer, CloseLeg, ConnectRtp, HoldLeg, Release, TagLeg
from firmware.events import (
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegEnded,
    LegHeld,
    LegProceeding,
    LegResumed,
    LineServiceChanged,
)
from firmware.values import Cause, Codec, LegId, LineId, Party
from tests.fakes.sip_net import EXCHANGE, PHONE, Net, Node, office


def _answered(net: Net, exchange: Node, phone: Node) -> None:
    """The exchange calls the phone, which rings and answers."""
    exchange.call("sip:109", "109")
    net.run(0.5)
    phone.order(Alert(LegId(1)))
    net.run(0.5)
    phone.order(Answer(LegId(1)))
    net.run(0.5)


def test_phone_registers_with_digest() -> None:
    net, exchange, phone = office()
    assert exchange.of(LineServiceChanged) == [
        LineServiceChanged(LineId("sip:109"), True, "registered")
    ]
    assert phone.of(LineServiceChanged) == [
        LineServiceChanged(LineId("office"), True, "registered")
    ]
    assert exchange.endpoint.is_registered(LineId("sip:109"), net.now)
    contacts = exchange.endpoint.snapshot(net.now)["contacts"]
    assert [c["contact"] for c in contacts] == ["sip:109@192.0.2.50:5060"]


def test_call_to_phone_and_hang_up_by_us() -> None:
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    assert phone.last(LegArrived).caller == Party("101", "Anna")
    assert phone.last(LegArrived).called == "109"
    facts = [type(f) for f in exchange.seen if type(f) in (LegProceeding, LegAlerting, LegAnswered)]
    assert facts == [LegProceeding, LegAlerting, LegAnswered]
    theirs = exchange.last(ConnectRtp)
    assert (theirs.host, theirs.port, theirs.codec) == (PHONE[0], 10002, Codec.PCMA)
    assert (theirs.dtmf_payload_type, theirs.ptime_ms) == (101, 20)
    assert phone.last(ConnectRtp).port == 10014
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(1)
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), Cause.NORMAL, False)]
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]
    assert net.flow() == [
        "INVITE",
        "100 INVITE",
        "180 INVITE",
        "200 INVITE",
        "ACK",
        "BYE",
        "200 BYE",
    ]
    net.run(40)
    assert exchange.endpoint.snapshot(net.now)["transactions"] == 0
    assert exchange.of(CloseLeg) and phone.of(CloseLeg)


def test_call_from_phone_is_challenged_then_arrives() -> None:
    net, exchange, phone = office()
    phone.call("office", "102")
    net.run(1)
    arrived = exchange.last(LegArrived)
    assert arrived == LegArrived(LegId(1), LineId("sip:109"), Party("109", "Olena"), "102")
    assert net.flow() == ["INVITE", "401 INVITE", "ACK", "INVITE", "100 INVITE"]
    exchange.order(Alert(LegId(1)))
    exchange.order(Answer(LegId(1)))
    net.run(1)
    assert phone.of(LegAnswered)
    phone.order(Release(LegId(7), Cause.NORMAL))
    net.run(1)
    assert exchange.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]


@pytest.mark.parametrize("lost", range(9))
def test_each_single_message_lost_in_turn(lost: int) -> None:
    """Every message of a basic call is lost once; the call stands and ends all the same."""
    net, exchange, phone = office()
    count = iter(range(1000))
    net.fate = lambda packet: () if next(count) == lost else (0.01,)
    exchange.call("sip:109", "109")
    net.run(3)
    phone.order(Alert(LegId(1)))
    net.run(3)
    phone.order(Answer(LegId(1)))
    net.run(8)
    assert len(phone.of(LegArrived)) == 1
    assert len(exchange.of(LegAnswered)) == 1
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(8)
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]
    net.run(60)
    for node in (exchange, phone):
        snapshot = node.endpoint.snapshot(net.now)
        assert snapshot["transactions"] == 0
        assert snapshot["legs"] == {}
        assert node.endpoint._context.dialogs == {}


@pytest.mark.parametrize("copies", [2, 3])
def test_every_packet_doubled(copies: int) -> None:
    """Retransmissions make no second call, no second answer and no second end."""
    net, exchange, phone = office()
    net.fate = lambda packet: [0.01 * (i + 1) for i in range(copies)]
    _answered(net, exchange, phone)
    phone.order(Release(LegId(1), Cause.NORMAL))
    net.run(60)
    for kind in (LegArrived, LegEnded):
        assert len(phone.of(kind)) == 1
    assert len(exchange.of(LegAnswered)) == len(exchange.of(LegEnded)) == 1


def test_cancel_waits_for_a_provisional_response() -> None:
    net, exchange, phone = office()
    net.fate = lambda packet: () if str(packet) == "100 INVITE" else (0.01,)
    exchange.call("sip:109", "109")
    net.run(0.1)
    exchange.order(Release(LegId(7), Cause.NO_ANSWER))
    net.run(0.2)
    assert "CANCEL" not in net.flow()
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), Cause.NO_ANSWER, False)]
    net.fate = lambda packet: (0.01,)
    net.run(3)
    assert "CANCEL" in net.flow()
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.NO_ANSWER, True)]
    net.run(60)
    assert net.flow()[-1] == "ACK"
    assert exchange.endpoint.snapshot(net.now)["transactions"] == 0


def test_cancel_that_crosses_the_answer_is_followed_by_bye() -> None:
    net, exchange, phone = office()
    exchange.call("sip:109", "109")
    net.run(0.5)
    phone.order(Answer(LegId(1)))
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(5)
    assert net.flow().count("ACK") == net.flow().count("BYE") == 1
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]
    assert len(exchange.of(LegEnded)) == 1
    assert not exchange.of(LegAnswered)


def test_cancel_for_an_answered_elsewhere_call_says_so() -> None:
    net, exchange, phone = office()
    exchange.call("sip:109", "109")
    net.run(0.5)
    exchange.order(Release(LegId(7), Cause.ANSWERED_ELSEWHERE))
    net.run(1)
    assert phone.last(LegEnded).cause is Cause.ANSWERED_ELSEWHERE


def test_cancelled_peer_that_never_answers_is_forgotten() -> None:
    net, exchange, _ = office()
    exchange.call("sip:109", "109")
    net.run(0.5)
    del net.nodes[PHONE]
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(70)
    assert exchange.endpoint.snapshot(net.now)["transactions"] == 0


@pytest.mark.parametrize(
    ("cause", "heard"),
    [
        (Cause.BUSY, Cause.BUSY),
        (Cause.REJECTED, Cause.REJECTED),
        (Cause.NO_ANSWER, Cause.NO_ANSWER),
    ],
)
def test_refusal_carries_its_cause(cause: Cause, heard: Cause) -> None:
    net, exchange, phone = office()
    exchange.call("sip:109", "109")
    net.run(0.5)
    phone.order(Release(LegId(1), cause))
    net.run(1)
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), heard, True)]
    net.run(40)
    assert exchange.endpoint.snapshot(net.now)["transactions"] == 0


def test_silent_phone_ends_after_timer_b() -> None:
    net, exchange, _ = office()
    del net.nodes[PHONE]
    exchange.call("sip:109", "109")
    net.run(31.9)
    assert not exchange.of(LegEnded)
    net.run(0.2)
    assert exchange.last(LegEnded).cause is Cause.RECOVERY_ON_TIMER
    invites = [p for p in net.packets if str(p) == "INVITE"]
    assert len(invites) == 7  # at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s


def test_unregistered_phone_is_absent() -> None:
    _, exchange, phone = office()
    phone.net.take(phone, phone.endpoint.stop(phone.net.now))
    phone.net.run(1)
    assert exchange.last(LineServiceChanged) == LineServiceChanged(
        LineId("sip:109"), False, "logged out"
    )
    exchange.call("sip:109", "109")
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), Cause.SUBSCRIBER_ABSENT, False)]


def test_two_hundred_is_repeated_until_the_ack() -> None:
    net, exchange, phone = office()
    net.fate = lambda packet: () if str(packet) == "ACK" else (0.01,)
    _answered(net, exchange, phone)
    net.run(10)
    answers = [p for p in net.packets if str(p) == "200 INVITE"]
    acks = [p for p in net.packets if str(p) == "ACK"]
    assert len(answers) == len(acks) == 5  # 0, 0.5, 1.5, 3.5, 7.5 s, each acknowledged again
    assert len(exchange.of(LegAnswered)) == 1
    net.run(40)
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.RECOVERY_ON_TIMER, False)]
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), Cause.RECOVERY_ON_TIMER, True)]


def test_bye_waits_for_the_ack() -> None:
    net, exchange, phone = office()
    net.fate = lambda packet: () if str(packet) == "ACK" else (0.01,)
    _answered(net, exchange, phone)
    phone.order(Release(LegId(1), Cause.CONGESTION))
    phone.order(Release(LegId(1), Cause.NORMAL))
    assert len(phone.of(LegEnded)) == 1
    net.run(0.4)
    assert "BYE" not in net.flow()
    net.fate = lambda packet: (0.01,)
    net.run(3)
    assert exchange.of(LegEnded) == [LegEnded(LegId(7), Cause.CONGESTION, True)]


def test_hold_and_resume_by_the_phone() -> None:
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    phone.order(HoldLeg(LegId(1), True))
    net.run(1)
    assert exchange.of(LegHeld) == [LegHeld(LegId(7))]
    held = exchange.last(ConnectRtp)
    assert (held.send, held.receive) == (False, True)
    assert exchange.endpoint.snapshot(net.now)["legs"] == {7: {"line": "sip:109", "state": "held"}}
    assert phone.last(ConnectRtp).receive is False
    phone.order(HoldLeg(LegId(1), False))
    net.run(1)
    assert exchange.of(LegResumed) == [LegResumed(LegId(7))]
    assert exchange.last(ConnectRtp).send
    assert phone.last(ConnectRtp).receive
    assert not phone.of(LegHeld)


def test_hold_asked_before_the_ack_follows_it() -> None:
    net, exchange, phone = office()
    net.fate = lambda packet: () if str(packet) == "ACK" else (0.01,)
    _answered(net, exchange, phone)
    phone.order(HoldLeg(LegId(1), True))
    net.fate = lambda packet: (0.01,)
    net.run(5)
    assert exchange.of(LegHeld)


def test_both_hold_at_once() -> None:
    """Crossing re-INVITEs: both get 491 and offer again after their own pauses (14.1)."""
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    exchange.order(HoldLeg(LegId(7), True))
    phone.order(HoldLeg(LegId(1), True))
    net.run(0.1)
    assert net.flow().count("491 INVITE") == 2
    net.run(20)
    assert exchange.of(LegHeld)
    assert exchange.last(ConnectRtp).send is False
    assert exchange.last(ConnectRtp).receive is False
    exchange.order(HoldLeg(LegId(7), False))
    net.run(1)
    phone.order(HoldLeg(LegId(1), False))
    net.run(1)
    assert exchange.last(ConnectRtp).send and exchange.last(ConnectRtp).receive


def test_release_while_offering() -> None:
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    exchange.order(HoldLeg(LegId(7), True))
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(60)
    assert len(exchange.of(LegEnded)) == len(phone.of(LegEnded)) == 1
    assert exchange.endpoint._context.dialogs == {}


def test_peer_that_forgot_the_call_ends_it() -> None:
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    phone.endpoint._context.dialogs.clear()
    exchange.order(HoldLeg(LegId(7), True))
    net.run(1)
    assert exchange.last(LegEnded).cause is Cause.RECOVERY_ON_TIMER


def test_both_hang_up_at_once() -> None:
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    exchange.order(Release(LegId(7), Cause.NORMAL))
    phone.order(Release(LegId(1), Cause.NORMAL))
    net.run(40)
    assert len(exchange.of(LegEnded)) == len(phone.of(LegEnded)) == 1
    assert exchange.endpoint._context.dialogs == {}


def test_ports_that_cannot_be_opened() -> None:
    net, exchange, phone = office()
    phone.media = False
    exchange.call("sip:109", "109")
    net.run(1)
    assert exchange.last(LegEnded).cause is Cause.TEMPORARY_FAILURE
    assert not phone.of(LegArrived) and not phone.of(LegEnded) and phone.of(CloseLeg)
    exchange.media = False
    exchange.call("sip:109", "109", leg=8)
    assert exchange.last(LegEnded) == LegEnded(LegId(8), Cause.TEMPORARY_FAILURE, False)


def test_unanswered_call_ends_by_itself() -> None:
    net, exchange, phone = office()
    exchange.call("sip:109", "109")
    net.run(1)
    phone.order(Alert(LegId(1)))
    net.run(599.5)
    assert net.flow().count("180 INVITE") > 9  # repeated every minute for proxies on the way
    net.run(5)
    assert len(exchange.of(LegEnded)) == len(phone.of(LegEnded)) == 1


def test_calls_over_tcp() -> None:
    net, exchange, phone = office("tcp")
    assert {p.transport for p in net.packets} <= {"tcp"}
    _answered(net, exchange, phone)
    assert exchange.of(LegAnswered)
    phone.order(Release(LegId(1), Cause.NORMAL))
    net.run(1)
    assert {p.transport for p in net.packets} == {"tcp"}
    assert exchange.last(LegEnded).by_far_end


def test_adoption_after_a_restart() -> None:
    """A new endpoint restores the session from its tag; hold and BYE work from both sides."""
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    tag = exchange.last(TagLeg).tag
    again = net.add(EXCHANGE, accounts=exchange.endpoint._settings.accounts)
    again.net.take(again, again.endpoint.restore(LegId(7), tag, net.now))
    assert again.endpoint.owns_leg(LegId(7))
    phone.order(HoldLeg(LegId(1), True))
    net.run(1)
    assert again.of(LegHeld)
    again.order(HoldLeg(LegId(7), True))
    net.run(1)
    assert phone.of(LegHeld)
    again.order(Release(LegId(7), Cause.NORMAL))
    net.run(1)
    assert phone.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]


def test_phone_whose_nat_moves_it_is_followed() -> None:
    """Requests of a talk go to where its last request came from (phones only)."""
    net, exchange, phone = office()
    _answered(net, exchange, phone)
    moved = ("203.0.113.77", 40000)
    del net.nodes[PHONE]
    phone.address = moved
    net.nodes[moved] = phone
    phone.order(HoldLeg(LegId(1), True))
    net.run(1)
    assert exchange.of(LegHeld)
    exchange.order(Release(LegId(7), Cause.NORMAL))
    net.run(1)
    assert phone.of(LegEnded)
