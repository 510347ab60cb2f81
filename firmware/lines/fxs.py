# SPDX-License-Identifier: GPL-2.0-or-later
"""One FXS port: a telephone with its handset, dial and bell.

Gives dial tone and collects the number, rings with caller ID, tells the calls about answer, flash,
digits and hang-up, and brings a handset left off the hook to silence. Does not know who is called
or what a scheme is. Driven by card facts, media facts of its leg, leg orders and one timer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from firmware.clock import Now
from firmware.effects import (
    Alert,
    Answer,
    ClearAlarm,
    CloseLeg,
    CollectNumber,
    Detect,
    Effect,
    Indicate,
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
    LegFact,
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
from firmware.lines import callerid
from firmware.lines.digits import DigitCollector, DigitMap
from firmware.lines.port import Port
from firmware.values import Cause, LegId, Party, ToneName

REORDER_S = 20.0  # tone after the far end hung up, before the howler asks for the handset
HOWLER_S = 60.0  # then the port is parked in silence and the alarm stands
CARD_WAIT_S = 30.0  # for the card to tell about a talk that went on while the exchange was away
IN_SERVICE = "card in service"
CALLER_ID_DELAY_MS = 550  # EN 300 659-1 6.1.1: 500-2000 ms after the first ring burst

Out = list[Effect | LegFact]


class State(Enum):
    """What the port is doing."""

    OUT_OF_SERVICE = "out of service"
    IDLE = "idle"
    RINGING = "ringing"
    DIALLING = "dialling"  # dial tone or digits
    CONSULTING = "consulting"  # the same after a flash, with a party on hold
    WAITING = "waiting"  # number given to the calls, no answer yet
    TALKING = "talking"
    ADOPTED = "adopted"  # talking since before a restart; the card was not heard yet
    REORDER = "reorder"  # call over, handset still up
    HOWLER = "howler"
    PARKED = "parked"  # handset up for long: silence, alarm, until it is put down


_RELEASE_TONES: Mapping[Cause, ToneName] = {
    Cause.NORMAL: ToneName.BUSY,
    Cause.BUSY: ToneName.BUSY,
    Cause.NO_ANSWER: ToneName.BUSY,
    Cause.REJECTED: ToneName.BUSY,
    Cause.UNALLOCATED: ToneName.SPECIAL_INFORMATION,
    Cause.INVALID_NUMBER: ToneName.SPECIAL_INFORMATION,
}

_COLLECTING = (State.DIALLING, State.CONSULTING)
_IN_CALL = (State.WAITING, State.TALKING, State.ADOPTED)
_OVER = (State.REORDER, State.HOWLER)
_ALONE = (State.DIALLING, *_OVER, State.PARKED)  # off hook with nobody at the other end
_OFF_HOOK = (*_COLLECTING, *_IN_CALL, *_OVER, State.PARKED)


class FxsLine:
    """State machine of one FXS port."""

    def __init__(
        self,
        port: Port,
        digit_map: DigitMap,
        new_leg: Callable[[], LegId],
    ) -> None:
        self.port = port
        self.line = port.line
        self.country = port.country
        self.digit_map = digit_map
        self.state = State.OUT_OF_SERVICE
        self.leg: LegId | None = None
        self.message_waiting = False
        self._alarmed = False
        self._new_leg = new_leg
        self._deadline: float | None = None
        self._collector = DigitCollector(digit_map)
        self._consulting = False  # the number given to the calls was dialled after a flash
        self._caller = Party()

    # ------------------------------------------------------------------ inputs

    def on_fact(self, fact: object, now: Now) -> Out:
        """A card or media fact of this line or leg."""
        handler = _FACTS.get((self.state, type(fact))) or _ANY_STATE.get(type(fact))
        return handler(self, fact, now) if handler else []

    def on_order(self, order: object, now: Now) -> Out:
        """A leg order; one for a leg that is over already is void."""
        if isinstance(order, Originate):
            return self._originate(order, now)
        if isinstance(order, SetMessageWaiting):
            self.message_waiting = order.waiting
            return []
        if getattr(order, "leg", None) != self.leg or self.leg is None:
            return []
        handler = _ORDERS.get(type(order))
        return handler(self, order, now) if handler else []

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        return self._deadline

    def on_timer(self, now: Now) -> Out:
        """The state's time is over, if it is."""
        if self._deadline is None or now.mono_s < self._deadline:
            return []
        self._deadline = None
        return _TIMEOUTS[self.state](self, now)

    def restore(self, leg: LegId, tag: str, now: Now) -> Out:
        """Take over a talk that went on while the exchange was away."""
        adopted: Out = [LegAdopted(leg, self.line, tag)]
        if self.state is State.IDLE:  # the card said that the handset is down by now
            return [*adopted, CloseLeg(leg), LegEnded(leg, Cause.NORMAL, by_far_end=True)]
        if self.state is State.OUT_OF_SERVICE:
            self._enter(State.ADOPTED, now.mono_s + CARD_WAIT_S)
        else:
            self._enter(State.TALKING)
        self.leg = leg
        return [Detect(leg, digits=True), *adopted]

    # ------------------------------------------------------------------ card and service

    def _port_state(self, fact: PortState, now: Now) -> Out:
        """The card told the whole truth after its hello: the line is in service, and as it says.

        A talk that was adopted may have ended meanwhile, so service is told in every state.
        """
        return [*self._check_hook(fact, now), LineServiceChanged(self.line, True, IN_SERVICE)]

    def _check_hook(self, fact: PortState, now: Now) -> Out:
        if self.state is State.OUT_OF_SERVICE:
            self._enter(State.PARKED if fact.off_hook else State.IDLE)
            stop: Out = [StopRinging(self.line)] if fact.ringing else []  # nobody calls any more
            return stop if fact.off_hook else [*self._off_hook_alarm_over(), *stop]
        if not fact.off_hook and self.state in _OFF_HOOK:
            return self._put_down(now)
        if self.state is State.ADOPTED:
            self._enter(State.TALKING)
        return []

    def _card_down(self, fact: CardDown, now: Now) -> Out:
        if self.state is State.ADOPTED:
            return []
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.OUT_OF_SERVICE)
        return [*out, LineServiceChanged(self.line, False, fact.reason)]

    def _card_missing(self, now: Now) -> Out:
        """An adopted talk whose card never came back."""
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.OUT_OF_SERVICE)
        return out

    def _media_failed(self, fact: MediaFailed, now: Now) -> Out:
        opening = fact.leg == self.leg and fact.order == "OpenCard"
        return self._media_down(fact, now) if opening else []

    def _media_down(self, fact: MediaDown | MediaFailed, now: Now) -> Out:
        if self.leg is None:
            return []
        ringing = self.state is State.RINGING
        out = self._end(Cause.NETWORK_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.IDLE if ringing else State.PARKED)
        return [*([StopRinging(self.line)] if ringing else []), *out]

    # ------------------------------------------------------------------ dialling out

    def _lifted(self, fact: HookChanged, now: Now) -> Out:
        if not fact.off_hook:
            return []
        leg = self.leg = self._new_leg()
        dial_tone = self._collect(leg, State.DIALLING, now)
        return [self.port.open(leg), *dial_tone, LegSeized(leg, self.line)]

    def _collect(self, leg: LegId, state: State, now: Now) -> Out:
        self._collector = DigitCollector(self.digit_map)
        self._enter(state, now.mono_s + self._collector.wait_s)
        name = ToneName.STUTTER_DIAL if self.message_waiting else ToneName.DIAL
        return [PlayTone(leg, self.country.tones[name]), Detect(leg, digits=True)]

    def _dialled_digit(self, fact: DigitHeard | PulseDigitDialled, now: Now) -> Out:
        assert self.leg is not None
        first: Out = [] if self._collector.digits else [StopPlaying(self.leg)]
        if self._collector.feed(fact.digit):
            return [*first, *self._number_complete()]
        self._deadline = now.mono_s + self._collector.wait_s
        return first

    def _number_complete(self) -> Out:
        assert self.leg is not None
        self._consulting = self.state is State.CONSULTING
        self._enter(State.WAITING)
        return [LegDialled(self.leg, self.line, self._collector.digits)]

    def _dialling_timeout(self, now: Now) -> Out:
        assert self.leg is not None
        if self._collector.digits:
            return self._number_complete()
        out: Out = [LegEnded(self.leg, Cause.INVALID_NUMBER, by_far_end=True)]
        return out + self._tone_then_howler(ToneName.CONGESTION, now)

    def _consult(self, order: CollectNumber, now: Now) -> Out:
        assert self.leg is not None
        return self._collect(self.leg, State.CONSULTING, now)

    def _consult_timeout(self, now: Now) -> Out:
        """The number as far as it goes; an empty one takes the talker back to the held party."""
        return self._number_complete()

    # ------------------------------------------------------------------ ringing

    def _originate(self, order: Originate, now: Now) -> Out:
        if self.state is not State.IDLE:
            out_of_service = self.state is State.OUT_OF_SERVICE
            cause = Cause.DESTINATION_OUT_OF_ORDER if out_of_service else Cause.BUSY
            return [LegEnded(order.leg, cause, by_far_end=True)]
        self.leg, self._caller = order.leg, order.caller
        self._enter(State.RINGING)
        return [
            self.port.open(order.leg),
            StartRinging(self.line, self.country.ringing_ms[order.ring_class]),
            LegAlerting(order.leg),
        ]

    def _burst_ended(self, fact: RingBurstEnded, now: Now) -> Out:
        assert self.leg is not None
        if fact.burst != 1:
            return []
        data = callerid.build(self._caller, now.wall)
        return [SendCallerId(self.leg, self.country.caller_id, data, CALLER_ID_DELAY_MS)]

    def _answered(self, fact: HookChanged, now: Now) -> Out:
        assert self.leg is not None
        if not fact.off_hook:
            return []
        self._enter(State.TALKING)
        return [
            StopRinging(self.line),
            StopPlaying(self.leg),
            Detect(self.leg, digits=True),
            LegAnswered(self.leg),
        ]

    # ------------------------------------------------------------------ in a call

    def _key(self, fact: DigitHeard | PulseDigitDialled, now: Now) -> Out:
        assert self.leg is not None
        return [LegDigit(self.leg, fact.digit, in_band=isinstance(fact, DigitHeard))]

    def _flashed(self, fact: HookFlashed, now: Now) -> Out:
        assert self.leg is not None
        return [LegFlashed(self.leg)]

    def _flashed_consulting(self, fact: HookFlashed, now: Now) -> Out:
        """Out of the dial tone or the ringback of a consultation: back to the held party."""
        assert self.leg is not None
        self._enter(State.TALKING)
        return [StopPlaying(self.leg), LegFlashed(self.leg)]

    def _flashed_waiting(self, fact: HookFlashed, now: Now) -> Out:
        again = self._flashed_consulting if self._consulting else self._lifted_again
        return again(fact, now)

    def _lifted_again(self, fact: HookFlashed, now: Now) -> Out:
        """With nobody to hold, a short hang-up is a hang-up: what follows is a new call."""
        return [*self._put_down(now), *self._lifted(HookChanged(self.line, True), now)]

    def _alert(self, order: Alert, now: Now) -> Out:
        return self._indicate(Indicate(order.leg, ToneName.RINGBACK), now)

    def _indicate(self, order: Indicate, now: Now) -> Out:
        return [PlayTone(order.leg, self.country.tones[order.tone], order.play)]

    def _answer(self, order: Answer, now: Now) -> Out:
        self._enter(State.TALKING)
        return [StopPlaying(order.leg)]

    def _release(self, order: Release, now: Now) -> Out:
        """The calls are done with the leg; the handset may still be up."""
        if self.state is State.RINGING:
            out = self._end(order.cause, by_far_end=False)
            self._enter(State.IDLE)
            return [StopRinging(self.line), *out]
        tone = _RELEASE_TONES.get(order.cause, ToneName.CONGESTION)
        ended: Out = [LegEnded(order.leg, order.cause, by_far_end=False)]
        return ended + self._tone_then_howler(tone, now)

    # ------------------------------------------------------------------ the end

    def _tone_then_howler(self, tone: ToneName, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.REORDER, now.mono_s + REORDER_S)
        return [Detect(self.leg), PlayTone(self.leg, self.country.tones[tone])]

    def _howl(self, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.HOWLER, now.mono_s + HOWLER_S)
        return [PlayTone(self.leg, self.country.tones[ToneName.HOWLER])]

    def _park(self, now: Now) -> Out:
        assert self.leg is not None
        leg, self.leg = self.leg, None
        self._enter(State.PARKED)
        self._alarmed = True
        text = f"The handset on {self.line} is off the hook; put it down to bring the line back."
        return [CloseLeg(leg), RaiseAlarm(f"off-hook:{self.line}", text)]

    def _put_down(self, now: Now) -> Out:
        was = self.state
        out = self._end(Cause.NORMAL, by_far_end=True)
        self._enter(State.IDLE)
        if was is State.PARKED:
            return [*self._off_hook_alarm_over(), LineIdle(self.line)]
        return [*out, LineIdle(self.line)] if was in _OVER else out

    def _off_hook_alarm_over(self) -> Out:
        alarmed, self._alarmed = self._alarmed, False
        return [ClearAlarm(f"off-hook:{self.line}")] if alarmed else []

    def _hook_in_call(self, fact: HookChanged, now: Now) -> Out:
        return [] if fact.off_hook else self._put_down(now)

    def _end(self, cause: Cause, by_far_end: bool) -> Out:
        """Close the leg; tell the calls unless they know already."""
        leg, self.leg = self.leg, None
        if leg is None:
            return []
        told = self.state in _OVER
        return [CloseLeg(leg), *([] if told else [LegEnded(leg, cause, by_far_end)])]

    def _enter(self, state: State, deadline: float | None = None) -> None:
        self.state, self._deadline = state, deadline


Handler = Callable[[Any, Any, Now], Out]

_FACTS: Mapping[tuple[State, type], Handler] = {
    (State.IDLE, HookChanged): FxsLine._lifted,
    (State.RINGING, HookChanged): FxsLine._answered,
    (State.RINGING, RingBurstEnded): FxsLine._burst_ended,
    **{(state, DigitHeard): FxsLine._dialled_digit for state in _COLLECTING},
    **{(state, PulseDigitDialled): FxsLine._dialled_digit for state in _COLLECTING},
    **{(state, DigitHeard): FxsLine._key for state in _IN_CALL},
    **{(state, PulseDigitDialled): FxsLine._key for state in _IN_CALL},
    **{(state, HookFlashed): FxsLine._flashed for state in _IN_CALL},
    **{(state, HookFlashed): FxsLine._lifted_again for state in _ALONE},
    (State.CONSULTING, HookFlashed): FxsLine._flashed_consulting,
    (State.WAITING, HookFlashed): FxsLine._flashed_waiting,
    **{(state, HookChanged): FxsLine._hook_in_call for state in _OFF_HOOK},
}

_ANY_STATE: Mapping[type, Handler] = {
    PortState: FxsLine._port_state,
    CardDown: FxsLine._card_down,
    MediaDown: FxsLine._media_down,
    MediaFailed: FxsLine._media_failed,
}

_ORDERS: Mapping[type, Handler] = {
    Alert: FxsLine._alert,
    Answer: FxsLine._answer,
    Release: FxsLine._release,
    CollectNumber: FxsLine._consult,
    Indicate: FxsLine._indicate,
}

_TIMEOUTS: Mapping[State, Callable[[Any, Now], Out]] = {
    State.DIALLING: FxsLine._dialling_timeout,
    State.CONSULTING: FxsLine._consult_timeout,
    State.REORDER: FxsLine._howl,
    State.HOWLER: FxsLine._park,
    State.ADOPTED: FxsLine._card_missing,
}
