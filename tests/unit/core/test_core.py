# SPDX-License-Identifier: GPL-2.0-or-later
"""The way of facts and orders between fake machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware.core import CONTACTS, NOT_HEARD, NOT_REGISTERED
from firmware.effects import (
    Alert,
    Answer,
    ClearAlarm,
    CloseLeg,
    Detect,
    Indicate,
    JoinBridge,
    LeaveBridge,
    OpenCard,
    OpenRtp,
    Originate,
    PlayTone,
    RaiseAlarm,
    Release,
    SaveSetting,
    SendDatagram,
    SetMessageWaiting,
    StartRinging,
    StopPlaying,
    StopRecording,
    TagLeg,
    WriteEvent,
)
from firmware.events import (
    CardAudioChanged,
    CardDown,
    CardUp,
    DigitHeard,
    HeldLeg,
    HookChanged,
    LegAdopted,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDigit,
    LegEnded,
    LegSeized,
    LineServiceChanged,
    MediaDown,
    MediaUp,
    PlayEnded,
    RecordEnded,
    RtpOpened,
    ToneHeard,
)
from firmware.lines.countries import COUNTRIES
from firmware.machines import MessageReceived, NameResolved, PeerUnreachable
from firmware.values import CallId, Cause, LegId, LineId, Party, ToneName
from tests.unit.core.machines import NOW, Bench

FXS, FXO, PHONE, TRUNK = LineId("FXS1"), LineId("FXO1"), LineId("sip:109"), LineId("itsp")
ONE, TWO = LegId(1), LegId(2)
CALL = CallId("c1")
LIFTED = HookChanged(FXS, True)
ENDED = LegEnded(ONE, Cause.NORMAL, True)

MEDIA_IS_BACK = ClearAlarm("media")


def note(text: str) -> WriteEvent:
    """An effect that is easy to tell from others."""
    return WriteEvent(CALL, text)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def seize(bench: Bench) -> None:
    """A telephone with an open leg."""
    bench.fxs.answers[HookChanged] = [OpenCard(ONE, 0), LegSeized(ONE, FXS)]
    bench.tell(LIFTED)


def arrive(bench: Bench, leg: LegId = ONE, line: LineId = PHONE) -> None:
    """A SIP leg that came in."""
    bench.sip.answers["message"] = [OpenRtp(leg)]
    bench.sip.answers[RtpOpened] = [LegArrived(leg, line, Party("109"), "101")]
    bench.tell(MessageReceived(b"INVITE", ("udp", "192.0.2.1", 5060)))
    bench.tell(RtpOpened(leg, "192.0.2.9", 10000))


# ------------------------------------------------------------------ order of effects


def test_orders_are_carried_out_depth_first_facts_afterwards(bench: Bench) -> None:
    bench.fxs.answers[HookChanged] = [note("fxs 1"), LegSeized(ONE, FXS), note("fxs 2")]
    bench.calls.answers[LegSeized] = [
        note("calls 1"),
        Originate(TWO, FXO, "102", Party()),
        note("calls 2"),
    ]
    bench.fxo.answers[Originate] = [note("fxo 1"), LegAlerting(TWO), note("fxo 2")]
    bench.calls.answers[LegAlerting] = [Alert(ONE), note("calls 3")]
    bench.fxs.answers[Alert] = [note("ringback")]
    kinds = [effect.kind for effect in bench.tell(LIFTED)]
    assert kinds == [
        "fxs 1",
        "fxs 2",
        "calls 1",
        "fxo 1",
        "fxo 2",
        "calls 2",
        "ringback",
        "calls 3",
    ]
    assert [who for who, _ in bench.journal] == ["fxs", "calls", "fxo", "calls", "fxs"]


def test_facts_are_told_in_the_order_they_arose(bench: Bench) -> None:
    bench.fxs.answers[HookChanged] = [LegSeized(ONE, FXS), LegDigit(ONE, "1"), LegDigit(ONE, "2")]
    bench.calls.answers[LegSeized] = [Originate(TWO, FXO, "", Party())]
    bench.fxo.answers[Originate] = [LegAlerting(TWO)]
    bench.tell(LIFTED)
    assert bench.seen("calls") == [
        LegSeized(ONE, FXS),
        LegDigit(ONE, "1"),
        LegDigit(ONE, "2"),
        LegAlerting(TWO),
    ]


def test_port_closes_behind_what_the_calls_still_do_with_it(bench: Bench) -> None:
    seize(bench)
    bench.fxs.answers[HookChanged] = [CloseLeg(ONE), ENDED]
    bench.calls.answers[LegEnded] = [StopRecording(ONE, 2.5), LeaveBridge(ONE)]
    assert bench.tell(LIFTED) == [StopRecording(ONE, 2.5), LeaveBridge(ONE), CloseLeg(ONE)]


def test_port_that_opens_waits_for_those_that_close(bench: Bench) -> None:
    seize(bench)
    bench.fxs.answers[HookChanged] = [CloseLeg(ONE), ENDED]
    bench.calls.answers[LegEnded] = [Originate(TWO, FXS, "", Party()), note("then")]
    bench.fxs.answers[Originate] = [OpenCard(TWO, 0), StartRinging(FXS, (1000, 4000))]
    assert bench.tell(LIFTED) == [
        CloseLeg(ONE),
        OpenCard(TWO, 0),
        StartRinging(FXS, (1000, 4000)),
        note("then"),
    ]


# ------------------------------------------------------------------ where facts go


def test_card_up_and_down_go_to_each_of_the_cards_lines(bench: Bench) -> None:
    up = CardUp("card1", (FXS, FXO, LineId("FXS9")), "1", "r1")
    down = CardDown("card1", (FXO,), "cable")
    bench.fxo.answers[CardDown] = [LineServiceChanged(FXO, False, "cable")]
    bench.tell(up)
    bench.tell(down)
    assert bench.seen("fxs") == [up]
    assert bench.seen("fxo") == [up, down]
    assert bench.seen("calls") == [LineServiceChanged(FXO, False, "cable")]


def test_media_down_goes_to_every_machine_once(bench: Bench) -> None:
    bench.tell(MediaDown("killed"))
    assert bench.journal == [(name, MediaDown("killed")) for name in ("fxs", "fxo", "sip")]


def test_media_facts_go_to_the_machine_of_the_leg(bench: Bench) -> None:
    seize(bench)
    arrive(bench, TWO)
    tone = ToneHeard(ONE, ToneName.BUSY, 1, 0)
    bench.tell(tone)
    bench.tell(DigitHeard(ONE, "5", 8000))
    assert bench.seen("fxs")[1:] == [tone, DigitHeard(ONE, "5", 8000)]


def test_digits_of_sip_legs_go_to_the_calls(bench: Bench) -> None:
    arrive(bench)
    bench.calls.answers[LegDigit] = [note("key")]
    assert bench.tell(DigitHeard(ONE, "#", 8000)) == [note("key")]
    assert bench.seen("calls")[-1] == LegDigit(ONE, "#")
    assert DigitHeard(ONE, "#", 8000) not in bench.seen("sip")
    bench.tell(DigitHeard(ONE, "1", 9000, in_band=False))
    assert bench.seen("calls")[-1] == LegDigit(ONE, "1", in_band=False)


@pytest.mark.parametrize(
    "fact",
    [PlayEnded(ONE, 7, ""), RecordEnded(ONE, 3, "/m.wav", 4.0, "stopped"), LegDigit(ONE, "1")],
)
def test_ends_of_plays_and_recordings_go_to_the_calls(bench: Bench, fact: Any) -> None:
    bench.calls.answers[type(fact)] = [note("heard")]
    assert bench.tell(fact) == [note("heard")]
    assert bench.journal == [("calls", fact)]


@pytest.mark.parametrize(
    "fact",
    [DigitHeard(LegId(99), "1", 0), HookChanged(LineId("FXS9"), True)],
)
def test_facts_of_nobody_are_void(bench: Bench, fact: Any) -> None:
    assert bench.tell(fact) == []
    assert bench.journal == []


def test_network_facts_go_to_sip(bench: Bench) -> None:
    source = ("udp", "192.0.2.1", 5060)
    answer = SendDatagram("udp", "192.0.2.1", 5060, b"SIP/2.0 200 OK")
    bench.sip.answers["message"] = [answer]
    bench.sip.answers["unreachable"] = [note("failed")]
    assert bench.tell(MessageReceived(b"OPTIONS", source)) == [answer]
    assert bench.tell(PeerUnreachable(source)) == [note("failed")]
    assert bench.tell(NameResolved("sip.example", ("192.0.2.7",))) == []
    assert bench.seen("sip")[1:] == [
        ("unreachable", source),
        ("resolved", "sip.example", ("192.0.2.7",)),
    ]


def test_registrations_are_kept(bench: Bench) -> None:
    register = MessageReceived(b"REGISTER sip:x SIP/2.0", ("udp", "192.0.2.1", 5060))
    phone = {"extension": "109", "contact": "sip:109@192.0.2.1", "expires_s": 500}
    bench.sip.contacts = [phone]
    assert bench.tell(register) == [SaveSetting(CONTACTS, json.dumps([phone]))]
    assert bench.tell(register) == []  # a stranger knocked: nothing to write
    bench.sip.contacts = [{**phone, "expires_s": 600}]
    assert len(bench.tell(register)) == 1  # renewed
    bench.sip.contacts = []
    assert bench.tell(register) == [SaveSetting(CONTACTS, "[]")]


@pytest.mark.parametrize(
    ("fact", "alarm"),
    [
        (MediaDown("killed"), RaiseAlarm("media", "The media host is away: killed")),
        (MediaUp((), "192.0.2.9"), ClearAlarm("media")),
        (CardDown("card1", (), "Card silent."), RaiseAlarm("card:card1", "Card silent.")),
        (CardUp("card1", (), "1", "r1"), ClearAlarm("card:card1")),
        (
            CardAudioChanged(False, "No such device."),
            RaiseAlarm("sound", "The card's sound has stopped: No such device."),
        ),
        (CardAudioChanged(True, ""), ClearAlarm("sound")),
    ],
)
def test_parts_of_the_box_raise_and_clear_their_alarms(bench: Bench, fact: Any, alarm: Any) -> None:
    assert bench.tell(fact) == [alarm]


# ------------------------------------------------------------------ where orders go


def test_leg_orders_go_to_the_machine_of_the_leg(bench: Bench) -> None:
    seize(bench)
    bench.calls.answers[PlayEnded] = [
        Answer(ONE),
        SetMessageWaiting(FXO, True),
        Release(TWO, Cause.BUSY),
    ]
    bench.tell(PlayEnded(ONE, 1, ""))
    assert bench.seen("fxs")[1:] == [Answer(ONE)]
    assert bench.seen("fxo") == [SetMessageWaiting(FXO, True)]  # leg 2 is nobody's


def test_order_for_an_unknown_line_is_void(bench: Bench) -> None:
    bench.calls.answers["hang up"] = [Originate(TWO, LineId("FXS9"), "", Party()), note("on")]
    assert bench.core.hang_up(CALL, NOW) == [note("on")]
    assert bench.books == (0, 0, 0)


def test_tones_of_sip_legs_are_played_by_the_media_host(bench: Bench) -> None:
    arrive(bench)
    bench.calls.answers[PlayEnded] = [Indicate(ONE, ToneName.BEEP, 4)]
    beep = PlayTone(ONE, COUNTRIES["UA"].tones[ToneName.BEEP], 4)
    assert bench.tell(PlayEnded(ONE, 3, "")) == [beep]
    assert Indicate(ONE, ToneName.BEEP, 4) not in bench.seen("sip")


def test_tones_of_telephones_are_their_machines(bench: Bench) -> None:
    seize(bench)
    bench.calls.answers[PlayEnded] = [Indicate(ONE, ToneName.BEEP, 4)]
    bench.fxs.answers[Indicate] = [note("beep")]
    assert bench.tell(PlayEnded(ONE, 3, "")) == [note("beep")]


def test_everything_else_goes_out_as_it_is(bench: Bench) -> None:
    effects = [JoinBridge(1, (ONE, TWO)), RaiseAlarm("k", "t"), StopPlaying(ONE), Detect(ONE)]
    bench.calls.answers["hang up"] = list(effects)
    assert bench.core.hang_up(CALL, NOW) == effects
    assert bench.seen("calls") == [("hang up", CALL)]


# ------------------------------------------------------------------ who owns a leg


def test_analog_leg_is_forgotten_with_its_port(bench: Bench) -> None:
    seize(bench)
    assert bench.books == (1, 1, 1)
    bench.fxs.answers[HookChanged] = [ENDED]  # busy tone: the handset is still up
    bench.tell(HookChanged(FXS, False))
    assert bench.books == (1, 1, 1)
    bench.fxs.answers[HookChanged] = [CloseLeg(ONE)]
    bench.tell(HookChanged(FXS, False))
    assert bench.books == (0, 0, 0)


@pytest.mark.parametrize("end", [[ENDED, CloseLeg(ONE)], [CloseLeg(ONE), ENDED]])
def test_sip_leg_is_forgotten_whichever_comes_first(bench: Bench, end: list[Any]) -> None:
    arrive(bench)
    assert bench.books == (1, 1, 1)
    bench.sip.answers["message"] = end
    bench.tell(MessageReceived(b"BYE", ("udp", "192.0.2.1", 5060)))
    assert bench.books == (0, 0, 0)


def test_leg_that_never_opened_is_forgotten_at_its_end(bench: Bench) -> None:
    refused = LegEnded(TWO, Cause.BUSY, True)
    bench.calls.answers["hang up"] = [Originate(TWO, FXO, "102", Party())]
    bench.fxo.answers[Originate] = [refused]
    assert bench.core.hang_up(CALL, NOW) == []
    assert bench.seen("calls")[-1] == refused
    assert bench.books == (0, 0, 0)


def test_caller_who_never_arrived_is_forgotten(bench: Bench) -> None:
    bench.sip.answers["message"] = [OpenRtp(ONE)]
    bench.tell(MessageReceived(b"INVITE", ("udp", "192.0.2.1", 5060)))
    bench.sip.answers["message"] = [CloseLeg(ONE)]
    bench.tell(MessageReceived(b"CANCEL", ("udp", "192.0.2.1", 5060)))
    assert bench.books == (0, 0, 0)


def test_late_tag_of_an_ended_leg_is_not_kept(bench: Bench) -> None:
    seize(bench)
    bench.fxs.answers[HookChanged] = [CloseLeg(ONE), ENDED]
    bench.calls.answers[LegEnded] = [TagLeg(ONE, "late"), Release(ONE, Cause.NORMAL)]
    bench.tell(HookChanged(FXS, False))
    assert bench.books == (0, 0, 0)
    assert not any(isinstance(what, Release) for what in bench.seen("fxs"))


def test_originated_leg_belongs_to_its_line_before_anything_is_told(bench: Bench) -> None:
    bench.calls.answers["hang up"] = [
        Originate(TWO, PHONE, "109", Party()),
        Release(TWO, Cause.NORMAL),
    ]
    bench.core.hang_up(CALL, NOW)
    assert bench.seen("sip") == [Originate(TWO, PHONE, "109", Party()), Release(TWO, Cause.NORMAL)]


# ------------------------------------------------------------------ tags and adoption


def test_tag_joins_what_the_calls_and_the_line_keep(bench: Bench) -> None:
    arrive(bench)
    bench.sip.answers["message"] = [TagLeg(ONE, "dialog 1")]
    bench.calls.answers[PlayEnded] = [TagLeg(ONE, "call 1")]
    ack = MessageReceived(b"ACK", ("udp", "192.0.2.1", 5060))
    first = bench.tell(ack)
    second = bench.tell(PlayEnded(ONE, 1, ""))
    bench.sip.answers["message"] = [TagLeg(ONE, "dialog 2")]
    third = bench.tell(ack)
    assert [json.loads(tag.tag) for [tag] in (first, second, third)] == [
        {"line": "sip:109", "signalling": "dialog 1"},
        {"line": "sip:109", "signalling": "dialog 1", "call": "call 1"},
        {"line": "sip:109", "signalling": "dialog 2", "call": "call 1"},
    ]


def held(leg: LegId, tag: str, kind: str = "rtp") -> HeldLeg:
    """A leg that the media host kept."""
    return HeldLeg(leg, kind, -1, 10000, 5, tag)


def tag_of(line: str, **parts: str) -> str:
    return json.dumps({"line": line, **parts})


def test_held_legs_are_given_to_their_lines(bench: Bench) -> None:
    bench.fxs.answers["restore"] = [Detect(ONE, digits=True), LegAdopted(ONE, FXS, "")]
    bench.sip.answers["restore"] = [LegAdopted(TWO, PHONE, "dialog")]
    up = MediaUp(
        (
            held(ONE, tag_of("FXS1", call="talk 1"), "card"),
            held(TWO, tag_of("sip:109", call="talk 2", signalling="dialog")),
        ),
        "192.0.2.9",
    )
    assert bench.tell(up) == [MEDIA_IS_BACK, Detect(ONE, digits=True)]
    assert bench.seen("fxs") == [("restore", ONE, "")]
    assert bench.seen("sip") == [("restore", TWO, "dialog")]
    assert bench.seen("calls") == [LegAdopted(ONE, FXS, "talk 1"), LegAdopted(TWO, PHONE, "talk 2")]


def test_adopted_leg_goes_on_with_its_tag_and_is_forgotten_at_its_end(bench: Bench) -> None:
    bench.sip.answers["restore"] = [LegAdopted(ONE, PHONE, "")]
    bench.tell(MediaUp((held(ONE, tag_of("sip:109", call="c", signalling="s")),), "h"))
    bench.calls.answers[PlayEnded] = [TagLeg(ONE, "c2")]
    [tag] = bench.tell(PlayEnded(ONE, 1, ""))
    assert json.loads(tag.tag) == {"line": "sip:109", "call": "c2", "signalling": "s"}
    bench.sip.answers["message"] = [ENDED, CloseLeg(ONE)]
    assert bench.tell(MessageReceived(b"BYE", ("udp", "h", 1))) == [CloseLeg(ONE)]
    assert bench.books == (0, 0, 0)


@pytest.mark.parametrize(
    "tag",
    ["", "[]", "{", '{"line": "FXS1"}', tag_of("FXS9", call="c"), '{"call": "c"}'],
)
def test_leg_that_cannot_be_adopted_is_closed(bench: Bench, tag: str) -> None:
    assert bench.tell(MediaUp((held(ONE, tag),), "h")) == [MEDIA_IS_BACK, CloseLeg(ONE)]
    assert bench.journal == []
    assert bench.books == (0, 0, 0)


def test_line_may_decline_a_held_leg(bench: Bench) -> None:
    bench.fxs.answers["restore"] = [LegAdopted(ONE, FXS, ""), CloseLeg(ONE), ENDED]
    effects = bench.tell(MediaUp((held(ONE, tag_of("FXS1", call="c"), "card"),), "h"))
    assert effects == [MEDIA_IS_BACK, CloseLeg(ONE)]
    assert bench.seen("calls") == [LegAdopted(ONE, FXS, "c"), ENDED]
    assert bench.books == (0, 0, 0)


def test_own_legs_are_not_adopted_again(bench: Bench) -> None:
    """The connection to the media host was lost and is back; the talk never ended."""
    seize(bench)
    up = MediaUp((held(ONE, tag_of("FXS1", call="c"), "card"),), "h")
    assert bench.tell(up) == [MEDIA_IS_BACK]
    assert not any("restore" in str(what) for what in bench.seen("fxs"))


def test_what_a_lost_host_still_holds_has_ended_and_is_closed(bench: Bench) -> None:
    """Its calls ended when the connection broke; their legs must not begin them again."""
    bench.tell(MediaDown("the socket failed"))
    up = MediaUp((held(ONE, tag_of("FXS1", call="c"), "card"),), "h")
    assert bench.tell(up) == [MEDIA_IS_BACK, CloseLeg(ONE)]


# ------------------------------------------------------------------ life


def test_start_puts_lines_out_of_service_until_they_are_heard(bench: Bench) -> None:
    bench.calls.answers["start"] = [SetMessageWaiting(FXS, True)]
    bench.sip.answers["start"] = [LineServiceChanged(TRUNK, True, "reached by address")]
    bench.sip.answers["contacts"] = [LineServiceChanged(PHONE, True, "registered before")]
    assert bench.core.start(NOW, '[{"extension": "109"}]') == []
    phones = [LineId("sip:109"), LineId("sip:110")]
    assert bench.seen("calls") == [
        *(LineServiceChanged(line, False, NOT_HEARD) for line in (FXS, FXO)),
        *(LineServiceChanged(line, False, NOT_REGISTERED) for line in phones),
        "start",
        LineServiceChanged(TRUNK, True, "reached by address"),
        LineServiceChanged(PHONE, True, "registered before"),
    ]
    assert bench.seen("fxs") == [SetMessageWaiting(FXS, True)]
    assert ("contacts", [{"extension": "109"}]) in bench.seen("sip")


@pytest.mark.parametrize("kept", ["", "{", '{"no": "list"}'])
def test_start_without_readable_contacts(bench: Bench, kept: str) -> None:
    bench.core.start(NOW, kept)
    assert ("contacts", []) in bench.seen("sip")


def test_stop_takes_registrations_back(bench: Bench) -> None:
    goodbye = SendDatagram("udp", "192.0.2.1", 5060, b"REGISTER")
    bench.sip.answers["stop"] = [goodbye]
    assert bench.core.stop(NOW) == [goodbye]


def test_next_timeout_is_the_earliest(bench: Bench) -> None:
    assert bench.core.next_timeout() is None
    bench.fxo.due, bench.sip.due = 1010.0, 1004.0
    assert bench.core.next_timeout() == 1004.0
    bench.calls.due = 1003.5
    assert bench.core.next_timeout() == 1003.5


def test_timer_reaches_every_machine_and_its_facts_the_calls(bench: Bench) -> None:
    seize(bench)
    bench.fxs.answers["timer"] = [LegAnswered(ONE), note("fxs")]
    bench.calls.answers["timer"] = [Release(ONE, Cause.NO_ANSWER), note("calls")]
    bench.fxs.answers[Release] = [note("released")]
    bench.journal.clear()
    effects = bench.core.on_timer(NOW)
    assert [effect.kind for effect in effects] == ["fxs", "released", "calls"]
    assert bench.journal == [
        ("fxs", "timer"),
        ("fxo", "timer"),
        ("sip", "timer"),
        ("calls", "timer"),
        ("fxs", Release(ONE, Cause.NO_ANSWER)),
        ("calls", LegAnswered(ONE)),
    ]


def test_sound_of_the_card_that_stops_is_an_alarm(bench: Bench) -> None:
    [alarm] = bench.tell(CardAudioChanged(False, "unplugged"))
    assert isinstance(alarm, RaiseAlarm) and "unplugged" in alarm.text
    assert bench.tell(CardAudioChanged(True, "")) == [ClearAlarm(alarm.key)]


def test_counters_of_the_sip_machine_are_named(bench: Bench) -> None:
    assert bench.core.counters(NOW) == {"sip.bad": 2}


def test_keys_of_sip_legs_are_listened_for(bench: Bench) -> None:
    bench.sip.answers["message"] = [OpenRtp(TWO)]
    out = bench.tell(MessageReceived(b"INVITE", ("udp", "192.0.2.1", 5060)))
    assert out == [OpenRtp(TWO), Detect(TWO, digits=True)]
