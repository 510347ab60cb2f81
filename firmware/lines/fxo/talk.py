# SPDX-License-Identifier: GPL-2.0-or-later
"""In a call on an FXO port: keys, what tells that the far end has gone, our own release."""

from __future__ import annotations

from firmware.clock import Now
from firmware.effects import Release, SaveSetting
from firmware.events import (
    BatteryChanged,
    CadenceMeasured,
    DigitHeard,
    LegDigit,
    PolarityChanged,
    ToneHeard,
)
from firmware.lines import learned
from firmware.lines.fxo.loop import Loop
from firmware.lines.fxo.state import ANSWERING_S, INCOMING, SAMPLES_PER_S, State
from firmware.lines.learned import LearnedTone
from firmware.lines.machine import Out
from firmware.values import Cause


class Talk(Loop):
    """The talk and its end, by the far end's signal or by the calls' order."""

    # ------------------------------------------------------------------ has the far end gone?

    def _loop_dropped(self, fact: BatteryChanged, now: Now) -> Out:
        gone = not fact.present and self.settings.by_loop_drop
        return self._far_end_gone(Cause.NORMAL, now) if gone else []

    def _reversed_in_talk(self, fact: PolarityChanged, now: Now) -> Out:
        answering = now.mono_s - self._answered_s < ANSWERING_S
        gone = self.settings.by_polarity and not answering
        return self._far_end_gone(Cause.NORMAL, now) if gone else []

    def _reversed_when_connected(self, fact: PolarityChanged, now: Now) -> Out:
        """Back to the idle polarity is the disconnect signal; away from it, a late answer."""
        return self._reversed_in_talk(fact, now) if fact.reversed == self._idle_reversed else []

    def _disconnect_tone(self, fact: ToneHeard | CadenceMeasured, now: Now) -> Out:
        tone_s = (fact.at_sample - fact.since_sample) / SAMPLES_PER_S
        return self._far_end_gone(Cause.NORMAL, now, tone_s)

    def _unknown_tone(self, fact: CadenceMeasured, now: Now) -> Out:
        return [*self._learn(learned.measured(fact)), *self._disconnect_tone(fact, now)]

    def _learn(self, tone: LearnedTone) -> Out:
        if any(tone.fits(template) for template in self._gone_templates()):
            return []
        self._learned = (*self._learned, tone)[-learned.MOST_TONES :]
        return [SaveSetting(learned.setting_key(self.line), learned.to_json(self._learned))]

    # ------------------------------------------------------------------ keys and release

    def _key(self, fact: DigitHeard, now: Now) -> Out:
        assert self.leg is not None
        return [LegDigit(self.leg, fact.digit)]

    def _release(self, order: Release, now: Now) -> Out:
        if self.state in INCOMING:
            out = self._end(order.cause, by_far_end=False)
            self._enter(State.IGNORED)
            return out
        return self._hang_up(order.cause, now)
