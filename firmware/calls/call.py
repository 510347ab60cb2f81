# SPDX-License-Identifier: GPL-2.0-or-later
"""One call: the party served, the party it talks to, and what it goes through meanwhile.

A call has no more than two parties; who consults somebody else does it in a second call and has
the first on hold (`firmware.calls.transfer`). The call is over when its last party is let go:
`end` writes the record's last event and takes it off the switch, exactly once. Pure.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING

from firmware.calls import transfer
from firmware.calls.cause import cause_of
from firmware.calls.leg import Leg
from firmware.calls.states import LegState, Talk
from firmware.effects import LeaveBridge, SendDigits, TagLeg
from firmware.routing.steps import Outcome, Result
from firmware.values import CallId, Cause, LineId, Party

if TYPE_CHECKING:
    from firmware.calls.activity import Activity
    from firmware.calls.context import Context
    from firmware.routing.steps import Destination
    from firmware.routing.table import Table

MAX_DIGITS = 32  # keys kept for a step that is yet to come


class Call:
    """One record, one owner."""

    def __init__(self, ctx: Context, id: CallId, table: Table, served: Leg, direction: str) -> None:
        self.ctx = ctx
        self.id = id
        self.table = table
        self.direction = direction  # "in", "internal", "out"
        self.served: Leg | None = served
        self.peer: Leg | None = None
        self.origin = served  # whose side of the record is the caller's
        self.dialled = ""
        self.caller = served.party
        self.stack: list[Activity] = []
        self.talk = Talk.NONE
        self.holder: Leg | None = None  # who put the other party on hold
        self.bridge = int(ctx.ids.new_leg())
        self.recall: tuple[str, LineId] | None = None  # who gets it back if a transfer fails
        self.excused = False  # the party was told why it failed
        self.emergency = False
        self.forwards: list[str] = []
        self.busy_tone_s = 0.0  # trailing tone in the audio of the party that left
        self.began = ctx.now.mono_s
        self.talk_began = 0.0
        self.blocks: list[str] = []
        self._keys: deque[str] = deque(maxlen=MAX_DIGITS)
        served.call = self
        ctx.calls[id] = self

    # ------------------------------------------------------------------ parties

    def party(self) -> Leg:
        """The party served; only asked while there is one."""
        assert self.served is not None
        return self.served

    def other(self, leg: Leg) -> Leg | None:
        """The party that is not this one."""
        return self.peer if leg is self.served else self.served

    def hears(self, leg: Leg) -> bool:
        """Whether prompts reach the party."""
        return leg.state is LegState.ANSWERED

    def ears(self) -> Leg:
        """Make sure that the party served hears us."""
        served = self.party()
        if not self.hears(served):
            self.ctx.answer(served)
            self.tag(served)
        return served

    def play(self, keys: tuple[str, ...], loop: bool = False) -> int:
        """Play prompts to the party served; 0 when nothing can be played."""
        return self.ctx.play(self.ears(), keys, loop)

    def write(self, kind: str, /, **data: object) -> None:
        """Append an event to the record."""
        self.ctx.write(self.id, kind, **data)

    def shown(self) -> Party:
        """Who the called telephone sees."""
        served = self.served
        return self.caller if served is None else served.party

    # ------------------------------------------------------------------ activities

    @property
    def top(self) -> Activity | None:
        """What the party goes through now."""
        return self.stack[-1] if self.stack else None

    def begin(self, activity: Activity) -> None:
        """Put an activity on top and start it."""
        self.stack.append(activity)
        activity.start()

    def go(self, destination: Destination) -> None:
        """Send the party to where a number leads."""
        self.begin(self.ctx.activity_for(self, destination))

    def finished(self, activity: Activity, outcome: Outcome, cause: Cause | None) -> None:
        """The top activity is over: resume what waits below it, or give the attempt up."""
        if activity not in self.stack:
            return
        del self.stack[self.stack.index(activity) :]
        if outcome.result is Result.ANSWERED:
            below, self.stack = self.stack, []
            for waiting in reversed(below):
                waiting.answered()
        elif self.stack:
            self.stack[-1].resume(outcome)
        else:
            self.give_up(cause if cause is not None else cause_of(outcome.result))

    def give_up(self, cause: Cause) -> None:
        """Nothing more to try for the party served."""
        if not transfer.failed(self, cause):
            self.hang_up(cause)

    def hang_up(self, cause: Cause) -> None:
        """We end the call."""
        self.end(cause, "exchange")

    def stop_activities(self, why: str) -> None:
        """End all activities without outcome."""
        while self.stack:
            self.stack.pop().stop(why)

    # ------------------------------------------------------------------ keys

    def on_digit(self, leg: Leg, digit: str, in_band: bool) -> None:
        """A key; kept from the first moment on until a step wants it. In a talk it is private."""
        if not in_band and self.talk in (Talk.TALK, Talk.EARLY):
            self._pass_on(leg, digit)
        if leg is not self.served or self.top is None:
            return
        if not self.top.on_digit(digit):
            self._keys.append(digit)

    def _pass_on(self, leg: Leg, digit: str) -> None:
        """What a bridge does not carry: a key that is no sound in the party's audio."""
        early = self.top.early_leg() if self.top is not None else None
        other = early if self.talk is Talk.EARLY else self.other(leg)
        if other is not None:
            self.ctx.emit(SendDigits(other.id, digit))

    def take_key(self) -> str:
        """The oldest kept key, "" when there is none."""
        return self._keys.popleft() if self._keys else ""

    # ------------------------------------------------------------------ talk

    def connect(self, leg: Leg, **how: object) -> None:
        """A party answered: both hear each other."""
        served = self.party()
        self.ctx.answer(served)
        was_early = self.talk is Talk.EARLY
        leg.state, self.talk_began = LegState.ANSWERED, self.ctx.now.mono_s
        self._seat(leg)
        if not was_early:
            self.ctx.join(self.bridge, served, leg)
        self.write("answered", line=leg.line, extension=leg.owner, number=leg.party.number, **how)
        self.tag(served)
        self.tag(leg)

    def _seat(self, leg: Leg) -> None:
        """A party takes the place that is free; the caller's, if the caller has left."""
        self.peer, leg.call, self.talk = leg, self, Talk.TALK
        if self.origin not in (self.served, leg):
            self.origin = leg

    def early(self, leg: Leg) -> None:
        """Let the party hear the tones of the line that is being dialled."""
        served = self.ears()
        self.talk = Talk.EARLY
        self.ctx.join(self.bridge, served, leg)

    def unearly(self) -> None:
        """The line that was heard is gone."""
        if self.talk is Talk.EARLY and self.served is not None and self.hears(self.served):
            self.talk = Talk.NONE
            self.ctx.emit(LeaveBridge(self.served.id))

    def disconnect(self) -> Leg | None:
        """The talk is undone (the one who lifted hung up at once); tells who left."""
        peer, self.peer, self.talk = self.peer, None, Talk.NONE
        self.ctx.emit(LeaveBridge(self.party().id))
        return peer

    def settle(self) -> None:
        """Whoever answered is the one: nobody else rings any more."""
        if self.top is not None:
            self.top.confirm()

    def hold(self, holder: Leg, music: str = "hold_music") -> None:
        """One party puts the other on hold: music."""
        held = self.other(holder)
        assert held is not None
        self.talk, self.holder = Talk.HELD, holder
        self.ctx.part(holder, held)
        self.ctx.play(held, (music,), loop=True)
        self.write("held", by=self.side(holder))
        self.tag(held)

    def unhold(self) -> None:
        """Both hear each other again."""
        assert self.served is not None and self.peer is not None
        self.talk, self.holder = Talk.TALK, None
        self.ctx.join(self.bridge, self.served, self.peer)
        self.write("resumed")
        self.tag(self.served)
        self.tag(self.peer)

    def side(self, leg: Leg | None) -> str:
        """Which side of the record a leg is."""
        return "caller" if leg is self.origin else "called"

    # ------------------------------------------------------------------ the end

    def on_ended(self, leg: Leg, cause: Cause, by_far_end: bool, busy_tone_s: float) -> None:
        """A leg of this call is over."""
        self.busy_tone_s = busy_tone_s
        if leg is not self.served and leg is not self.peer:
            if self.top is not None:
                self.top.on_leg_ended(leg, cause)
            return
        if leg is self.peer and self.top is not None and self.top.on_peer_lost(leg):
            return
        self.end(cause, self.side(leg) if by_far_end else "line")

    def end(self, cause: Cause, by: str) -> None:
        """Let everybody go and close the record. Second calls are void."""
        if self.ctx.calls.pop(self.id, None) is None:
            return
        self.stop_activities("ended" if by == "exchange" else "caller-gone")
        parties = [leg for leg in (self.served, self.peer) if leg is not None]
        self.served = self.peer = self.holder = None
        self.talk = Talk.NONE
        self.write("ended", cause=int(cause), by=by)
        for leg in parties:
            transfer.let_go(self, leg, cause)

    def leave(self, leg: Leg) -> None:
        """A party goes away without ending the call; who stays is served."""
        if leg is self.served:
            self.served = self.peer
        self.peer = self.holder = None
        self.talk = Talk.NONE

    def meet(self, leg: Leg) -> None:
        """The party served is connected to one that has answered elsewhere before."""
        self._seat(leg)
        self.ctx.join(self.bridge, self.party(), leg)
        self.tag(self.party())
        self.tag(leg)

    # ------------------------------------------------------------------ after a restart

    def tag(self, leg: Leg) -> None:
        """Keep with the leg's audio what a new exchange needs to take the talk over."""
        talk = {
            "call": self.id,
            "bridge": self.bridge,
            "direction": self.direction,
            "side": self.side(leg),
            "served": leg is self.served,
            "talk": self.talk.value,
            "number": leg.party.number,
            "name": leg.party.name,
            "wrap_up_s": leg.wrap_up_s,
        }
        self.ctx.emit(TagLeg(leg.id, json.dumps({"talk": talk}, ensure_ascii=False)))
