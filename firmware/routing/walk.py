# SPDX-License-Identifier: GPL-2.0-or-later
"""The interpreter: one caller's way through a compiled scheme, step by step.

`Walk.step` is what to do now; `Walk.resume` takes how it went and moves on. Working-time checks
and jumps cost no time. A walk never waits, plays or rings itself: the call machine does (in real
time), and so do the what-if trace and the tests (in virtual time). A menu or extension dialling
is entered at most `MAX_VISITS` times, then it leads straight to its `otherwise`; with the proof
that no other loop exists, every walk ends. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from firmware.clock import Now
from firmware.errors import LocalError
from firmware.routing.ops import CallOut, Dial, End, Enqueue, Hours, Menu, Offer, Op, Play, Record
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
    VoicemailStep,
)
from firmware.values import Party

if TYPE_CHECKING:
    from firmware.routing.table import Table

MAX_VISITS = 10
"""Times a caller may come back to one menu: enough for a lost person, the end for a machine."""

LEGAL: dict[type, frozenset[Result]] = {
    PlayStep: frozenset({Result.DONE}),
    MenuStep: frozenset({Result.PRESSED, Result.NO_INPUT}),
    DialStep: frozenset({Result.PRESSED, Result.NO_INPUT}),
    QueueStep: frozenset({Result.ANSWERED, Result.TIMEOUT, Result.EMPTY, Result.FULL}),
    OfferStep: frozenset({Result.ANSWERED, Result.NO_ANSWER, Result.BUSY}),
    OutsideStep: frozenset({Result.ANSWERED, Result.NO_ANSWER, Result.BUSY, Result.FAILED}),
    VoicemailStep: frozenset({Result.DONE, Result.FULL}),
    HangUpStep: frozenset(),
}
"""Outcomes that may answer each step."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One block that the caller is through with."""

    block: str
    outcome: str  # "open", "pressed 1", "no answer" ...
    step: Step | None = None  # what was asked; None for checks that cost no time


class Walk:
    """One caller in one scheme of one table."""

    def __init__(self, table: Table, scheme: str, caller: Party, now: Now) -> None:
        """Begin at the start of `scheme`, which must exist in the table."""
        self.table = table
        self.scheme = scheme
        self.caller = caller
        self.answered = False
        self._path: list[Passed] = []
        self._keys: list[str] = []
        self._visits: dict[int, int] = {}
        self._round = 1  # of the menu or extension dialling that is current
        self._wrong = False  # play its "invalid" prompt before its own
        self._at = table.data.schemes[scheme]
        self._step: Step | None = None
        self._enter(self._at, now)

    @property
    def step(self) -> Step | None:
        """What to do now; None when the caller talks to somebody and the walk is over."""
        return self._step

    @property
    def path(self) -> tuple[Passed, ...]:
        """Blocks passed so far, with how each ended."""
        return tuple(self._path)

    @property
    def keys(self) -> str:
        """Every key the caller pressed, menus and extensions alike."""
        return "".join(self._keys)

    def resume(self, outcome: Outcome, now: Now) -> Step | None:
        """Go on from the current step; the next step, or None once somebody answered.

        LocalError when the outcome cannot answer the current step; nothing changes then.
        """
        step = self._step
        if step is None or outcome.result not in LEGAL[type(step)]:
            raise LocalError(f"{outcome} does not answer the step {step}.")
        if outcome.result is Result.PRESSED and not outcome.digits:
            raise LocalError("PRESSED without digits.")
        self._keys.append(outcome.digits)
        words = outcome.result.value + (f" {outcome.digits}" if outcome.digits else "")
        self._path.append(Passed(step.block, words, step))
        if outcome.result is Result.ANSWERED:
            self.answered, self._step = True, None
        else:
            self._follow(self._op(), outcome, now)
        return self._step

    # ------------------------------------------------------------------ from one block to another

    def _op(self) -> Op:
        return self.table.data.ops[self._at]

    def _enter(self, at: int, now: Now) -> None:
        """Go to an operation, through those that cost no time."""
        self._round, self._wrong = 1, False
        while True:
            self._at = at
            op = self._op()
            if isinstance(op, Hours):
                is_open = self.table.is_open(op.schedule, now)
                at = op.open if is_open else op.closed
                self._path.append(Passed(op.block, "open" if is_open else "closed"))
            elif isinstance(op, Menu | Dial) and not self._may_visit(at):
                self._path.append(Passed(op.block, "too many rounds"))
                at = op.otherwise
            else:
                break
        self._step = self._make(op)

    def _may_visit(self, at: int) -> bool:
        self._visits[at] = self._visits.get(at, 0) + 1
        return self._visits[at] <= MAX_VISITS

    def _make(self, op: Op) -> Step:
        match op:
            case Play():
                return PlayStep(op.block, op.prompts)
            case Menu():
                return MenuStep(op.block, self._prompts(op), frozenset(op.keys), op.timeout_s)
            case Dial():
                return DialStep(op.block, self._prompts(op), op.timeout_s, op.inter_digit_s)
            case Enqueue():
                return QueueStep(op.block, op.queue, op.max_wait_s)
            case Offer():
                return OfferStep(op.block, op.extensions, op.timeout_s)
            case CallOut():
                return OutsideStep(op.block, op.number, op.trunks, op.timeout_s)
            case Record():
                return VoicemailStep(op.block, op.mailbox, op.prompts, op.max_s)
            case End():
                return HangUpStep(op.block, op.cause)
            case Hours():
                raise LocalError("A working-time check is no step.")
        assert_never(op)

    def _prompts(self, op: Menu | Dial) -> tuple[str, ...]:
        return op.invalid + op.prompts if self._wrong else op.prompts

    def _follow(self, op: Op, outcome: Outcome, now: Now) -> None:
        """Leave a step that belongs to an operation."""
        match op:
            case Menu():
                self._after_key(op, outcome, now)
            case Dial():
                self._after_number(op, outcome, now)
            case _:
                self._enter(_exit(op, outcome.result), now)

    # ------------------------------------------------------------------ menus, extension dialling

    def _after_key(self, op: Menu, outcome: Outcome, now: Now) -> None:
        if outcome.digits in op.keys:
            self._enter(op.keys[outcome.digits], now)
        else:
            self._again(op, outcome, now)

    def _after_number(self, op: Dial, outcome: Outcome, now: Now) -> None:
        number = outcome.digits.removesuffix("#")
        if outcome.result is Result.NO_INPUT:
            self._enter(op.otherwise, now)
        elif number in op.people:
            self._enter(op.people[number], now)
        else:
            self._again(op, outcome, now)

    def _again(self, op: Menu | Dial, outcome: Outcome, now: Now) -> None:
        """Another round with the prompt, or `otherwise` when all are used up."""
        if self._round >= op.tries:
            self._enter(op.otherwise, now)
            return
        self._round += 1
        self._wrong = outcome.result is Result.PRESSED
        self._step = self._make(op)


def _exit(op: Op, result: Result) -> int:
    """The operation after one that offers no choice of keys."""
    match op, result:
        case Play(next=after), Result.DONE:
            return after
        case Record(next=after), Result.DONE:
            return after
        case ((Record(full=after) | Enqueue(full=after)), Result.FULL):
            return after
        case Enqueue(timeout=after), Result.TIMEOUT:
            return after
        case Enqueue(empty=after), Result.EMPTY:
            return after
        case ((Offer(no_answer=after) | CallOut(no_answer=after)), Result.NO_ANSWER):
            return after
        case ((Offer(busy=after) | CallOut(busy=after)), Result.BUSY):
            return after
        case CallOut(failed=after), Result.FAILED:
            return after
    raise LocalError(f"{result} does not leave {op}.")
