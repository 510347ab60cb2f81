# SPDX-License-Identifier: GPL-2.0-or-later
"""Number plans as digit automata: after each digit, more needed, complete, may grow, impossible.

A plan is a set of patterns (a literal, then so many free digits). `build` makes one deterministic
automaton of them by subset construction; the result is plain data, saved with the table. Driven
by the FXS machines (whole plan) and by extension dialling over a prompt (extensions only). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from firmware.errors import LocalError
from firmware.values import Verdict

FREE_DIGITS = "0123456789"
END_OF_DIALLING = "#"  # "send now": ends a number that may grow


class Pattern(msgspec.Struct, frozen=True):
    """`literal`, then `min_free`..`max_free` digits. The longest literal reached wins."""

    literal: str
    min_free: int = 0
    max_free: int = 0
    stops: bool = False  # complete here even if other patterns could go on (emergency)


class State(msgspec.Struct, frozen=True):
    """One state: what the digits so far are, and where each further key leads."""

    verdict: Verdict
    next: dict[str, int]


class Automaton(msgspec.Struct, frozen=True):
    """States by number; 0 is the start, `DEAD` comes back for an impossible key."""

    states: tuple[State, ...]

    @property
    def start(self) -> int:
        """State before the first digit."""
        return 0

    def step(self, state: int, digit: str) -> tuple[int, Verdict]:
        """The state after one more key of "0123456789*#" and what the number is now.

        From an impossible number every key leads to itself. LocalError for an unknown state.
        """
        if state == DEAD:
            return DEAD, Verdict.IMPOSSIBLE
        if not 0 <= state < len(self.states):
            raise LocalError(f"The automaton has no state {state}.")
        after = self.states[state].next.get(digit, DEAD)
        return after, Verdict.IMPOSSIBLE if after == DEAD else self.states[after].verdict

    def run(self, digits: str) -> Verdict:
        """What a whole number is; MORE for the empty one."""
        state, verdict = self.start, Verdict.MORE
        for digit in digits:
            state, verdict = self.step(state, digit)
        return verdict


DEAD = -1

_Place = tuple[int, int]  # pattern, digits of it consumed


def build(patterns: Iterable[Pattern]) -> Automaton:
    """The automaton of a plan; equal patterns give equal automata whatever their order."""
    ordered = sorted(set(patterns), key=lambda p: (p.literal, p.min_free, p.max_free))
    first = frozenset((index, 0) for index in range(len(ordered)))
    found: dict[frozenset[_Place], int] = {first: 0}
    todo = [first]
    states: list[State] = []
    for places in todo:  # grows while it is walked: breadth first
        moves: dict[str, int] = {}
        for digit in _keys(ordered, places):
            after = _after(ordered, places, digit)
            if after not in found:
                found[after] = len(found)
                todo.append(after)
            moves[digit] = found[after]
        states.append(State(_verdict(ordered, places), moves))
    return Automaton(_with_end_of_dialling(states))


def _keys(patterns: list[Pattern], places: frozenset[_Place]) -> list[str]:
    """Keys that lead on; none from a number that stops."""
    if any(patterns[i].stops and at == len(patterns[i].literal) for i, at in places):
        return []
    keys: set[str] = set()
    for index, at in places:
        pattern = patterns[index]
        if at < len(pattern.literal):
            keys.add(pattern.literal[at])
        elif at < len(pattern.literal) + pattern.max_free:
            keys.update(FREE_DIGITS)
    return sorted(keys)


def _after(patterns: list[Pattern], places: frozenset[_Place], digit: str) -> frozenset[_Place]:
    moved = set()
    for index, at in places:
        pattern = patterns[index]
        if at < len(pattern.literal):
            fits = pattern.literal[at] == digit
        else:
            fits = at < len(pattern.literal) + pattern.max_free and digit in FREE_DIGITS
        if fits:
            moved.add((index, at + 1))
    return frozenset(_longest_only(patterns, moved))


def _longest_only(patterns: list[Pattern], places: set[_Place]) -> set[_Place]:
    """Drop patterns whose literal is shorter than one that is already wholly dialled."""
    reached = [len(patterns[i].literal) for i, at in places if at >= len(patterns[i].literal)]
    longest = max(reached, default=0)
    return {(i, at) for i, at in places if len(patterns[i].literal) >= longest}


def _verdict(patterns: list[Pattern], places: frozenset[_Place]) -> Verdict:
    complete = any(
        len(patterns[i].literal) + patterns[i].min_free <= at
        for i, at in places
        if at >= len(patterns[i].literal)
    )
    grows = bool(_keys(patterns, places))
    if complete:
        return Verdict.MAY_GROW if grows else Verdict.COMPLETE
    return Verdict.MORE if grows else Verdict.IMPOSSIBLE


def _with_end_of_dialling(states: list[State]) -> tuple[State, ...]:
    """Let # end every number that may grow, except where # is a digit of the plan."""
    end = len(states)
    closed = [
        State(state.verdict, {END_OF_DIALLING: end, **state.next})
        if state.verdict is Verdict.MAY_GROW
        else state
        for state in states
    ]
    return (*closed, State(Verdict.COMPLETE, {}))
