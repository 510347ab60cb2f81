# SPDX-License-Identifier: GPL-2.0-or-later
"""Ring people at once for a bounded time; the first to answer talks.

The others keep ringing until the answer is confirmed: who lifts and hangs up at once has not
taken the call (Asterisk issue 1557 drops the caller there). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import Activity
from firmware.calls.cause import why_not
from firmware.calls.rings import Rings
from firmware.routing.steps import Result
from firmware.values import Cause, RingClass

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.leg import Leg

CONFIRM_S = 1.0  # a lifted handset that stays up this long has taken the call


class Offer(Activity):
    """A ring group; see `firmware.calls.person` for one person with his forwards."""

    name = "ringing"
    can_move = True

    def __init__(self, call: Call, extensions: tuple[str, ...], timeout_s: float) -> None:
        super().__init__(call)
        self.extensions = extensions
        self.timeout_s = timeout_s
        self.rings = Rings(call)
        self._gives_up_at = 0.0
        self._some_busy = False
        self.talking = False  # answered, not yet confirmed

    def start(self) -> None:
        """Ring whoever can be rung."""
        for extension in self.extensions:
            self._ring_person(extension)
        if not self.rings:
            self.nobody(Result.BUSY if self._some_busy else Result.NO_ANSWER)
            return
        self.wait(self.timeout_s)
        self._gives_up_at = self.ctx.now.mono_s + self.timeout_s
        self.ringback()

    def _ring_person(self, extension: str) -> None:
        why = self.ctx.agents.why_not_rung(extension)
        if why:
            self._some_busy = self._some_busy or why == "busy"
            self.call.write("skipped", extension=extension, why=why)
            return
        for line in self.ctx.agents.free_lines(extension):
            self.rings.start(extension, line, self.ring_class())

    def ring_class(self) -> RingClass:
        """How it rings."""
        return self.call.party().ring_class

    def nobody(self, result: Result) -> None:
        """Nobody took it."""
        self.finish(result)

    # ------------------------------------------------------------------ answers

    def on_answered(self, leg: Leg) -> None:
        """Somebody lifted; one who is too late is let go."""
        if self.talking:
            self.rings.end(leg, "answered-elsewhere")
            self.ctx.release(leg, Cause.ANSWERED_ELSEWHERE)
            return
        self.rings.end(leg, "answered")
        self.take(leg)

    def take(self, leg: Leg) -> None:
        """Let the party talk to who answered or picked up."""
        self.talking = True
        self.call.connect(leg)
        if self.rings:
            self.wait(CONFIRM_S)
        else:
            self.confirm()

    def confirm(self) -> None:
        """The answer is certain."""
        if self.talking:
            self.rings.stop("answered-elsewhere", Cause.ANSWERED_ELSEWHERE)
            self.finish(Result.ANSWERED)

    def on_peer_lost(self, leg: Leg) -> bool:
        """Lifted and put down at once: the others ring on."""
        self.talking = False
        self.call.disconnect()
        self.call.write("answer-lost", extension=leg.owner, line=leg.line)
        self.deadline = self._gives_up_at
        self.ringback()
        return True

    def on_leg_ended(self, leg: Leg, cause: Cause) -> None:
        """A telephone stopped ringing by itself: busy, refused, unreachable."""
        self.rings.end(leg, why_not(cause))
        self._some_busy = self._some_busy or cause in (Cause.BUSY, Cause.REJECTED)
        if self.rings:
            return
        if self.talking:
            self.finish(Result.ANSWERED)
        else:
            self.nobody(Result.BUSY if self._some_busy else Result.NO_ANSWER)

    # ------------------------------------------------------------------ the rest

    def on_timer(self) -> None:
        """Confirmed, or rung long enough."""
        if self.talking:
            self.confirm()
            return
        self.rings.stop("no-answer", Cause.NO_ANSWER)
        self.nobody(Result.NO_ANSWER)

    def moved(self) -> None:
        """Somebody else waits now."""
        self.ringback()

    def hand_over(self, call: Call) -> None:
        """Ring on for another call."""
        self.call = call
        self.rings.hand_over(call)

    def stop(self, why: str) -> None:
        """Nobody waits any more."""
        self.rings.stop(why)
