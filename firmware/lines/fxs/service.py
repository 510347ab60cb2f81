# SPDX-License-Identifier: GPL-2.0-or-later
"""The FXS port in and out of service: the card, the media host, talks from before a restart."""

from __future__ import annotations

from firmware.clock import Now
from firmware.effects import CloseLeg, Detect, StopRinging
from firmware.events import (
    LegAdopted,
    LegEnded,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    PortState,
)
from firmware.lines.fxs.handset import Handset
from firmware.lines.fxs.state import CARD_WAIT_S, IN_SERVICE, OFF_HOOK, State
from firmware.lines.machine import Out
from firmware.values import Cause, LegId


class Service(Handset):
    """Whether the port can carry a call, and what the card says it carries already."""

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
        if not fact.off_hook and self.state in OFF_HOOK:
            return self._put_down(now)
        if self.state is State.ADOPTED:
            self._enter(State.TALKING)
        return []

    def _media_down(self, fact: MediaDown | MediaFailed, now: Now) -> Out:
        if self.leg is None:
            return []
        ringing = self.state is State.RINGING
        out = self._end(Cause.NETWORK_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.IDLE if ringing else State.PARKED)
        return [*([StopRinging(self.line)] if ringing else []), *out]
