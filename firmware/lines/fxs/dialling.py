# SPDX-License-Identifier: GPL-2.0-or-later
"""A number dialled on an FXS port, after lifting the handset or after a flash."""

from __future__ import annotations

from firmware.clock import Now
from firmware.effects import CollectNumber, Detect, PlayTone, StopPlaying
from firmware.events import (
    DigitHeard,
    HookChanged,
    LegDialled,
    LegEnded,
    LegSeized,
    PulseDigitDialled,
)
from firmware.lines.digits import DigitCollector
from firmware.lines.fxs.handset import Handset
from firmware.lines.fxs.state import State
from firmware.lines.machine import Out
from firmware.values import Cause, LegId, ToneName


class Dialling(Handset):
    """Dial tone, digits, and the number given to the calls."""

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
