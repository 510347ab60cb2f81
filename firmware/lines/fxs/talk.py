# SPDX-License-Identifier: GPL-2.0-or-later
"""A call on an FXS port: ringing and answer, keys and flashes, what the calls order."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.clock import Now
from firmware.effects import (
    Alert,
    Answer,
    Detect,
    Indicate,
    Originate,
    Release,
    SendCallerId,
    StartRinging,
    StopPlaying,
    StopRinging,
)
from firmware.events import (
    DigitHeard,
    HookChanged,
    HookFlashed,
    LegAlerting,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegFlashed,
    PulseDigitDialled,
    RingBurstEnded,
)
from firmware.lines import callerid
from firmware.lines.fxs.dialling import Dialling
from firmware.lines.fxs.state import CALLER_ID_DELAY_MS, State
from firmware.lines.machine import Out
from firmware.values import Cause, ToneName

_RELEASE_TONES: Mapping[Cause, ToneName] = {
    Cause.NORMAL: ToneName.BUSY,
    Cause.BUSY: ToneName.BUSY,
    Cause.NO_ANSWER: ToneName.BUSY,
    Cause.REJECTED: ToneName.BUSY,
    Cause.UNALLOCATED: ToneName.SPECIAL_INFORMATION,
    Cause.INVALID_NUMBER: ToneName.SPECIAL_INFORMATION,
}


class Talk(Dialling):
    """From the ringing to the release; a flash may lead back to dialling."""

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

    # ------------------------------------------------------------------ keys and flashes

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

    # ------------------------------------------------------------------ orders of the calls

    def _alert(self, order: Alert, now: Now) -> Out:
        return self._indicate(Indicate(order.leg, ToneName.RINGBACK), now)

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
