# SPDX-License-Identifier: GPL-2.0-or-later
"""The FXO machine: incoming, outgoing, disconnect, glare and faults, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from firmware.clock import Now
from firmware.effects import (
    Answer,
    ClearAlarm,
    CloseLeg,
    Detect,
    DialPulses,
    Indicate,
    OpenCard,
    Originate,
    PlayTone,
    RaiseAlarm,
    Release,
    ReleaseLine,
    SeizeLine,
    SendDigits,
)
from firmware.events import (
    BatteryChanged,
    CallerIdHeard,
    CardDown,
    DigitHeard,
    DigitsSent,
    LegAdopted,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDigit,
    LegEnded,
    LegProceeding,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    PolarityChanged,
    PortState,
    PulsesSent,
    RingingStarted,
    RingingStopped,
    ToneEnded,
    ToneHeard,
    VoiceHeard,
)
from firmware.lines import callerid
from firmware.lines.countries import COUNTRIES
from firmware.lines.fxo import FxoLine, FxoSettings, State
from firmware.lines.fxo import state as fxo
from firmware.lines.fxo.state import CARD_WAIT_S, CLAIM_WAIT_S, DISCONNECT_TONES
from firmware.lines.learned import LearnedTone
from firmware.lines.port import Port
from firmware.values import (
    Cause,
    LegId,
    LineId,
    Party,
    Presentation,
    Supervision,
    ToneName,
    ToneSegment,
    ToneTemplate,
)

LINE = LineId("FXO1")
FIRST = LegId(1)
OUT = LegId(50)


class World:
    """One exchange line, a clock that moves when told, and everything the machine said."""

    def __init__(
        self, country: str = "UA", settings: FxoSettings | None = None, in_service: bool = True
    ) -> None:
        self.mono_s = 100.0
        self.country = COUNTRIES[country]
        ids: Iterator[int] = count(1)
        port = Port(LINE, 8, self.country)
        self.machine = FxoLine(port, lambda: LegId(next(ids)), settings)
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

    def burst(self, caller: Party, ok: bool = True) -> list[object]:
        return self.fact(CallerIdHeard(FIRST, callerid.build(caller, self.now.wall), ok))

    def rings(self) -> LegId:
        """A call with caller ID that the calls know of."""
        self.fact(RingingStarted(LINE, 1))
        self.burst(Party("0501234567"))
        return FIRST

    def talks(self) -> LegId:
        self.rings()
        self.order(Answer(FIRST))
        return FIRST

    def dials(self) -> LegId:
        """An outgoing call whose number is on the line."""
        self.order(Originate(OUT, LINE, "0445550199", Party("101")))
        self.tone(ToneName.DIAL)
        self.fact(DigitsSent(OUT))
        return OUT

    def connected(self) -> LegId:
        self.dials()
        self.fact(PolarityChanged(LINE, True))
        return OUT

    def tone(self, name: ToneName, seconds: float = 1.5) -> list[object]:
        leg = self.machine.leg or LegId(0)
        return self.fact(ToneHeard(leg, name, 80_000, 80_000 - round(seconds * 8_000)))

    @property
    def state(self) -> State:
        return self.machine.state


@pytest.fixture
def world() -> World:
    return World()


def disconnect_detector(
    leg: LegId,
    country: str = "UA",
    dial_tone_s: float = fxo.DIAL_TONE_GONE_S,
    learned: tuple[LearnedTone, ...] = (),
) -> Detect:
    tones = (
        *COUNTRIES[country].templates(*DISCONNECT_TONES),
        *(tone.template() for tone in learned),
    )
    frequencies = COUNTRIES[country].tones[ToneName.DIAL].segments[0].frequencies_hz
    shortest_ms = round(dial_tone_s * 1000)
    dial = ToneTemplate(ToneName.DIAL, frequencies, (shortest_ms, 0), (0, 0), 1)
    return Detect(leg, digits=True, tones=(*tones, dial), measure=True)


class TestIncoming:
    def test_first_ring_opens_the_ear_for_caller_id(self, world: World) -> None:
        assert world.fact(RingingStarted(LINE, 1)) == [
            OpenCard(FIRST, 8),
            Detect(FIRST, caller_id="v23"),
        ]

    def test_number_arrives_with_the_call(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        party = Party("0501234567", "Olha")
        assert world.burst(party) == [LegArrived(FIRST, LINE, party, "")]

    def test_second_ring_without_a_burst_arrives_with_the_reason(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        (arrived,) = world.fact(RingingStarted(LINE, 2))
        assert isinstance(arrived, LegArrived)
        assert arrived.caller.absence == "no caller-ID burst"
        assert world.fact(RingingStarted(LINE, 3)) == []

    def test_repeated_first_burst_waits_on(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        assert world.fact(RingingStarted(LINE, 1)) == []

    def test_long_pause_without_a_burst_arrives_too(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        (arrived,) = world.wait(world.country.first_burst_s + fxo.CALLER_ID_S)
        assert isinstance(arrived, LegArrived)

    def test_damaged_burst_says_so(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        (arrived,) = world.burst(Party("050"), ok=False)
        assert isinstance(arrived, LegArrived)
        assert arrived.caller == Party(
            presentation=Presentation.UNAVAILABLE, absence="caller-ID checksum failed"
        )

    def test_answer_seizes_and_listens_for_the_end(self, world: World) -> None:
        world.rings()
        assert world.order(Answer(FIRST)) == [SeizeLine(LINE), disconnect_detector(FIRST)]
        assert world.order(Answer(FIRST)) == []

    def test_caller_who_gives_up(self, world: World) -> None:
        world.rings()
        assert world.fact(RingingStopped(LINE)) == [
            CloseLeg(FIRST),
            LegEnded(FIRST, Cause.NORMAL, by_far_end=True),
        ]
        assert world.state is State.IDLE

    def test_caller_who_gives_up_before_anybody_knew(self, world: World) -> None:
        world.fact(RingingStarted(LINE, 1))
        assert world.fact(RingingStopped(LINE)) == [CloseLeg(FIRST)]

    def test_unwanted_call_rings_itself_out(self, world: World) -> None:
        world.rings()
        assert world.order(Release(FIRST, Cause.BUSY)) == [
            LegEnded(FIRST, Cause.BUSY, by_far_end=False),
            CloseLeg(FIRST),
        ]
        assert world.fact(RingingStarted(LINE, 3)) == []
        assert world.fact(RingingStopped(LINE)) == []
        assert world.state is State.IDLE

    def test_caller_id_before_the_ring_after_a_reversal(self) -> None:
        world = World("UK")
        assert world.fact(PolarityChanged(LINE, True)) == [
            OpenCard(FIRST, 8),
            Detect(FIRST, caller_id="v23"),
        ]
        assert world.burst(Party("02079460000")) == []
        assert world.fact(RingingStarted(LINE, 1)) == [
            LegArrived(FIRST, LINE, Party("02079460000"), "")
        ]

    def test_withheld_number_before_the_ring_is_not_waited_for_again(self) -> None:
        world = World("UK")
        world.fact(PolarityChanged(LINE, True))
        world.burst(Party(presentation=Presentation.RESTRICTED))
        (arrived,) = world.fact(RingingStarted(LINE, 1))
        assert isinstance(arrived, LegArrived) and arrived.caller.absence == "private"

    def test_reversal_with_nothing_behind_it(self) -> None:
        world = World("UK")
        world.fact(PolarityChanged(LINE, True))
        assert world.wait(fxo.BEFORE_RING_S) == [CloseLeg(FIRST)]
        assert world.state is State.IDLE
        assert world.fact(PolarityChanged(LINE, False)) != [], "the idle line is reversed now"

    def test_reversal_taken_back_without_a_call(self) -> None:
        world = World("UK")
        world.fact(PolarityChanged(LINE, True))
        assert world.fact(PolarityChanged(LINE, False)) == [CloseLeg(FIRST)]
        assert world.state is State.IDLE

    @pytest.mark.parametrize("seconds", [0.2, 5.0])
    def test_the_line_turns_back_after_the_call(self, seconds: float) -> None:
        """Released, it has the polarity it had before: no caller is expected."""
        world = World("UK")
        world.fact(PolarityChanged(LINE, True))
        world.rings()
        world.order(Answer(FIRST))
        world.order(Release(FIRST, Cause.NORMAL))
        world.wait(seconds)
        assert world.fact(PolarityChanged(LINE, False)) == []
        assert world.state in (State.GUARD, State.IDLE)
        assert world.fact(PolarityChanged(LINE, True)) != [], "but the next one is"

    def test_reversal_means_nothing_where_caller_id_follows_the_ring(self, world: World) -> None:
        assert world.fact(PolarityChanged(LINE, True)) == []

    def test_ring_straight_after_a_release_is_a_new_call(self, world: World) -> None:
        leg = world.talks()
        world.order(Release(leg, Cause.NORMAL))
        assert world.fact(RingingStarted(LINE, 1))[0] == OpenCard(LegId(2), 8)


class TestDisconnect:
    def test_busy_tone_ends_the_call_and_says_how_long_it_was(self, world: World) -> None:
        leg = world.talks()
        assert world.tone(ToneName.BUSY, 1.4) == [
            ReleaseLine(LINE),
            LegEnded(leg, Cause.NORMAL, by_far_end=True, busy_tone_s=1.4),
            CloseLeg(leg),
        ]

    def test_loop_drop(self, world: World) -> None:
        leg = world.talks()
        assert world.fact(BatteryChanged(LINE, True)) == []
        out = world.fact(BatteryChanged(LINE, False))
        assert LegEnded(leg, Cause.NORMAL, by_far_end=True) in out

    def test_reversal_with_our_answer_is_no_disconnect(self, world: World) -> None:
        world.talks()
        world.wait(0.3)
        assert world.fact(PolarityChanged(LINE, True)) == []
        assert world.state is State.TALKING

    def test_reversal_on_an_incoming_call(self, world: World) -> None:
        leg = world.talks()
        world.wait(fxo.ANSWERING_S)
        out = world.fact(PolarityChanged(LINE, True))
        assert LegEnded(leg, Cause.NORMAL, by_far_end=True) in out

    def test_reversal_back_on_an_outgoing_call(self, world: World) -> None:
        leg = world.connected()
        assert world.fact(PolarityChanged(LINE, True)) == []
        out = world.fact(PolarityChanged(LINE, False))
        assert LegEnded(leg, Cause.NORMAL, by_far_end=True) in out

    @pytest.mark.parametrize(
        "fact", [BatteryChanged(LINE, False), PolarityChanged(LINE, True)], ids=["loop", "polarity"]
    )
    def test_detector_the_installer_switched_off(self, fact: object) -> None:
        world = World(
            settings=FxoSettings(by_loop_drop=False, by_polarity=False, by_busy_tone=False)
        )
        leg = world.rings()
        assert Detect(leg, digits=True) in world.order(Answer(leg))
        assert world.fact(fact) == []

    def test_line_rests_before_it_is_used_again(self, world: World) -> None:
        leg = world.talks()
        assert world.order(Release(leg, Cause.NORMAL)) == [
            ReleaseLine(LINE),
            LegEnded(leg, Cause.NORMAL, by_far_end=False),
            CloseLeg(leg),
        ]
        (refusal,) = world.order(Originate(OUT, LINE, "1", Party()))
        assert refusal == LegEnded(OUT, Cause.NO_CIRCUIT, by_far_end=True)
        assert world.wait(world.country.guard_s) == []
        assert world.state is State.IDLE


class TestOutgoing:
    def test_waits_for_dial_tone_then_dials(self, world: World) -> None:
        out = world.order(Originate(OUT, LINE, "0445550199", Party("101")))
        assert out[:2] == [OpenCard(OUT, 8), SeizeLine(LINE)]
        assert world.tone(ToneName.DIAL) == [SendDigits(OUT, "0445550199")]

    def test_dialled_number_opens_the_ear_to_the_caller(self, world: World) -> None:
        world.order(Originate(OUT, LINE, "0445550199", Party("101")))
        world.tone(ToneName.DIAL)
        clear, detect, proceeding, alerting = world.fact(DigitsSent(OUT))
        assert clear == ClearAlarm("dial-tone:FXO1")
        assert isinstance(detect, Detect) and detect.voice
        assert proceeding == LegProceeding(OUT)
        assert alerting == LegAlerting(OUT, early_media=True)

    def test_pulse_dialling(self) -> None:
        world = World(settings=FxoSettings(pulse_dialling=True))
        world.order(Originate(OUT, LINE, "199", Party()))
        assert world.tone(ToneName.DIAL) == [DialPulses(LINE, "199")]
        assert LegProceeding(OUT) in world.fact(PulsesSent(LINE))

    def test_no_dial_tone_raises_an_alarm_and_frees_the_caller(self, world: World) -> None:
        world.order(Originate(OUT, LINE, "199", Party()))
        alarm, release, ended, close = world.wait(fxo.DIAL_TONE_S)
        assert isinstance(alarm, RaiseAlarm) and "FXO1" in alarm.text
        assert release == ReleaseLine(LINE) and close == CloseLeg(OUT)
        assert ended == LegEnded(OUT, Cause.NO_CIRCUIT, by_far_end=False)

    def test_blind_dialling_where_the_installer_wants_it(self) -> None:
        world = World(settings=FxoSettings(wait_for_dial_tone=False))
        world.order(Originate(OUT, LINE, "199", Party()))
        assert world.wait(fxo.DIAL_TONE_S) == [SendDigits(OUT, "199")]

    def test_busy_tone_instead_of_dial_tone(self, world: World) -> None:
        world.order(Originate(OUT, LINE, "199", Party()))
        out = world.tone(ToneName.CONGESTION)
        assert LegEnded(OUT, Cause.CONGESTION, by_far_end=False) in out

    def test_dialling_that_never_ends(self, world: World) -> None:
        world.order(Originate(OUT, LINE, "199", Party()))
        world.tone(ToneName.DIAL)
        out = world.wait(fxo.DIALLING_S)
        assert LegEnded(OUT, Cause.TEMPORARY_FAILURE, by_far_end=False) in out

    @pytest.mark.parametrize(
        ("fact", "supervision"),
        [
            (PolarityChanged(LINE, True), Supervision.CERTAIN),
            (VoiceHeard(OUT, 1), Supervision.ESTIMATED),
            (ToneEnded(OUT, ToneName.RINGBACK, 1), Supervision.ESTIMATED),
        ],
    )
    def test_answer_is_graded(self, world: World, fact: object, supervision: Supervision) -> None:
        world.dials()
        assert world.tone(ToneName.RINGBACK) == []
        assert world.fact(fact) == [
            disconnect_detector(OUT, dial_tone_s=fxo.SECOND_DIAL_TONE_S),
            LegAnswered(OUT, supervision),
        ]

    def test_end_of_another_tone_is_no_answer(self, world: World) -> None:
        world.dials()
        assert world.fact(ToneEnded(OUT, ToneName.DIAL, 1)) == []

    def test_silence_after_dialling_counts_as_answered_in_the_end(self, world: World) -> None:
        world.dials()
        out = world.wait(fxo.UNKNOWN_ANSWER_S)
        assert LegAnswered(OUT, Supervision.UNKNOWN) in out

    def test_ringback_may_last(self, world: World) -> None:
        world.dials()
        world.tone(ToneName.RINGBACK)
        assert world.wait(10 * fxo.UNKNOWN_ANSWER_S) == []

    @pytest.mark.parametrize(
        ("name", "cause"),
        [
            (ToneName.BUSY, Cause.BUSY),
            (ToneName.CONGESTION, Cause.CONGESTION),
            (ToneName.SPECIAL_INFORMATION, Cause.UNALLOCATED),
        ],
    )
    def test_progress_tones_give_the_cause(
        self, world: World, name: ToneName, cause: Cause
    ) -> None:
        world.dials()
        assert LegEnded(OUT, cause, by_far_end=True) in world.tone(name)

    def test_glare_answers_the_caller_and_sends_the_number_elsewhere(self, world: World) -> None:
        world.order(Originate(OUT, LINE, "199", Party()))
        out = world.fact(RingingStarted(LINE, 1))
        assert out[:2] == [CloseLeg(OUT), LegEnded(OUT, Cause.NO_CIRCUIT, by_far_end=True)]
        assert isinstance(out[-1], LegArrived) and out[-1].leg == FIRST
        assert world.state is State.TALKING

    def test_glare_before_the_first_ring_is_a_voice_instead_of_dial_tone(
        self, world: World
    ) -> None:
        out = world.order(Originate(OUT, LINE, "199", Party()))
        assert isinstance(out[-1], Detect) and out[-1].voice
        out = world.fact(VoiceHeard(OUT, 8000))
        assert out[:2] == [CloseLeg(OUT), LegEnded(OUT, Cause.NO_CIRCUIT, by_far_end=True)]
        assert isinstance(out[-1], LegArrived)
        assert out[-1].caller.absence == "answered before the first ring"
        assert world.order(Answer(FIRST)) == [], "it is answered already"

    def test_no_seizure_of_a_ringing_or_dead_line(self, world: World) -> None:
        world.rings()
        assert world.order(Originate(OUT, LINE, "1", Party())) == [
            LegEnded(OUT, Cause.NO_CIRCUIT, by_far_end=True)
        ]
        dead = World(in_service=False)
        assert dead.order(Originate(OUT, LINE, "1", Party())) == [
            LegEnded(OUT, Cause.NETWORK_OUT_OF_ORDER, by_far_end=True)
        ]


class TestTalk:
    def test_keys_reach_the_call(self, world: World) -> None:
        leg = world.talks()
        assert world.fact(DigitHeard(leg, "3", 1)) == [LegDigit(leg, "3")]

    def test_indicate_plays_the_country_s_tone(self, world: World) -> None:
        leg = world.talks()
        beep = PlayTone(leg, world.country.tones[ToneName.BEEP], 4)
        assert world.order(Indicate(leg, ToneName.BEEP, 4)) == [beep]

    def test_orders_for_other_legs_are_void(self, world: World) -> None:
        world.talks()
        assert world.order(Release(LegId(99), Cause.NORMAL)) == []
        assert world.order("no order") == []


class TestFaults:
    def test_unplugged_idle_line_leaves_service_and_comes_back(self, world: World) -> None:
        alarm, out = world.fact(BatteryChanged(LINE, False))
        assert isinstance(alarm, RaiseAlarm) and "FXO1" in alarm.text
        assert out == LineServiceChanged(LINE, False, "no battery")
        assert world.fact(BatteryChanged(LINE, False)) == []
        assert world.fact(BatteryChanged(LINE, True)) == [
            ClearAlarm("battery:FXO1"),
            LineServiceChanged(LINE, True, "battery present"),
        ]
        assert world.fact(BatteryChanged(LINE, True)) == []

    def test_unplugged_while_ringing_ends_the_call(self, world: World) -> None:
        leg = world.rings()
        out = world.fact(BatteryChanged(LINE, False))
        assert LegEnded(leg, Cause.DESTINATION_OUT_OF_ORDER, by_far_end=True) in out

    def test_line_without_battery_at_start(self) -> None:
        world = World(in_service=False)
        (alarm,) = world.fact(PortState(LINE, False, False, False, False))
        assert isinstance(alarm, RaiseAlarm)
        assert world.state is State.OUT_OF_SERVICE

    def test_line_left_seized_by_an_earlier_run_is_released(self) -> None:
        world = World(in_service=False)
        assert world.fact(PortState(LINE, True, False, True, False)) == []
        out = world.wait(CLAIM_WAIT_S)
        assert out == [ReleaseLine(LINE), LineServiceChanged(LINE, True, "card in service")]
        assert world.state is State.GUARD

    def test_alarm_of_a_line_mended_while_the_card_was_away_is_cleared(self) -> None:
        world = World()
        world.fact(BatteryChanged(LINE, False))
        world.fact(CardDown("card1", (LINE,), "unplugged"))
        out = world.fact(PortState(LINE, False, False, True, False))
        assert ClearAlarm(f"battery:{LINE}") in out

    def test_line_cut_in_a_talk_stays_out_of_service(self, world: World) -> None:
        world.talks()
        world.fact(BatteryChanged(LINE, False))
        alarm, service = world.wait(world.machine.country.guard_s)
        assert isinstance(alarm, RaiseAlarm)
        assert service == LineServiceChanged(LINE, False, "no battery")
        out = world.fact(BatteryChanged(LINE, True))
        assert LineServiceChanged(LINE, True, "battery present") in out

    def test_line_whose_loop_dropped_for_a_moment_is_free_again(self, world: World) -> None:
        world.talks()
        world.fact(BatteryChanged(LINE, False))
        world.fact(BatteryChanged(LINE, True))
        assert world.wait(world.machine.country.guard_s) == []
        assert world.state is State.IDLE

    def test_line_cut_while_it_is_seized_is_to_blame(self, world: World) -> None:
        leg = LegId(5)
        world.order(Originate(leg, LINE, "5550101", Party("101")))
        out = world.fact(BatteryChanged(LINE, False))
        assert LegEnded(leg, Cause.NETWORK_OUT_OF_ORDER, by_far_end=False) in out

    def test_state_report_in_idle_tells_service_and_opens_a_forgotten_loop(
        self, world: World
    ) -> None:
        service = LineServiceChanged(LINE, True, "card in service")
        assert world.fact(PortState(LINE, False, False, True, False)) == [service]
        assert world.fact(PortState(LINE, True, False, True, False)) == [
            ReleaseLine(LINE),
            service,
        ]
        assert world.fact(PortState(LINE, False, False, False, False)) == []

    def test_state_report_notices_a_line_that_the_card_let_go(self, world: World) -> None:
        leg = world.talks()
        assert world.fact(PortState(LINE, True, False, True, False)) == []
        out = world.fact(PortState(LINE, False, False, True, False))
        assert LegEnded(leg, Cause.NORMAL, by_far_end=True) in out

    def test_card_lost(self, world: World) -> None:
        leg = world.talks()
        assert world.fact(CardDown("card1", (LINE,), "unplugged")) == [
            LegEnded(leg, Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False),
            CloseLeg(leg),
            LineServiceChanged(LINE, False, "unplugged"),
        ]

    def test_media_lost(self, world: World) -> None:
        assert world.fact(MediaDown("ended")) == []
        leg = world.talks()
        assert world.fact(MediaFailed(leg, "PlayFiles", "no file")) == []
        out = world.fact(MediaFailed(leg, "OpenCard", "no card"))
        assert LegEnded(leg, Cause.NETWORK_OUT_OF_ORDER, by_far_end=False) in out

    def test_timer_that_is_not_due_does_nothing(self, world: World) -> None:
        assert world.wait(1.0) == []
        world.fact(RingingStarted(LINE, 1))
        assert world.machine.next_timeout() is not None
        assert world.wait(0.1) == []


class TestLateRing:
    def test_caller_who_rang_before_we_were_there_arrives_at_once(self, world: World) -> None:
        out = world.fact(RingingStarted(LINE, 2))
        assert isinstance(out[0], OpenCard) and isinstance(out[-1], LegArrived)


class TestAdoption:
    def test_talk_goes_on_after_a_restart(self) -> None:
        world = World(in_service=False)
        out = list(world.machine.restore(LegId(7), "call", world.now))
        assert out == [
            disconnect_detector(LegId(7), dial_tone_s=fxo.SECOND_DIAL_TONE_S),
            LegAdopted(LegId(7), LINE, "call"),
        ]
        assert world.fact(CardDown("card1", (LINE,), "not found yet")) == []
        assert world.fact(PortState(LINE, True, False, True, False)) == [
            LineServiceChanged(LINE, True, "card in service")
        ]
        assert world.state is State.TALKING

    def test_media_host_heard_after_the_card(self) -> None:
        world = World(in_service=False)
        world.fact(PortState(LINE, True, False, True, False))
        out = world.machine.restore(LegId(7), "call", world.now)
        assert LineServiceChanged(LINE, True, "card in service") in out
        assert world.state is State.TALKING and world.machine.next_timeout() is None

    def test_caller_who_was_cut_off_meanwhile(self) -> None:
        world = World(in_service=False)
        world.machine.restore(LegId(7), "call", world.now)
        out = world.fact(PortState(LINE, True, False, False, False))
        assert LegEnded(LegId(7), Cause.NORMAL, by_far_end=True) in out

    def test_card_never_heard(self) -> None:
        world = World(in_service=False)
        world.machine.restore(LegId(7), "call", world.now)
        out = world.wait(CARD_WAIT_S)
        ended = LegEnded(LegId(7), Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        assert out == [ended, CloseLeg(LegId(7))]
        assert world.state is State.OUT_OF_SERVICE

    def test_card_heard_first(self) -> None:
        idle, parked = World(), World()
        out = idle.machine.restore(LegId(7), "call", idle.now)
        assert out[-1] == LegEnded(LegId(7), Cause.NORMAL, by_far_end=True)
        parked.talks()
        parked.machine.restore(LegId(7), "call", parked.now)
        assert parked.state is State.TALKING


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_every_country_has_tones_that_cannot_be_confused(code: str) -> None:
    country = COUNTRIES[code]
    assert set(country.tones) == set(ToneName)
    busy, congestion = country.templates(ToneName.BUSY, ToneName.CONGESTION)
    apart = busy.on_ms[0] > congestion.on_ms[1] or congestion.on_ms[0] > busy.on_ms[1]
    assert apart or busy.frequencies_hz != congestion.frequencies_hz or code == "UK"
    (dial,) = country.templates(ToneName.DIAL)
    assert dial.off_ms == (0, 0) and dial.cycles == 1
    assert country.flash_ms[0] < country.flash_ms[1]


def test_template_gives_short_cadences_a_floor_of_tolerance() -> None:
    segment = ToneSegment((425.0,), 100, 100)
    from firmware.lines.countries import template_of
    from firmware.values import Tone

    template = template_of(ToneName.CONGESTION, Tone((segment,)))
    assert template.on_ms == (60, 140)
