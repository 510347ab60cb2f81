# SPDX-License-Identifier: GPL-2.0-or-later
"""What every part of the FXS machine uses: the end of a call, the handset put down or left up."""

from __future__ import annotations

from collections.abc import Callable

from firmware.clock import Now
from firmware.effects import ClearAlarm, CloseLeg, Detect, PlayTone, RaiseAlarm
from firmware.events import HookChanged, LegEnded, LineIdle
from firmware.lines.digits import DigitCollector, DigitMap
from firmware.lines.fxs.state import HOWLER_S, OVER, REORDER_S, State
from firmware.lines.machine import AnalogLine, Out
from firmware.lines.port import Port
from firmware.values import Cause, LegId, Party, ToneName


class Handset(AnalogLine[State]):
    """The telephone's handset, and the leg that it speaks on."""

    OUT_OF_SERVICE = State.OUT_OF_SERVICE
    ADOPTED = State.ADOPTED

    def __init__(
        self,
        port: Port,
        digit_map: DigitMap,
        new_leg: Callable[[], LegId],
    ) -> None:
        super().__init__(port, new_leg)
        self.digit_map = digit_map
        self.message_waiting = False
        self._alarmed = False
        self._collector = DigitCollector(digit_map)
        self._consulting = False  # the number given to the calls was dialled after a flash
        self._caller = Party()

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
        return [*out, LineIdle(self.line)] if was in OVER else out

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
        told = self.state in OVER
        return [CloseLeg(leg), *([] if told else [LegEnded(leg, cause, by_far_end)])]
