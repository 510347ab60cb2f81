# SPDX-License-Identifier: GPL-2.0-or-later
"""Prompts that await keys: one key, an extension number, a code.

Keys count from the first frame of the prompt, also those pressed before it began; the first key
cuts the prompt. Pure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from firmware.calls.activity import PROMPT_LIMIT_S, Activity
from firmware.events import PlayEnded
from firmware.routing.steps import DialStep, Result
from firmware.values import Verdict

if TYPE_CHECKING:
    from firmware.calls.call import Call

WRONG_PAUSE_S = 1.0  # after the last digit of a number that leads nowhere
MAX_CODE = 16  # digits of a PIN or number entered by hand


class Input(Activity, ABC):
    """Base: plays, takes kept keys first, waits `timeout_s` of silence after the prompt."""

    name = "menu"

    def __init__(self, call: Call, prompts: tuple[str, ...], timeout_s: float) -> None:
        super().__init__(call)
        self._prompts = prompts
        self._timeout_s = timeout_s
        self._play = 0
        self._open = True

    def start(self) -> None:
        """Kept keys, else the prompt."""
        self.call.ears()
        pressed = False
        while self._open and (key := self.call.take_key()):
            pressed = True
            self.on_digit(key)
        if self._open and not pressed:
            self._prompt()

    def _prompt(self) -> None:
        self._play = self.call.play(self._prompts)
        self.wait(PROMPT_LIMIT_S if self._play else self._timeout_s)

    def on_digit(self, digit: str) -> bool:
        """Cut the prompt and take the key."""
        self._play = 0
        self.ctx.hush(self.call.party())
        self.key(digit)
        return True

    @abstractmethod
    def key(self, digit: str) -> None:
        """One key."""

    def on_play_ended(self, fact: PlayEnded) -> None:
        """The silence after the prompt counts."""
        if self._play and fact.play == self._play:
            self._play = 0
            self.wait(self._timeout_s)

    def on_timer(self) -> None:
        """Nothing was pressed, or nothing more."""
        self._play = 0
        self.silent()

    def silent(self) -> None:
        """The time is over."""
        self.done(Result.NO_INPUT)

    def done(self, result: Result, digits: str = "") -> None:
        """End, once."""
        self._open = False
        self.finish(result, digits)


class KeyInput(Input):
    """A menu: one key."""

    def key(self, digit: str) -> None:
        """The choice."""
        self.call.write("key", key=digit)
        self.done(Result.PRESSED, digit)


class NumberInput(Input):
    """Digits until `#` or a pause; none counts as no input."""

    def __init__(
        self, call: Call, prompts: tuple[str, ...], timeout_s: float, inter_digit_s: float
    ) -> None:
        super().__init__(call, prompts, timeout_s)
        self._inter_digit_s = inter_digit_s
        self._digits = ""

    def key(self, digit: str) -> None:
        """One more digit."""
        if digit == "#":
            self.silent()
            return
        self._digits += digit
        if self.complete(digit) or len(self._digits) >= MAX_CODE:
            self.done(Result.PRESSED, self._digits)
        else:
            self.wait(self._inter_digit_s)

    def complete(self, digit: str) -> bool:
        """Whether nothing more is awaited after this digit."""
        return False

    def silent(self) -> None:
        """What there is, is all."""
        self.done(Result.PRESSED if self._digits else Result.NO_INPUT, self._digits)


class ExtensionInput(NumberInput):
    """An extension dialled over the prompt, resolved by the number automaton."""

    def __init__(self, call: Call, step: DialStep) -> None:
        super().__init__(call, step.prompts, step.timeout_s, step.inter_digit_s)
        self._map = call.table.extensions
        self._state = self._map.start

    def complete(self, digit: str) -> bool:
        """The automaton knows. The rest of a wrong number is let pass, it is no second try."""
        self._state, verdict = self._map.step(self._state, digit)
        if verdict is Verdict.IMPOSSIBLE:
            self._inter_digit_s = WRONG_PAUSE_S
        return verdict is Verdict.COMPLETE

    def done(self, result: Result, digits: str = "") -> None:
        """Into the record as one number."""
        if digits:
            self.call.write("key", key=digits)
        super().done(result, digits)
