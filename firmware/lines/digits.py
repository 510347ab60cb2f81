# SPDX-License-Identifier: GPL-2.0-or-later
"""Collecting a dialled number digit by digit through a number automaton.

Driven by the FXS machine; keeps no clock of its own: :attr:`DigitCollector.wait_s` says how long
the next digit may take.
"""

from __future__ import annotations

from typing import Protocol

from firmware.values import Verdict

FIRST_DIGIT_S = 15.0  # E.180 suggests 10-20 s of dial tone before a phone counts as off hook
INTER_DIGIT_S = 6.0  # more digits are certainly needed
GROW_S = 3.0  # the number is good already but could go on
MAX_DIGITS = 32  # longer than any number of E.164 with prefixes and codes


class DigitMap(Protocol):
    """A number automaton: states are integers, each digit gives the next state and a verdict."""

    @property
    def start(self) -> int:
        """State before the first digit."""
        ...

    def step(self, state: int, digit: str) -> tuple[int, Verdict]:
        """State and verdict after ``digit``."""
        ...


class DigitCollector:
    """The digits of one attempt to dial."""

    def __init__(self, digit_map: DigitMap) -> None:
        self._map = digit_map
        self._state = digit_map.start
        self.digits = ""
        self.verdict = Verdict.MORE

    @property
    def wait_s(self) -> float:
        """Seconds to wait for the next digit before the number counts as it is."""
        if not self.digits:
            return FIRST_DIGIT_S
        return GROW_S if self.verdict is Verdict.MAY_GROW else INTER_DIGIT_S

    def feed(self, digit: str) -> bool:
        """Take one digit; True when the number is finished (complete or leading nowhere).

        ``#`` after a number that is good already ends it at once, as on every desk phone.
        """
        if digit == "#" and self.verdict is Verdict.MAY_GROW:
            return True
        self._state, self.verdict = self._map.step(self._state, digit)
        self.digits += digit
        finished = self.verdict in (Verdict.COMPLETE, Verdict.IMPOSSIBLE)
        return finished or len(self.digits) >= MAX_DIGITS
