# SPDX-License-Identifier: GPL-2.0-or-later
"""What every part of the FXO machine uses: listening for the far end's end, opening the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from firmware.clock import Now
from firmware.effects import CloseLeg, Detect, ReleaseLine
from firmware.events import LegEnded
from firmware.lines.countries import template_of
from firmware.lines.fxo.state import (
    DISCONNECT_TONES,
    LOOP_CLOSED,
    NO_BURST,
    SECOND_DIAL_TONE_S,
    FxoSettings,
    State,
)
from firmware.lines.machine import AnalogLine, Out
from firmware.lines.port import Port
from firmware.values import Cause, LegId, ToneName, ToneTemplate


class Loop(AnalogLine[State]):
    """The loop of the exchange line, and the leg that uses it."""

    OUT_OF_SERVICE = State.OUT_OF_SERVICE
    ADOPTED = State.ADOPTED

    def __init__(
        self,
        port: Port,
        new_leg: Callable[[], LegId],
        settings: FxoSettings | None = None,
    ) -> None:
        super().__init__(port, new_leg)
        self.settings = settings or FxoSettings()
        self._called = ""
        self._caller = NO_BURST
        self._idle_reversed = False  # polarity of the idle line, whichever way it is wired
        self._answered_s = 0.0  # when we answered the call in progress, monotonic s
        self._battery = True
        self._alarmed = False
        self._learned = self.settings.learned_tones

    def _listen(self, leg: LegId, dial_tone_s: float = SECOND_DIAL_TONE_S) -> Detect:
        """Digits and the tones that say the far end has gone."""
        if not self.settings.by_busy_tone:
            return Detect(leg, digits=True)
        dial = template_of(ToneName.DIAL, self.country.tones[ToneName.DIAL])
        dial = replace(dial, on_ms=(round(dial_tone_s * 1_000), 0))
        return Detect(leg, digits=True, tones=(*self._gone_templates(), dial), measure=True)

    def _gone_templates(self) -> tuple[ToneTemplate, ...]:
        own = tuple(tone.template() for tone in self._learned)
        return (*self.country.templates(*DISCONNECT_TONES), *own)

    def _far_end_gone(self, cause: Cause, now: Now, busy_tone_s: float = 0.0) -> Out:
        return self._hang_up(cause, now, by_far_end=True, busy_tone_s=busy_tone_s)

    def _hang_up(
        self, cause: Cause, now: Now, by_far_end: bool = False, busy_tone_s: float = 0.0
    ) -> Out:
        closed = self.state in LOOP_CLOSED
        out = self._end(cause, by_far_end, busy_tone_s)
        self._enter(State.GUARD, now.mono_s + self.country.guard_s)
        return [*([ReleaseLine(self.line)] if closed else []), *out]

    def _end(self, cause: Cause, by_far_end: bool, busy_tone_s: float = 0.0) -> Out:
        leg, self.leg = self.leg, None
        if leg is None:
            return []
        told = self.state not in (State.EXPECTING, State.IDENTIFYING)
        ended: Out = [LegEnded(leg, cause, by_far_end, busy_tone_s)] if told else []
        return [*ended, CloseLeg(leg)]
