# SPDX-License-Identifier: GPL-2.0-or-later
"""The FXS machine: every way through a telephone's life, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from firmware.clock import Now
from firmware.effects import (
    Alert,
    Answer,
    ClearAlarm,
    CloseLeg,
    CollectNumber,
    Detect,
    Indicate,
    OpenCard,
    Originate,
    PlayTone,
    RaiseAlarm,
    Release,
    SendCallerId,
    SetMessageWaiting,
    StartRinging,
    StopPlaying,
    StopRinging,
)
from firmware.events import (
    CardDown,
    DigitHeard,
    HookChanged,
    HookFlashed,
    LegAdopted,
    LegAlerting,
    LegAnswered,
    LegDialled,
    LegDigit,
    LegEnded,
    LegFlashed,
    LegSeized,
    LineIdle,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    PortState,
    PulseDigitDialled,
    RingBurstEnded,
)
from firmware.lines.countries import COUNTRIES
from firmware.lines.digits import FIRST_DIGIT_S, GROW_S, INTER_DIGIT_S
from firmware.lines.fxs import FxsLine, State
from firmware.lines.fxs import state as fxs
from firmware.lines.fxs.state import CARD_WAIT_S
from firmware.lines.port import Port
from firmware.values import Cause, LegId, LineId, Party, RingClass, ToneName, Verdict

LINE = LineId("FXS1")
UA = COUNTRIES["UA"]


class Plan:
    """Extensions of three digits from 1, outside numbers of 3 digits or more from 9."""

    start = 0

    def step(self, state: int, digit: str) -> tuple[int, Verdict]:
        if state >= 100:  # outside number, `state - 100` digits so far
            grown = state - 99
            return state + 1, Verdict.MAY_GROW if grown >= 3 else Verdict.MORE
        if state == 0:
            return {"1": (1, Verdict.MORE), "9": (100, Verdict.MORE)}.get(
                digit, (0, Verdict.IMPOSSIBLE)
            )
        return state + 1, Verdict.COMPLETE if state == 2 else Verdict.MORE


class World:
    """One telephone, a clock that moves when told, and everything the machine said."""

    def __init__(self, in_service: bool = True) -> None:
        self.mono_s = 100.0
        ids: Iterator[int] = count(1)
        self.machine = FxsLine(Port(LINE, 3, UA), Plan(), lambda: LegId(next(ids)))
        if in_service:
            self.fact(PortState(LINE, False, False, True, False))

    @property
    def now(self) -> Now:
        return Now(self.mono_s, datetime(2026, 5, 1, 9, tzinfo=UTC))

    def fact(self, fact: object) -> list[object]:
        return list(self.machine.on_fact(fact, self.now))

    def order(self, order: object) -> list[object]:
        return list(self.machine.on_order(order, self.now))

    def wait(self, seconds: float) -> list[object]:
        self.mono_s += seconds
        return list(self.machine.on_timer(self.now))

    def lift(self) -> list[object]:
        return self.fact(HookChanged(LINE, True))

    def put_down(self) -> list[object]:
        return self.fact(HookChanged(LINE, False))

    def dial(self, digits: str) -> list[object]:
        return [out for d in digits for out in self.fact(DigitHeard(self.leg, d, 0))]

    @property
    def leg(self) -> LegId:
        assert self.machine.leg is not None
        return self.machine.leg

    @property
    def state(self) -> State:
        return self.machine.state

    def talking(self) -> LegId:
        """A call that this telephone made and that was answered."""
        self.lift()
        self.dial("102")
        self.order(Answer(self.leg))
        return self.leg


@pytest.fixture
def world() -> World:
    return World()


def tone(name: ToneName, leg: LegId) -> PlayTone:
    return PlayTone(leg, UA.tones[name])


class TestDialling:
    def test_lifted_handset_hears_dial_tone(self, world: World) -> None:
        leg = LegId(1)
        assert world.lift() == [
            OpenCard(leg, 3),
            tone(ToneName.DIAL, leg),
            Detect(leg, digits=True),
            LegSeized(leg, LINE),
        ]

    def test_waiting_message_gives_stutter_dial_tone(self, world: World) -> None:
        world.order(SetMessageWaiting(LINE, True))
        assert tone(ToneName.STUTTER_DIAL, LegId(1)) in world.lift()
        world.put_down()
        world.order(SetMessageWaiting(LINE, False))
        assert tone(ToneName.DIAL, LegId(2)) in world.lift()

    def test_first_digit_stops_the_tone_and_the_last_completes(self, world: World) -> None:
        world.lift()
        assert world.dial("1") == [StopPlaying(LegId(1))]
        assert world.dial("0") == []
        assert world.dial("2") == [LegDialled(LegId(1), LINE, "102")]
        assert world.state is State.WAITING

    def test_pulse_digits_count_as_keys_do(self, world: World) -> None:
        world.lift()
        outs = [o for d in "103" for o in world.fact(PulseDigitDialled(LINE, d))]
        assert outs == [StopPlaying(LegId(1)), LegDialled(LegId(1), LINE, "103")]

    def test_impossible_number_is_told_at_once(self, world: World) -> None:
        world.lift()
        assert LegDialled(LegId(1), LINE, "5") in world.dial("5")

    def test_growing_number_ends_by_its_short_pause_or_by_hash(self, world: World) -> None:
        world.lift()
        assert world.dial("9044") == [StopPlaying(LegId(1))]
        assert world.wait(GROW_S - 0.01) == []
        assert world.wait(0.02) == [LegDialled(LegId(1), LINE, "9044")]
        world.put_down()
        world.lift()
        assert LegDialled(LegId(2), LINE, "9044") in world.dial("9044#")

    def test_endless_number_is_cut_at_the_limit(self, world: World) -> None:
        world.lift()
        dialled = [o for o in world.dial("9" * 40) if isinstance(o, LegDialled)]
        assert [len(d.number) for d in dialled] == [32]

    def test_unfinished_number_goes_on_as_it_is(self, world: World) -> None:
        world.lift()
        world.dial("10")
        assert world.wait(INTER_DIGIT_S) == [LegDialled(LegId(1), LINE, "10")]

    def test_no_digit_gives_congestion_howler_and_a_parked_line(self, world: World) -> None:
        leg = LegId(1)
        world.lift()
        out = world.wait(FIRST_DIGIT_S)
        assert out[0] == LegEnded(leg, Cause.INVALID_NUMBER, by_far_end=True)
        assert tone(ToneName.CONGESTION, leg) in out
        assert world.wait(fxs.REORDER_S) == [tone(ToneName.HOWLER, leg)]
        closed, alarm = world.wait(fxs.HOWLER_S)
        assert closed == CloseLeg(leg)
        assert isinstance(alarm, RaiseAlarm) and "FXS1" in alarm.text
        assert world.machine.next_timeout() is None
        assert world.put_down() == [ClearAlarm("off-hook:FXS1"), LineIdle(LINE)]
        assert world.state is State.IDLE

    @pytest.mark.parametrize("digits", ["", "1", "102"])
    def test_putting_down_ends_the_leg_at_any_moment(self, world: World, digits: str) -> None:
        world.lift()
        world.dial(digits)
        assert world.put_down() == [
            CloseLeg(LegId(1)),
            LegEnded(LegId(1), Cause.NORMAL, by_far_end=True),
        ]
        assert world.machine.next_timeout() is None

    def test_timer_that_is_not_due_does_nothing(self, world: World) -> None:
        assert world.wait(1000.0) == []
        world.lift()
        assert world.wait(FIRST_DIGIT_S / 2) == []


class TestRinging:
    def ring(self, world: World, caller: Party) -> list[object]:
        return world.order(Originate(LegId(9), LINE, "101", caller, RingClass.EXTERNAL))

    def test_rings_with_the_cadence_and_sends_caller_id_after_the_first_burst(
        self, world: World
    ) -> None:
        assert self.ring(world, Party("0501234567", "Ольга")) == [
            OpenCard(LegId(9), 3),
            StartRinging(LINE, (1000, 4000)),
            LegAlerting(LegId(9)),
        ]
        (burst,) = world.fact(RingBurstEnded(LINE, 1))
        assert isinstance(burst, SendCallerId)
        assert burst.modulation == "v23"
        assert b"0501234567" in burst.data and b"Olha" in burst.data
        assert world.fact(RingBurstEnded(LINE, 2)) == []

    def test_answer_stops_ringing_and_caller_id(self, world: World) -> None:
        self.ring(world, Party("102"))
        assert world.lift() == [
            StopRinging(LINE),
            StopPlaying(LegId(9)),
            Detect(LegId(9), digits=True),
            LegAnswered(LegId(9)),
        ]
        assert world.state is State.TALKING

    def test_put_down_while_ringing_is_no_news(self, world: World) -> None:
        self.ring(world, Party("102"))
        assert world.put_down() == []
        assert world.state is State.RINGING

    def test_release_stops_ringing(self, world: World) -> None:
        self.ring(world, Party("102"))
        assert world.order(Release(LegId(9), Cause.ANSWERED_ELSEWHERE)) == [
            StopRinging(LINE),
            CloseLeg(LegId(9)),
            LegEnded(LegId(9), Cause.ANSWERED_ELSEWHERE, by_far_end=False),
        ]
        assert world.state is State.IDLE

    def test_busy_telephone_refuses(self, world: World) -> None:
        world.lift()
        assert self.ring(world, Party("102")) == [LegEnded(LegId(9), Cause.BUSY, by_far_end=True)]

    def test_dead_port_refuses(self) -> None:
        world = World(in_service=False)
        assert self.ring(world, Party()) == [
            LegEnded(LegId(9), Cause.DESTINATION_OUT_OF_ORDER, by_far_end=True)
        ]


class TestTalk:
    def test_alert_plays_ringback_and_answer_stops_it(self, world: World) -> None:
        world.lift()
        world.dial("102")
        assert world.order(Alert(world.leg)) == [tone(ToneName.RINGBACK, world.leg)]
        assert world.order(Answer(world.leg)) == [StopPlaying(world.leg)]

    def test_indicate_carries_the_play_number(self, world: World) -> None:
        leg = world.talking()
        beep = PlayTone(leg, UA.tones[ToneName.BEEP], 7)
        assert world.order(Indicate(leg, ToneName.BEEP, 7)) == [beep]

    def test_keys_and_pulses_reach_the_call_once_each(self, world: World) -> None:
        leg = world.talking()
        assert world.dial("5") == [LegDigit(leg, "5")]
        assert world.fact(PulseDigitDialled(LINE, "7")) == [LegDigit(leg, "7", in_band=False)]

    def test_flash_then_second_number(self, world: World) -> None:
        leg = world.talking()
        assert world.fact(HookFlashed(LINE)) == [LegFlashed(leg)], "a prompt that plays goes on"
        assert tone(ToneName.DIAL, leg) in world.order(CollectNumber(leg))
        assert LegDialled(leg, LINE, "103") in world.dial("103")

    def test_flash_in_the_second_dial_tone_comes_back(self, world: World) -> None:
        leg = world.talking()
        world.order(CollectNumber(leg))
        assert world.fact(HookFlashed(LINE)) == [StopPlaying(leg), LegFlashed(leg)]
        assert world.state is State.TALKING

    def test_silence_in_the_second_dial_tone_gives_an_empty_number(self, world: World) -> None:
        leg = world.talking()
        world.order(CollectNumber(leg))
        assert world.wait(FIRST_DIGIT_S) == [LegDialled(leg, LINE, "")]

    def test_flash_while_the_consulted_one_rings_comes_back(self, world: World) -> None:
        leg = world.talking()
        world.order(CollectNumber(leg))
        world.dial("103")
        world.order(Alert(leg))
        assert world.fact(HookFlashed(LINE)) == [StopPlaying(leg), LegFlashed(leg)]
        assert world.state is State.TALKING


class TestShortHangUp:
    """A hang-up shorter than a flash, with nobody to put on hold: the next call begins."""

    def again(self, world: World, *ended: object) -> None:
        old = world.machine.leg
        out = world.fact(HookFlashed(LINE))
        assert world.state is State.DIALLING and world.leg != old
        assert out == [
            *([] if old is None else [CloseLeg(old)]),
            *ended,
            OpenCard(world.leg, 3),
            tone(ToneName.DIAL, world.leg),
            Detect(world.leg, digits=True),
            LegSeized(world.leg, LINE),
        ]

    def test_in_the_dial_tone(self, world: World) -> None:
        world.lift()
        self.again(world, LegEnded(world.leg, Cause.NORMAL, by_far_end=True))

    def test_while_the_called_one_rings(self, world: World) -> None:
        world.lift()
        world.dial("102")
        world.order(Alert(world.leg))
        self.again(world, LegEnded(world.leg, Cause.NORMAL, by_far_end=True))
        assert LegDialled(world.leg, LINE, "103") in world.dial("103")

    def test_after_the_call(self, world: World) -> None:
        world.order(Release(world.talking(), Cause.NORMAL))
        self.again(world, LineIdle(LINE))

    def test_in_the_howler(self, world: World) -> None:
        world.order(Release(world.talking(), Cause.NORMAL))
        world.wait(fxs.REORDER_S)
        assert world.state is State.HOWLER
        self.again(world, LineIdle(LINE))

    def test_on_a_parked_port(self, world: World) -> None:
        world.order(Release(world.talking(), Cause.NORMAL))
        world.wait(fxs.REORDER_S)
        world.wait(fxs.HOWLER_S)
        self.again(world, ClearAlarm(f"off-hook:{LINE}"), LineIdle(LINE))


class TestRelease:
    """How a call ends that the telephone did not end."""

    @pytest.mark.parametrize(
        ("cause", "name"),
        [
            (Cause.NORMAL, ToneName.BUSY),
            (Cause.UNALLOCATED, ToneName.SPECIAL_INFORMATION),
            (Cause.NO_CIRCUIT, ToneName.CONGESTION),
        ],
    )
    def test_release_tells_its_cause_by_tone(
        self, world: World, cause: Cause, name: ToneName
    ) -> None:
        leg = world.talking()
        out = world.order(Release(leg, cause))
        assert out == [LegEnded(leg, cause, by_far_end=False), Detect(leg), tone(name, leg)]
        assert world.put_down() == [CloseLeg(leg), LineIdle(LINE)]
        assert world.state is State.IDLE

    def test_orders_for_other_legs_and_after_the_end_are_void(self, world: World) -> None:
        leg = world.talking()
        assert world.order(Release(LegId(99), Cause.NORMAL)) == []
        world.put_down()
        assert world.order(Release(leg, Cause.NORMAL)) == []
        assert world.order("no order") == []

    def test_lifting_twice_is_no_news(self, world: World) -> None:
        world.talking()
        assert world.lift() == []


class TestFaults:
    def test_card_lost_in_a_talk_ends_it_and_takes_the_line_out(self, world: World) -> None:
        leg = world.talking()
        assert world.fact(CardDown("card1", (LINE,), "unplugged")) == [
            CloseLeg(leg),
            LegEnded(leg, Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False),
            LineServiceChanged(LINE, False, "unplugged"),
        ]

    def test_card_back_with_the_handset_up_waits_for_it(self, world: World) -> None:
        world.fact(CardDown("card1", (LINE,), "unplugged"))
        assert world.fact(PortState(LINE, True, False, True, False)) == [
            LineServiceChanged(LINE, True, "card in service")
        ]
        assert world.state is State.PARKED
        world.put_down()
        assert world.lift() != []

    def test_state_report_notices_a_missed_hang_up(self, world: World) -> None:
        leg = world.talking()
        out = world.fact(PortState(LINE, False, False, True, False))
        assert LegEnded(leg, Cause.NORMAL, by_far_end=True) in out
        assert world.fact(PortState(LINE, False, False, True, False)) == [
            LineServiceChanged(LINE, True, "card in service")
        ]

    def test_media_lost_while_talking_parks_the_handset(self, world: World) -> None:
        leg = world.talking()
        out = world.fact(MediaDown("ended"))
        assert LegEnded(leg, Cause.NETWORK_OUT_OF_ORDER, by_far_end=False) in out
        assert world.state is State.PARKED
        assert world.fact(MediaDown("ended")) == []

    def test_media_lost_while_ringing_stops_the_bell(self, world: World) -> None:
        world.order(Originate(LegId(9), LINE, "101", Party()))
        assert world.fact(MediaDown("ended"))[0] == StopRinging(LINE)
        assert world.state is State.IDLE

    def test_port_without_audio_ends_the_leg_but_a_bad_prompt_does_not(self, world: World) -> None:
        leg = world.talking()
        assert world.fact(MediaFailed(leg, "PlayFiles", "no file")) == []
        out = world.fact(MediaFailed(leg, "OpenCard", "no card"))
        assert any(isinstance(o, LegEnded) for o in out)

    def test_media_lost_during_the_tone_says_nothing_twice(self, world: World) -> None:
        leg = world.talking()
        world.order(Release(leg, Cause.NORMAL))
        assert world.fact(MediaDown("ended")) == [CloseLeg(leg)]


class TestAlarm:
    def test_alarm_of_a_handset_put_down_while_the_card_was_away_is_cleared(self) -> None:
        world = World()
        world.lift()
        for _ in range(4):
            world.wait(100.0)
        assert world.state is State.PARKED
        world.fact(CardDown("card1", (LINE,), "unplugged"))
        out = world.fact(PortState(LINE, False, False, True, False))
        assert ClearAlarm(f"off-hook:{LINE}") in out


class TestAdoption:
    def test_talk_goes_on_after_a_restart(self) -> None:
        world = World(in_service=False)
        out = list(world.machine.restore(LegId(7), "call", world.now))
        assert out == [Detect(LegId(7), digits=True), LegAdopted(LegId(7), LINE, "call")]
        assert world.fact(CardDown("card1", (LINE,), "not found yet")) == []
        world.fact(PortState(LINE, True, False, True, False))
        assert world.state is State.TALKING
        assert world.put_down()[1] == LegEnded(LegId(7), Cause.NORMAL, by_far_end=True)

    def test_handset_put_down_meanwhile_ends_it(self) -> None:
        world = World(in_service=False)
        world.machine.restore(LegId(7), "call", world.now)
        out = world.fact(PortState(LINE, False, False, True, False))
        assert LegEnded(LegId(7), Cause.NORMAL, by_far_end=True) in out

    def test_card_never_heard(self) -> None:
        world = World(in_service=False)
        world.machine.restore(LegId(7), "call", world.now)
        ended = LegEnded(LegId(7), Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        assert world.wait(CARD_WAIT_S) == [CloseLeg(LegId(7)), ended]
        assert world.state is State.OUT_OF_SERVICE

    def test_telephone_that_still_rings_for_a_killed_exchange_is_stopped(self) -> None:
        world = World(in_service=False)
        assert world.fact(PortState(LINE, False, True, True, False))[0] == StopRinging(LINE)

    def test_card_heard_first(self) -> None:
        up, down = World(in_service=False), World()
        up.fact(PortState(LINE, True, False, True, False))
        up.machine.restore(LegId(7), "call", up.now)
        assert up.state is State.TALKING
        out = down.machine.restore(LegId(7), "call", down.now)
        assert out[-1] == LegEnded(LegId(7), Cause.NORMAL, by_far_end=True)
