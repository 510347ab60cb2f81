# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of example office R1 through every real machine, in virtual time and without sockets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firmware.effects import (
    Alert,
    Answer,
    JoinBridge,
    Release,
    ReleaseLine,
    SeizeLine,
    SendDigits,
    StartRecording,
    StoreMessage,
)
from firmware.events import (
    BatteryChanged,
    DigitHeard,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegEnded,
    PolarityChanged,
    RingingPaused,
    RingingStarted,
    ToneHeard,
)
from firmware.lines.countries import COUNTRIES
from firmware.lines.fxo import State as FxoState
from firmware.lines.fxo.state import CALLER_ID_S
from firmware.lines.fxs import State as FxsState
from firmware.values import CallId, Cause, LineId, Party, ToneName
from tests.unit.core.office import OfficeBox
from tests.unit.core.test_assembly import office

FXS = [LineId(f"FXS{n}") for n in range(1, 9)]
FXO = [LineId(f"FXO{n}") for n in range(1, 5)]


@pytest.fixture
def box() -> OfficeBox:
    started = OfficeBox(office("r1"))
    started.power_up()
    return started


def states(box: OfficeBox) -> dict[str, str]:
    """Every line that is not idle, as people see it."""
    shown = {view.line: view.state for view in box.switch.snapshot(box.now()).lines}
    return {
        line: state
        for line, state in shown.items()
        if state != "idle" and not (line.startswith("sip:") and state == "out of service")
    }


def talk(box: OfficeBox) -> None:
    """101 calls 102, who answers."""
    box.lift("FXS1")
    box.dial("FXS1", "102")
    box.run(4.0)
    box.lift("FXS2")


def assert_over(box: OfficeBox) -> None:
    assert box.at_rest and states(box) == {}
    assert all(box.machines[line].state is FxsState.IDLE for line in FXS)
    assert all(box.machines[line].state is FxoState.IDLE for line in FXO)
    assert box.events().count("arrived") == box.events().count("ended")


def test_every_line_comes_into_service(box: OfficeBox) -> None:
    assert_over(box)


def test_phone_to_phone(box: OfficeBox) -> None:
    box.lift("FXS1")
    assert box.hears("FXS1") == "dial"
    box.dial("FXS1", "1")
    assert box.hears("FXS1") == "nothing"  # the first digit takes the dial tone away
    box.dial("FXS1", "02")
    assert box.ringing == {"FXS2"}
    assert box.hears("FXS1") == "ringback"
    assert states(box) == {"FXS1": "calling", "FXS2": "ringing"}
    box.run(4.0)
    box.lift("FXS2")
    assert box.ringing == set()
    assert (box.hears("FXS1"), box.hears("FXS2")) == ("FXS2", "FXS1")
    [joined] = [effect for effect in box.effects if isinstance(effect, JoinBridge)]
    assert joined.legs == (box.leg_on("FXS1"), box.leg_on("FXS2"))
    assert states(box) == {"FXS1": "connected", "FXS2": "connected"}
    box.run(60.0)
    box.put_down("FXS2")
    assert box.hears("FXS1") == "busy"
    box.put_down("FXS1")
    assert_over(box)
    assert box.events()[0] == "arrived" and box.events()[-1] == "ended"


def test_caller_gives_up(box: OfficeBox) -> None:
    box.lift("FXS1")
    box.dial("FXS1", "102")
    box.put_down("FXS1")
    assert box.ringing == set()
    assert_over(box)


def test_busy_extension(box: OfficeBox) -> None:
    box.lift("FXS2")
    box.lift("FXS1")
    box.dial("FXS1", "102")
    box.run(30.0)
    assert box.ringing == set()
    box.put_down("FXS1")
    box.put_down("FXS2")
    assert_over(box)


def test_handset_left_off_the_hook_comes_to_rest(box: OfficeBox) -> None:
    box.lift("FXS1")
    box.run(300.0)
    assert box.machines[LineId("FXS1")].state is FxsState.PARKED
    assert box.media.ports == {}
    box.put_down("FXS1")
    assert_over(box)


def test_console_hangs_up(box: OfficeBox) -> None:
    talk(box)
    [call] = box.switch.snapshot(box.now()).calls
    box._carry_out(box.core.hang_up(call.id, box.now()))
    assert {box.hears("FXS1"), box.hears("FXS2")} == {"busy"}
    box.put_down("FXS1")
    box.put_down("FXS2")
    assert_over(box)
    assert box.core.hang_up(CallId("gone"), box.now()) == []


def test_caller_from_outside_rings_everybody(box: OfficeBox) -> None:
    line = LineId("FXO1")
    box.tell(RingingStarted(line, 1))
    box.tell(RingingPaused(line, 1))
    box.run(COUNTRIES["UA"].first_burst_s + CALLER_ID_S)
    assert SeizeLine(line) in box.effects
    assert box.hears("FXO1") == "/prompts/greeting.wav"
    box.run(2.5)
    assert box.ringing == set(FXS)
    box.lift("FXS7")
    assert (box.hears("FXO1"), box.hears("FXS7")) == ("FXS7", "FXO1")
    box.run(20.0)
    assert box.ringing == set()
    box.tell(BatteryChanged(line, False))  # the exchange drops the loop: the caller has gone
    box.run(2.0)
    assert ReleaseLine(line) in box.effects
    box.tell(BatteryChanged(line, True))
    box.put_down("FXS7")
    box.run(5.0)
    assert_over(box)


def test_staff_member_dials_out_on_an_exchange_line(box: OfficeBox) -> None:
    box.lift("FXS1")
    box.dial("FXS1", "90441234567")
    box.run(4.0)  # the number could go on
    [line] = [effect.line for effect in box.effects if isinstance(effect, SeizeLine)]
    assert [e.digits for e in box.effects if isinstance(e, SendDigits)] == ["0441234567"]
    leg = box.leg_on(line)
    box.tell(ToneHeard(leg, ToneName.RINGBACK, 0, 0))
    assert box.hears("FXS1") == line  # the exchange's own ringback
    box.tell(PolarityChanged(line, True))
    box.run(30.0)
    assert states(box) == {"FXS1": "connected", line: "connected"}
    box.put_down("FXS1")
    assert ReleaseLine(line) in box.effects
    box.run(5.0)
    assert_over(box)


def test_message_after_hours(box: OfficeBox) -> None:
    line = LineId("FXO1")
    box.wall += timedelta(hours=12)
    box.tell(RingingStarted(line, 1))
    box.run(COUNTRIES["UA"].first_burst_s + CALLER_ID_S + 10.0)
    [record] = [effect for effect in box.effects if isinstance(effect, StartRecording)]
    box.run(20.0)
    busy = ToneHeard(box.leg_on("FXO1"), ToneName.BUSY, 16_000, 0)
    box.tell(busy)  # two seconds of it are at the end of the message
    [stored] = [effect for effect in box.effects if isinstance(effect, StoreMessage)]
    assert (stored.message.mailbox, stored.message.path) == ("101", record.path)
    box.run(5.0)
    assert_over(box)
    box.lift("FXS1")
    assert box.hears("FXS1") == "stutter-dial"
    box.put_down("FXS1")
    assert_over(box)


def test_media_host_lost_in_a_talk(box: OfficeBox) -> None:
    talk(box)
    box.kill_media()
    assert box.switch.empty
    box.put_down("FXS1")
    box.put_down("FXS2")
    box.start_media()
    talk(box)
    assert box.hears("FXS1") == "FXS2"


def test_card_lost_in_a_talk(box: OfficeBox) -> None:
    phone = box.register("109", "office-109")
    talk(box)
    box.unplug_card()
    assert box.switch.empty and box.media.ports == {}
    assert states(box) == dict.fromkeys([*FXS, *FXO], "out of service")
    assert phone.call("110") and phone.last(LegEnded)  # SIP goes on
    box.plug_card(["FXS1"])
    box.put_down("FXS1")
    box.run(40.0)
    assert_over(box)


def test_killed_exchange_is_followed_by_one_that_adopts_the_talk(box: OfficeBox) -> None:
    talk(box)
    box.run(10.0)
    after = OfficeBox(office("r1"), box.media, began_s=2000.0)
    after.power_up("FXS1", "FXS2")
    assert (after.hears("FXS1"), after.hears("FXS2")) == ("FXS2", "FXS1")
    assert states(after) == {"FXS1": "connected", "FXS2": "connected"}
    after.put_down("FXS1")
    after.put_down("FXS2")
    assert after.at_rest and states(after) == {}
    assert (after.events()[0], after.events()[-1]) == ("adopted", "ended")


def test_killed_exchange_when_one_party_has_gone_meanwhile(box: OfficeBox) -> None:
    talk(box)
    after = OfficeBox(office("r1"), box.media, began_s=2000.0)
    after.power_up("FXS2")
    after.run(10.0)
    after.put_down("FXS2")
    assert after.at_rest
    assert after.events()[-1] == "ended"


def test_phone_to_sip_phone(box: OfficeBox) -> None:
    phone = box.register("109", "office-109")
    box.lift("FXS1")
    box.dial("FXS1", "109")
    arrived = phone.last(LegArrived)
    assert arrived.caller == Party("101", "Olena")
    phone.order(Alert(arrived.leg))
    assert box.hears("FXS1") == "ringback"
    phone.order(Answer(arrived.leg))
    assert box.hears("FXS1") == "rtp"
    assert states(box) == {"FXS1": "connected", "sip:109": "connected"}
    box.run(30.0)
    phone.order(Release(arrived.leg, Cause.NORMAL))
    assert box.hears("FXS1") == "busy"
    box.put_down("FXS1")
    box.run(40.0)  # SIP transactions linger
    assert_over(box)


def test_sip_phone_to_phone_and_the_keys_it_presses(box: OfficeBox) -> None:
    phone = box.register("109", "office-109")
    own = phone.call("101")
    assert box.ringing == {"FXS1"}
    assert phone.last(LegAlerting).leg == own
    box.lift("FXS1")
    assert phone.last(LegAnswered).leg == own
    assert box.hears("FXS1") == "rtp"
    rtp = next(leg for leg, port in box.media.ports.items() if port.channel < 0)
    box.tell(DigitHeard(rtp, "5", 0))
    assert box.hears("FXS1") == "rtp"
    box.put_down("FXS1")
    assert phone.last(LegEnded).leg == own
    box.run(40.0)
    assert_over(box)


def test_killed_exchange_is_followed_by_one_that_adopts_the_sip_talk(box: OfficeBox) -> None:
    phone = box.register("109", "office-109")
    own = phone.call("101")
    box.lift("FXS1")
    after = OfficeBox(office("r1"), box.media, began_s=2000.0)
    after.take_over(phone)
    after.power_up("FXS1")
    assert after.hears("FXS1") == "rtp"
    phone.order(Release(own, Cause.NORMAL))  # BYE in the dialog that the new exchange adopted
    assert after.hears("FXS1") == "busy"
    assert phone.last(LegEnded).leg == own
    after.put_down("FXS1")
    after.run(40.0)
    assert after.at_rest
    assert (after.events()[0], after.events()[-1]) == ("adopted", "ended")


def test_sip_caller_who_gives_up(box: OfficeBox) -> None:
    phone = box.register("109", "office-109")
    own = phone.call("101")
    phone.order(Release(own, Cause.NORMAL))
    assert box.ringing == set()
    box.run(40.0)
    assert_over(box)


def test_wrong_password_keeps_the_phone_out(box: OfficeBox) -> None:
    box.register("109", "guess")
    box.run(5.0)
    shown = {view.line: view.state for view in box.switch.snapshot(box.now()).lines}
    assert shown["sip:109"] == "out of service"


INVITE = """INVITE sip:102@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.80:5080;branch=z9hG4bK1
From: <sip:0501234567@192.0.2.80>;tag=a
To: <sip:380445550100@192.0.2.1>
Call-ID: 1@192.0.2.80
CSeq: 1 INVITE
Contact: <sip:192.0.2.80:5080>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: {length}

{sdp}"""
SDP = """v=0
o=- 1 1 IN IP4 192.0.2.80
s=-
c=IN IP4 192.0.2.80
t=0 0
m=audio 30000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""


def test_sip_caller_who_is_nobody_is_not_let_in(box: OfficeBox) -> None:
    """The real endpoint sits in the core: it answers, and nothing of it stays."""
    length = len(SDP.replace("\n", "\r\n"))
    box.receive(INVITE.format(length=length, sdp=SDP), ("udp", "192.0.2.80", 5080))
    assert any(line.startswith("SIP/2.0 40") for line in box.sent())
    box.run(60.0)
    assert_over(box)
