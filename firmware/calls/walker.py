# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes one caller through a scheme: each step of the walk becomes an activity.

What a step may answer is fixed by the table's interpreter (`firmware.routing.walk`); activities
that can end in more ways are brought down to that here. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from firmware.calls.activity import Activity
from firmware.calls.announce import Announce
from firmware.calls.inputs import ExtensionInput, KeyInput
from firmware.calls.offer import Offer
from firmware.calls.outside import OutsideCall
from firmware.calls.person import PersonCall
from firmware.calls.queue import QueueWait
from firmware.calls.voicemail import Deposit
from firmware.routing.steps import (
    DialStep,
    HangUpStep,
    MenuStep,
    OfferStep,
    Outcome,
    OutsideStep,
    PlayStep,
    QueueStep,
    Result,
    Step,
    ToOutside,
    VoicemailStep,
)

if TYPE_CHECKING:
    from firmware.calls.call import Call

_OTHERWISE: Mapping[type, tuple[frozenset[Result], Result]] = {
    PlayStep: (frozenset(), Result.DONE),
    MenuStep: (frozenset({Result.PRESSED}), Result.NO_INPUT),
    DialStep: (frozenset({Result.PRESSED}), Result.NO_INPUT),
    QueueStep: (frozenset({Result.EMPTY, Result.FULL}), Result.TIMEOUT),
    OfferStep: (frozenset({Result.BUSY}), Result.NO_ANSWER),
    OutsideStep: (frozenset({Result.BUSY, Result.NO_ANSWER}), Result.FAILED),
    VoicemailStep: (frozenset({Result.FULL}), Result.DONE),
}
"""For each step the outcomes it passes on (beside ANSWERED), and what all others count as."""


class Walker(Activity):
    """The scheme of a caller."""

    name = "scheme"

    def __init__(self, call: Call, scheme: str) -> None:
        super().__init__(call)
        self.scheme = scheme
        self._passed = 0  # entries of the walk's path that are in the record

    def start(self) -> None:
        """Enter the scheme."""
        self.call.write("scheme", scheme=self.scheme)
        self._walk = self.call.table.walk(self.scheme, self.call.shown(), self.ctx.now)
        self._follow(self._walk.step)

    def resume(self, outcome: Outcome) -> None:
        """A step is done: the next one."""
        step = self._walk.step
        passed, other = _OTHERWISE[type(step)]
        if outcome.result not in passed:
            outcome = Outcome(other)
        self._follow(self._walk.resume(outcome, self.ctx.now))

    def answered(self) -> None:
        """A person took the caller: the walk is over."""
        self._walk.resume(Outcome(Result.ANSWERED), self.ctx.now)
        self._write_path()

    def _follow(self, step: Step | None) -> None:
        self._write_path()
        assert step is not None
        self.call.write("block", block=step.block)
        self.call.blocks.append(step.block)
        self.call.forwards.clear()
        if isinstance(step, HangUpStep):
            self.call.stack.clear()
            self.call.hang_up(step.cause)
        else:
            self.call.begin(_ACTIVITIES[type(step)](self.call, step))

    def _write_path(self) -> None:
        path = self._walk.path
        for passed in path[self._passed :]:
            if passed.step is None:
                self.call.write("block", block=passed.block, outcome=passed.outcome)
            else:
                self.call.write("passed", block=passed.block, outcome=passed.outcome)
        self._passed = len(path)

    def hand_over(self, call: Call) -> None:
        """The scheme goes on for another party."""
        call.blocks = self.call.blocks
        super().hand_over(call)


def _offer(call: Call, step: OfferStep) -> Activity:
    if len(step.extensions) == 1:
        return PersonCall(call, step.extensions[0], step.timeout_s)
    return Offer(call, step.extensions, step.timeout_s)


def _queue(call: Call, step: QueueStep) -> Activity:
    return QueueWait(call, call.table.queues[step.queue], step.max_wait_s)


def _outside(call: Call, step: OutsideStep) -> Activity:
    return OutsideCall(call, ToOutside(step.number, step.trunks), step.timeout_s)


def _deposit(call: Call, step: VoicemailStep) -> Activity:
    return Deposit(call, step.mailbox, step.prompts, step.max_s)


_ACTIVITIES: Mapping[type, Callable[[Any, Any], Activity]] = {
    PlayStep: lambda call, step: Announce(call, step.prompts),
    MenuStep: lambda call, step: KeyInput(call, step.prompts, step.timeout_s),
    DialStep: lambda call, step: ExtensionInput(call, step),
    QueueStep: _queue,
    OfferStep: _offer,
    OutsideStep: _outside,
    VoicemailStep: _deposit,
}
