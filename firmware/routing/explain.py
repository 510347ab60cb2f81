# SPDX-License-Identifier: GPL-2.0-or-later
"""What if: one caller's way in virtual time, step by step, by the same interpreter.

Who is busy, what is pressed and who answers are given; how long each prompt lasts comes from a
function. What the trace prints is what the box would do. Pure; used by `tipring what-if`, the
console's preview and the property tests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware.clock import Now
from firmware.routing.prove import spoken_time
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
from firmware.routing.table import Table
from firmware.routing.walk import Walk
from firmware.values import LineId, Party, Verdict

ANSWER_S = 6.0
"""Ringing before the one who answers lifts the handset: two cadences of most countries."""
MESSAGE_S = 20.0
"""A message somebody leaves, unless the mailbox allows less."""
KEY_S = 1.0
"""From the moment a key is possible to the key, and from key to key."""

Duration = Callable[[str], float]
"""Seconds that a prompt lasts."""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One line of the trace."""

    at_s: float  # since the caller came in
    seconds: float  # how long it lasted
    block: str
    text: str  # what happens and how it ended

    def __str__(self) -> str:
        return f"{self.at_s:7.1f} s  {self.block:<16} {self.text}"


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom the caller can reach: who is busy, and who lifts the handset (None: nobody)."""

    busy: frozenset[str] = frozenset()
    answered_by: str | None = None

    def free(self, extensions: Collection[str]) -> list[str]:
        """Those who would ring."""
        return [extension for extension in extensions if extension not in self.busy]

    def answers(self, extensions: Collection[str]) -> bool:
        """Whether the one who answers is among those who ring."""
        return self.answered_by in self.free(extensions)


def what_if(
    table: Table,
    line: LineId,
    caller: Party,
    at: datetime,
    busy: Collection[str] = (),
    keys: str = "",
    answered_by: str | None = None,
    duration_s: Duration = lambda prompt: 3.0,
) -> list[TraceStep]:
    """The way of a caller on a line (or in a scheme of that name).

    `at` is aware, or local to the office. `keys` are pressed as soon as they are asked for, all
    digits of an extension at once. `answered_by` is an extension, or "outside" for the number
    outside. ConfigError when no scheme starts there.
    """
    at = at.replace(tzinfo=table.time_zone) if at.tzinfo is None else at
    now = Now(0.0, at)
    walk = table.walk(line, caller, now)
    return list(_Trace(table, walk, now, Staff(frozenset(busy), answered_by), keys, duration_s))


class _Trace:
    """A walk in virtual time; iterating runs it."""

    def __init__(
        self, table: Table, walk: Walk, now: Now, staff: Staff, keys: str, duration_s: Duration
    ) -> None:
        self._table = table
        self._walk = walk
        self._start = now
        self._elapsed_s = 0.0
        self._staff = staff
        self._keys = keys
        self._duration_s = duration_s
        self._shown = 0  # entries of the walk's path that were told

    def __iter__(self) -> Iterator[TraceStep]:
        begin = self._start.wall.astimezone(self._table.time_zone)
        yield TraceStep(0.0, 0.0, "-", f'{spoken_time(begin)}: scheme "{self._walk.scheme}"')
        while self._walk.step is not None:
            yield from self._checks()
            step = self._walk.step
            if isinstance(step, HangUpStep):
                yield self._line(step, 0.0, f"hang up ({step.cause.name.lower()})")
                return
            outcome, seconds, text = self._do(step)
            yield self._line(step, seconds, text)
            self._elapsed_s += seconds
            self._walk.resume(outcome, self._now())
            self._shown += 1

    def _now(self) -> Now:
        wall = self._start.wall + timedelta(seconds=self._elapsed_s)
        return Now(self._start.mono_s + self._elapsed_s, wall)

    def _line(self, step: Step, seconds: float, text: str) -> TraceStep:
        return TraceStep(self._elapsed_s, seconds, step.block, text)

    def _checks(self) -> Iterator[TraceStep]:
        """Working-time checks and skipped menus since the last step."""
        for passed in self._walk.path[self._shown :]:
            yield TraceStep(self._elapsed_s, 0.0, passed.block, passed.outcome)
        self._shown = len(self._walk.path)

    def _prompts_s(self, prompts: tuple[str, ...]) -> float:
        return sum(map(self._duration_s, prompts))

    def _do(self, step: Step) -> tuple[Outcome, float, str]:
        match step:
            case PlayStep():
                seconds = self._prompts_s(step.prompts)
                return Outcome(Result.DONE), seconds, f"play {_said(step.prompts)}"
            case MenuStep() | DialStep():
                return self._ask(step)
            case QueueStep():
                return self._queue(step)
            case OfferStep():
                return self._offer(step)
            case OutsideStep():
                return self._outside(step)
            case VoicemailStep():
                seconds = min(MESSAGE_S, step.max_s)
                text = f"play {_said(step.prompts)}, message of {seconds:g} s for {step.mailbox}"
                return Outcome(Result.DONE), self._prompts_s(step.prompts) + seconds, text
        raise AssertionError(step)

    def _ask(self, step: MenuStep | DialStep) -> tuple[Outcome, float, str]:
        heard = f"play {_said(step.prompts)}"
        digits = self._take(isinstance(step, DialStep))
        if digits:
            seconds = KEY_S * len(digits)
            return Outcome(Result.PRESSED, digits), seconds, f"{heard}, caller presses {digits}"
        seconds = self._prompts_s(step.prompts) + step.timeout_s
        return Outcome(Result.NO_INPUT), seconds, f"{heard}, caller presses nothing"

    def _take(self, number: bool) -> str:
        """The next key; of an extension, all keys until the automaton knows."""
        length = min(1, len(self._keys))
        while (
            number
            and length < len(self._keys)
            and self._table.extensions.run(self._keys[:length]) in (Verdict.MORE, Verdict.MAY_GROW)
        ):
            length += 1
        digits, self._keys = self._keys[:length], self._keys[length:]
        return digits

    def _queue(self, step: QueueStep) -> tuple[Outcome, float, str]:
        rules = self._table.queues[step.queue]
        free = self._staff.free(rules.members)
        who = f"queue {step.queue} ({rules.strategy}), rings {_names(free)}"
        if not self._staff.answers(rules.members):
            text = f"{who}: nobody answers in {step.max_wait_s:g} s"
            return Outcome(Result.TIMEOUT), step.max_wait_s, text
        waited = ANSWER_S
        if rules.strategy == "round-robin":
            waited += rules.answer_time_s * free.index(self._staff.answered_by or "")
        if waited > step.max_wait_s:
            text = f"{who}: the turn of {self._staff.answered_by} does not come in time"
            return Outcome(Result.TIMEOUT), step.max_wait_s, text
        return Outcome(Result.ANSWERED), waited, f"{who}: {self._staff.answered_by} answers"

    def _offer(self, step: OfferStep) -> tuple[Outcome, float, str]:
        free = self._staff.free(step.extensions)
        if not free:
            return Outcome(Result.BUSY), 0.0, f"{_names(step.extensions)}: busy"
        if self._staff.answers(step.extensions):
            seconds = min(ANSWER_S, step.timeout_s)
            text = f"ring {_names(free)}: {self._staff.answered_by} answers"
            return Outcome(Result.ANSWERED), seconds, text
        text = f"ring {_names(free)}: no answer in {step.timeout_s:g} s"
        return Outcome(Result.NO_ANSWER), step.timeout_s, text

    def _outside(self, step: OutsideStep) -> tuple[Outcome, float, str]:
        text = f"call {step.number} over {', '.join(step.trunks)}"
        if self._staff.answered_by == "outside":
            return Outcome(Result.ANSWERED), ANSWER_S, f"{text}: answered"
        return Outcome(Result.NO_ANSWER), step.timeout_s, f"{text}: no answer"


def _said(prompts: tuple[str, ...]) -> str:
    return " + ".join(prompts)


def _names(extensions: Collection[str]) -> str:
    return ", ".join(extensions) or "nobody"
