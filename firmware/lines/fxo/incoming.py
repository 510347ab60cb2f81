# SPDX-License-Identifier: GPL-2.0-or-later
"""A call that comes in on an FXO port: polarity, ringing, caller ID, answer."""

from __future__ import annotations

from firmware.clock import Now
from firmware.effects import Answer, CloseLeg, Detect, SeizeLine
from firmware.events import (
    CallerIdHeard,
    LegArrived,
    LegEnded,
    PolarityChanged,
    RingingStarted,
    RingingStopped,
)
from firmware.lines import callerid
from firmware.lines.fxo.loop import Loop
from firmware.lines.fxo.state import (
    BAD_BURST,
    BEFORE_RING_S,
    CALLER_ID_S,
    DIAL_TONE_GONE_S,
    NO_BURST,
    State,
)
from firmware.lines.machine import Out
from firmware.values import Cause


class Incoming(Loop):
    """From the exchange's first sign of a call until we close the loop."""

    # ------------------------------------------------------------------ before the first ring

    def _reversed_idle(self, fact: PolarityChanged, now: Now) -> Out:
        if not self.country.caller_id_before_ring:
            self._idle_reversed = fact.reversed
            return []
        if fact.reversed == self._idle_reversed:
            return []  # as it was before the last call
        self._enter(State.EXPECTING, now.mono_s + BEFORE_RING_S)
        return self._open_for_caller_id()

    def _reversed_back(self, fact: PolarityChanged, now: Now) -> Out:
        """Data without a call: the exchange takes its reversal back and does not ring."""
        return self._expect_no_more()

    def _open_for_caller_id(self) -> Out:
        self._caller = NO_BURST
        leg = self.leg = self._new_leg()
        return [
            self.port.open(leg),
            Detect(leg, caller_id=self.country.caller_id),
        ]

    def _nothing_followed(self, now: Now) -> Out:
        self._idle_reversed = not self._idle_reversed  # its wires were swapped
        return self._expect_no_more()

    def _expect_no_more(self) -> Out:
        leg, self.leg = self.leg, None
        self._enter(State.IDLE)
        return [CloseLeg(leg)] if leg is not None else []

    # ------------------------------------------------------------------ ringing

    def _first_ring(self, fact: RingingStarted, now: Now) -> Out:
        opened = self._open_for_caller_id() if self.leg is None else []
        known = self._caller is not NO_BURST  # heard before the ring, if only why it is withheld
        if known or fact.burst > 1:  # rang before we or the media host were there: do not linger
            return [*opened, *self._arrive(now)]
        self._enter(State.IDENTIFYING, now.mono_s + self.country.first_burst_s + CALLER_ID_S)
        return opened

    def _caller_id(self, fact: CallerIdHeard, now: Now) -> Out:
        self._caller = callerid.parse(fact.data) if fact.ok else BAD_BURST
        return self._arrive(now) if self.state is State.IDENTIFYING else []

    def _next_ring(self, fact: RingingStarted, now: Now) -> Out:
        return self._arrive(now) if fact.burst > 1 else []

    def _arrive(self, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.RINGING)
        return [LegArrived(self.leg, self.line, self._caller, "")]

    def _ringing_stopped(self, fact: RingingStopped, now: Now) -> Out:
        told = self.state is State.RINGING
        leg, self.leg = self.leg, None
        self._enter(State.IDLE)
        if leg is None:
            return []
        ended: Out = [LegEnded(leg, Cause.NORMAL, by_far_end=True)] if told else []
        return [CloseLeg(leg), *ended]

    def _answer(self, order: Answer, now: Now) -> Out:
        if self.state is not State.RINGING:
            return []
        self._enter(State.TALKING)
        self._answered_s = now.mono_s
        return [SeizeLine(self.line), self._listen(order.leg, DIAL_TONE_GONE_S)]
