# SPDX-License-Identifier: GPL-2.0-or-later
"""Call a number outside: the first line that is free, the next when that line is to blame.

The caller hears the tones of an exchange line while it is dialled (there is no other sign of
progress); behind a SIP trunk he hears ringback of ours until somebody answers. An emergency call
takes any trunk, and a line away from another talk when none is free. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import Activity
from firmware.calls.announce import Announce
from firmware.calls.cause import NEXT_LINE_CAUSES, why_not
from firmware.calls.states import LegState
from firmware.routing.steps import Result, ToOutside
from firmware.values import Cause, LineId, LineKind, RingClass

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.leg import Leg

DIAL_LIMIT_S = 120.0  # exchanges give up ringing after 60-120 s
CLEAR_LIMIT_S = 10.0  # for a line taken from another talk to come free
CLEAR_POLL_S = 0.2


class OutsideCall(Activity):
    """One number, several lines in order of choice."""

    name = "dialling"
    can_move = True

    def __init__(self, call: Call, to: ToOutside, timeout_s: float = DIAL_LIMIT_S) -> None:
        super().__init__(call)
        self.number = to.number
        self._emergency = to.emergency
        self._timeout_s = timeout_s
        self._lines = list(call.table.trunk_lines(to.trunks))
        if to.emergency:
            self._lines += [line for line in self._every_line() if line not in self._lines]
        self._leg: Leg | None = None
        self._since = 0.0
        self._alerted = False
        self._cause = Cause.NO_CIRCUIT
        self._clearing = 0.0  # until when we wait for a line taken away, monotonic s

    def _every_line(self) -> tuple[LineId, ...]:
        return self.call.table.trunk_lines(tuple(self.call.table.trunks))

    def start(self) -> None:
        """Dial on the first free line."""
        self.call.emergency = self.call.emergency or self._emergency
        self._next_line()

    def _next_line(self) -> None:
        line = next((line for line in self._lines if self.ctx.usable(line)), None)
        if line is not None:
            self._lines.remove(line)
            self._dial(line)
        elif not self._clear_line():
            self._failed()

    def _dial(self, line: LineId) -> None:
        self._write_begin(line)
        ring = RingClass.EXTERNAL
        self._leg = self.ctx.originate(self.call, line, self.number, self.call.shown(), ring)
        self.wait(self._timeout_s)

    # ------------------------------------------------------------------ progress

    def on_alerting(self, leg: Leg, early_media: bool) -> None:
        """It rings: the line's own tones, or ours."""
        if early_media and leg.kind is LineKind.FXO:
            self.call.early(leg)
        elif not self._alerted:
            self.ringback()
        self._alerted = True

    def early_leg(self) -> Leg | None:
        """The line being dialled."""
        return self._leg

    def on_answered(self, leg: Leg) -> None:
        """Through."""
        self._write_end("answered")
        self.call.connect(leg, supervision=leg.supervision.value)
        self.finish(Result.ANSWERED)

    def on_leg_ended(self, leg: Leg, cause: Cause) -> None:
        """This line did not get through; another may."""
        self._leg, self._cause = None, cause
        self.call.unearly()
        self._write_end(why_not(cause), cause)
        if cause is Cause.NO_CIRCUIT and self.ctx.now.mono_s < self._clearing:
            self._lines.append(leg.line)  # just released: the exchange needs a moment
            self.wait(CLEAR_POLL_S)
        elif cause in NEXT_LINE_CAUSES:
            self._next_line()
        elif cause is Cause.BUSY:
            self.finish(Result.BUSY, cause=cause)
        elif cause in (Cause.NO_ANSWER, Cause.NO_USER_RESPONSE):
            self.finish(Result.NO_ANSWER, cause=cause)
        else:
            self.finish(Result.FAILED, cause=cause)

    def on_timer(self) -> None:
        """Nobody answers, or a line taken away is free by now."""
        if self._leg is None:
            self._next_line()
            return
        self._drop("no-answer")
        self.finish(Result.NO_ANSWER)

    def _failed(self) -> None:
        """No line left; staff are told, a scheme goes its own way."""
        if len(self.call.stack) > 1 or self._cause is not Cause.NO_CIRCUIT:
            self.finish(Result.FAILED, cause=self._cause)
            return
        prompt = "emergency_no_line" if self._emergency else "no_free_line"
        self.call.excused = True
        self.replace(Announce(self.call, (prompt,), Cause.NO_CIRCUIT))

    # ------------------------------------------------------------------ emergency

    def _clear_line(self) -> bool:
        """Take a line from another talk; True while there is one to wait for."""
        if not self._emergency:
            return False
        now = self.ctx.now.mono_s
        if self._clearing:
            waiting = now < self._clearing
        else:
            waiting = self._preempt()
            self._clearing = now + CLEAR_LIMIT_S
        if waiting:
            self.deadline = now + CLEAR_POLL_S
        return waiting

    def _preempt(self) -> bool:
        """End one call that is no emergency on one of our lines."""
        for line in self._lines:
            leg = self.ctx.leg_on(line)
            if leg is None or line in self.ctx.out_of_service:
                continue
            if leg.state is LegState.RELEASING:
                return True
            if leg.call is not None and not leg.call.emergency:
                leg.call.write("preempted", line=line, by=self.call.id)
                leg.call.hang_up(Cause.NORMAL)
                return True
        return False

    # ------------------------------------------------------------------ the rest

    def moved(self) -> None:
        """Somebody else waits now."""
        if self._leg is not None and self._alerted and self._leg.kind is LineKind.FXO:
            self.call.early(self._leg)
        else:
            self.ringback()

    def hand_over(self, call: Call) -> None:
        """Go on for another call; the attempt ends in this record and begins in the other one."""
        leg = self._leg
        if leg is not None:
            self._write_end("transferred")
        super().hand_over(call)
        call.emergency = call.emergency or self._emergency
        if leg is not None:
            leg.call = call
            self._write_begin(leg.line)

    def stop(self, why: str) -> None:
        """Nobody waits any more."""
        self._drop(why)

    def _drop(self, why: str) -> None:
        leg, self._leg = self._leg, None
        if leg is not None:
            self.call.unearly()
            self._write_end(why)
            self.ctx.release(leg, Cause.NORMAL)

    def _write_begin(self, line: LineId) -> None:
        """Every `dialling` in a record is followed by one `dialling-ended` there."""
        self._since = self.ctx.now.mono_s
        self.call.write("dialling", number=self.number, line=line)

    def _write_end(self, why: str, cause: Cause | None = None) -> None:
        data: dict[str, object] = {} if cause is None else {"cause": int(cause)}
        seconds = round(self.ctx.now.mono_s - self._since, 3)
        self.call.write("dialling-ended", number=self.number, seconds=seconds, why=why, **data)
