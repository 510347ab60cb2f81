# SPDX-License-Identifier: GPL-2.0-or-later
"""A call out of an FXO port: seizure, dial tone, dialling, progress, answer supervision."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.clock import Now
from firmware.effects import (
    ClearAlarm,
    CloseLeg,
    Detect,
    DialPulses,
    Originate,
    RaiseAlarm,
    SeizeLine,
    SendDigits,
)
from firmware.events import (
    BatteryChanged,
    CadenceMeasured,
    DigitsSent,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegEnded,
    LegProceeding,
    PolarityChanged,
    PulsesSent,
    RingingStarted,
    ToneEnded,
    ToneHeard,
    VoiceHeard,
)
from firmware.lines.fxo.loop import Loop
from firmware.lines.fxo.state import (
    DIAL_TONE_GONE_S,
    DIAL_TONE_S,
    DIALLING_S,
    GLARE,
    UNKNOWN_ANSWER_S,
    State,
)
from firmware.lines.machine import Out
from firmware.values import Cause, Supervision, ToneName

_TONE_CAUSES: Mapping[ToneName, Cause] = {
    ToneName.BUSY: Cause.BUSY,
    ToneName.CONGESTION: Cause.CONGESTION,
    ToneName.SPECIAL_INFORMATION: Cause.UNALLOCATED,
}


class Outgoing(Loop):
    """From the seizure until the far end has answered."""

    # ------------------------------------------------------------------ seizure and dialling

    def _originate(self, order: Originate, now: Now) -> Out:
        if self.state is not State.IDLE:
            out_of_service = self.state is State.OUT_OF_SERVICE
            cause = Cause.NETWORK_OUT_OF_ORDER if out_of_service else Cause.NO_CIRCUIT
            return [LegEnded(order.leg, cause, by_far_end=True)]
        self.leg, self._called = order.leg, order.called
        self._enter(State.SEIZED, now.mono_s + DIAL_TONE_S)
        tones = (*self.country.templates(ToneName.DIAL), *self._gone_templates())
        return [
            self.port.open(order.leg),
            SeizeLine(self.line),
            Detect(order.leg, tones=tones, voice=True),
        ]

    def _tone_when_seized(self, fact: ToneHeard, now: Now) -> Out:
        if fact.tone is ToneName.DIAL:
            return self._dial(now)
        return self._hang_up(Cause.CONGESTION, now)

    def _no_dial_tone(self, now: Now) -> Out:
        if not self.settings.wait_for_dial_tone:
            return self._dial(now)
        text = f"No dial tone on {self.line} within {DIAL_TONE_S:.0f} s: test the exchange line."
        alarm = RaiseAlarm(f"dial-tone:{self.line}", text)
        return [alarm, *self._hang_up(Cause.NO_CIRCUIT, now)]

    def _dial(self, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.DIALLING, now.mono_s + DIALLING_S)
        if self.settings.pulse_dialling:
            return [DialPulses(self.line, self._called)]
        return [SendDigits(self.leg, self._called)]

    def _glare(self, fact: RingingStarted | VoiceHeard, now: Now) -> Out:
        """A call came in as we seized: we have answered it; the outgoing try goes elsewhere.

        It had rung, or had not begun to: then there is no dial tone but somebody says hello.
        """
        outgoing = self.leg
        assert outgoing is not None
        leg = self.leg = self._new_leg()
        self._enter(State.TALKING)
        return [
            CloseLeg(outgoing),
            LegEnded(outgoing, Cause.NO_CIRCUIT, by_far_end=True),
            self.port.open(leg),
            self._listen(leg, DIAL_TONE_GONE_S),
            LegArrived(leg, self.line, GLARE, ""),
        ]

    def _lost_when_dialling(self, fact: BatteryChanged, now: Now) -> Out:
        """The exchange has not connected us to anybody yet: another line may get through."""
        return [] if fact.present else self._hang_up(Cause.NETWORK_OUT_OF_ORDER, now)

    def _dialling_failed(self, now: Now) -> Out:
        return self._hang_up(Cause.TEMPORARY_FAILURE, now)

    def _dialled(self, fact: DigitsSent | PulsesSent, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.PROGRESS, now.mono_s + UNKNOWN_ANSWER_S)
        heard = self.country.templates(ToneName.RINGBACK, ToneName.SPECIAL_INFORMATION)
        tones = (*heard, *self._gone_templates())
        return [
            ClearAlarm(f"dial-tone:{self.line}"),
            Detect(self.leg, tones=tones, voice=True, measure=True),
            LegProceeding(self.leg),
            LegAlerting(self.leg, early_media=True),
        ]

    # ------------------------------------------------------------------ progress and answer

    def _progress_tone(self, fact: ToneHeard, now: Now) -> Out:
        if fact.tone is ToneName.RINGBACK:
            self._deadline = None  # somebody rings: the calls decide how long
            return []
        return self._hang_up(_TONE_CAUSES[fact.tone], now, by_far_end=True)

    def _unknown_progress_tone(self, fact: CadenceMeasured, now: Now) -> Out:
        """Busy, though not learned: only after a talk is it sure. Ringback has longer pauses."""
        return self._hang_up(Cause.BUSY, now, by_far_end=True)

    def _progress_tone_ended(self, fact: ToneEnded, now: Now) -> Out:
        return self._answered(Supervision.ESTIMATED) if fact.tone is ToneName.RINGBACK else []

    def _voice(self, fact: VoiceHeard, now: Now) -> Out:
        return self._answered(Supervision.ESTIMATED)

    def _reversed_in_progress(self, fact: PolarityChanged, now: Now) -> Out:
        return self._answered(Supervision.CERTAIN)

    def _silent_progress(self, now: Now) -> Out:
        return self._answered(Supervision.UNKNOWN)

    def _answered(self, supervision: Supervision) -> Out:
        assert self.leg is not None
        self._enter(State.CONNECTED)
        return [self._listen(self.leg), LegAnswered(self.leg, supervision)]
