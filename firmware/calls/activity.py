# SPDX-License-Identifier: GPL-2.0-or-later
"""What a party is going through before (or instead of) a talk: the base of all activities.

A call keeps a stack of them; the top one gets the facts. An activity ends by `finish`, the one
below resumes with the outcome. Every activity has a deadline, so every state leaves by timer at
the latest. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.effects import Alert, Indicate
from firmware.events import PlayEnded, RecordEnded
from firmware.routing.steps import Outcome, Result
from firmware.values import Cause, ToneName

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.leg import Leg

PROMPT_LIMIT_S = 300.0  # longest sequence of prompts; media that never ends it must not hang a call


class Activity:
    """Base: does nothing, waits for its deadline, then counts as done."""

    name = "activity"
    can_move = False  # may be handed to another party by a blind transfer

    def __init__(self, call: Call) -> None:
        self.call = call
        self.ctx = call.ctx
        self.deadline: float | None = None  # monotonic s

    # ------------------------------------------------------------------ what happens to it

    def start(self) -> None:
        """It became the top of the stack for the first time."""

    def resume(self, outcome: Outcome) -> None:
        """The activity above ended without an answer."""
        self.finish(outcome.result)

    def answered(self) -> None:
        """An activity above was answered; nothing on the stack goes on."""

    def moved(self) -> None:
        """The party served is another one now, or hears us again after a lost answer."""

    def confirm(self) -> None:
        """Take an answer for certain before its time (the talk is put on hold or moved)."""

    def hand_over(self, call: Call) -> None:
        """It goes to another call, by a transfer; `moved` follows."""
        self.call = call

    def stop(self, why: str) -> None:
        """It ends because its party is gone; let go of everything it holds."""

    def on_digit(self, digit: str) -> bool:
        """A key of the party; False when not interested (it is kept for later)."""
        return False

    def early_leg(self) -> Leg | None:
        """The leg whose tones the party hears before an answer."""
        return None

    def on_alerting(self, leg: Leg, early_media: bool) -> None:
        """A leg it originated rings."""

    def on_answered(self, leg: Leg) -> None:
        """A leg it originated was answered."""

    def on_leg_ended(self, leg: Leg, cause: Cause) -> None:
        """A leg it originated ended."""

    def on_peer_lost(self, leg: Leg) -> bool:
        """The peer hung up; True when the activity goes on as if he had never answered."""
        return False

    def on_play_ended(self, fact: PlayEnded) -> None:
        """A prompt was played to the end."""

    def on_record_ended(self, fact: RecordEnded) -> None:
        """A recording was closed."""

    def on_timer(self) -> None:
        """The deadline is over."""
        self.finish(Result.DONE)

    def next_timeout(self) -> float | None:
        """Monotonic second at which `on_timer` is due."""
        return self.deadline

    # ------------------------------------------------------------------ what it does

    def finish(self, result: Result, digits: str = "", cause: Cause | None = None) -> None:
        """End with this outcome."""
        self.deadline = None
        self.call.finished(self, Outcome(result, digits), cause)

    def replace(self, activity: Activity) -> None:
        """Make way for another activity, which reports to whoever waits below."""
        self.deadline = None
        self.call.stack.remove(self)
        self.call.begin(activity)

    def wait(self, seconds: float) -> None:
        """Set the deadline."""
        self.deadline = self.ctx.now.mono_s + seconds

    def ringback(self) -> None:
        """Let the party hear that somebody rings."""
        served = self.call.party()
        if self.call.hears(served):
            served.sounding = True
            self.ctx.emit(Indicate(served.id, ToneName.RINGBACK))
        else:
            self.ctx.emit(Alert(served.id))
