# SPDX-License-Identifier: GPL-2.0-or-later
"""The FXO port in and out of service: the card, the battery, talks from before a restart."""

from __future__ import annotations

from firmware.clock import Now
from firmware.effects import ClearAlarm, CloseLeg, RaiseAlarm, ReleaseLine
from firmware.events import (
    BatteryChanged,
    LegAdopted,
    LegEnded,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    PortState,
)
from firmware.lines.fxo.loop import Loop
from firmware.lines.fxo.state import CARD_WAIT_S, CLAIM_WAIT_S, LOOP_CLOSED, State
from firmware.lines.machine import Out
from firmware.values import Cause, LegId


class Service(Loop):
    """Whether the line can carry a call, and what the card says it carries already."""

    # ------------------------------------------------------------------ card and media

    def restore(self, leg: LegId, tag: str, now: Now) -> Out:
        """Take over a talk that went on while the exchange was away."""
        adopted: Out = [LegAdopted(leg, self.line, tag)]
        if self.state is State.IDLE:  # the card said that the loop is open by now
            return [*adopted, CloseLeg(leg), LegEnded(leg, Cause.NORMAL, by_far_end=True)]
        self.leg = leg
        if self.state is State.OUT_OF_SERVICE:
            self._enter(State.ADOPTED, now.mono_s + CARD_WAIT_S)
            return [self._listen(leg), *adopted]
        self._enter(State.TALKING)
        return [self._listen(leg), *adopted, self._in_service()]

    def _port_state(self, fact: PortState, now: Now) -> Out:
        """The card told the whole truth after its hello."""
        if self.state in LOOP_CLOSED:
            return self._check_loop(fact, now)
        if self.state is not State.OUT_OF_SERVICE:
            return self._check_idle(fact)
        self._idle_reversed, self._battery = fact.reversed, fact.battery
        if fact.off_hook:
            self._enter(State.UNCLAIMED, now.mono_s + CLAIM_WAIT_S)
            return []
        if not fact.battery:
            return [self._no_battery()]
        self._enter(State.IDLE)
        return [*self._battery_alarm_over(), self._in_service()]

    def _check_idle(self, fact: PortState) -> Out:
        """No talk here: one that was adopted may have ended before the card was heard."""
        left: Out = [ReleaseLine(self.line)] if fact.off_hook else []
        return [*left, self._in_service()] if fact.battery else left

    def _check_loop(self, fact: PortState, now: Now) -> Out:
        self._battery = fact.battery
        dropped = not fact.battery and self.settings.by_loop_drop
        service: Out = [self._in_service()] if self.state is State.ADOPTED else []
        if not fact.off_hook or dropped:
            return [*service, *self._far_end_gone(Cause.NORMAL, now)]
        if self.state is State.ADOPTED:
            self._enter(State.TALKING)
        return service

    def _unclaimed(self, now: Now) -> Out:
        """Nobody knows of a talk on it: the exchange was killed before there was one."""
        self._enter(State.GUARD, now.mono_s + self.country.guard_s)
        return [ReleaseLine(self.line), self._in_service()]

    def _in_service(self) -> LineServiceChanged:
        return LineServiceChanged(self.line, True, "card in service")

    def _media_down(self, fact: MediaDown | MediaFailed, now: Now) -> Out:
        if self.leg is None:
            return []
        return self._hang_up(Cause.NETWORK_OUT_OF_ORDER, now)

    # ------------------------------------------------------------------ battery

    def _battery_idle(self, fact: BatteryChanged, now: Now) -> Out:
        return [] if fact.present else self._without_battery()

    def _without_battery(self) -> Out:
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=True)
        self._enter(State.OUT_OF_SERVICE)
        return [*out, self._no_battery(), LineServiceChanged(self.line, False, "no battery")]

    def _battery_back(self, fact: BatteryChanged, now: Now) -> Out:
        if not fact.present:
            return []
        self._enter(State.IDLE)
        service = LineServiceChanged(self.line, True, "battery present")
        return [*self._battery_alarm_over(), service]

    def _no_battery(self) -> RaiseAlarm:
        self._alarmed = True
        text = f"No battery on {self.line}: check the cable to the exchange line."
        return RaiseAlarm(f"battery:{self.line}", text)

    def _battery_alarm_over(self) -> Out:
        alarmed, self._alarmed = self._alarmed, False
        return [ClearAlarm(f"battery:{self.line}")] if alarmed else []

    def _guard_over(self, now: Now) -> Out:
        """A loop that dropped to tell the end of the talk is back by now; a cut line is not."""
        self._enter(State.IDLE)
        return [] if self._battery else self._without_battery()
