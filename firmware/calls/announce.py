# SPDX-License-Identifier: GPL-2.0-or-later
"""Say something to the party; afterwards the outcome is DONE with a given cause. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import PROMPT_LIMIT_S, Activity
from firmware.events import PlayEnded
from firmware.routing.steps import Result
from firmware.values import Cause

if TYPE_CHECKING:
    from firmware.calls.call import Call


class Announce(Activity):
    """Plays prompts to the end; keys pressed meanwhile are kept for what follows."""

    name = "announcement"

    def __init__(self, call: Call, prompts: tuple[str, ...], cause: Cause = Cause.NORMAL) -> None:
        super().__init__(call)
        self._prompts = prompts
        self._cause = cause
        self._play = 0

    def start(self) -> None:
        """Play; nothing playable is an announcement already over."""
        self._play = self.call.play(self._prompts)
        if self._play:
            self.wait(PROMPT_LIMIT_S)
        else:
            self._over()

    def on_play_ended(self, fact: PlayEnded) -> None:
        """All said."""
        if fact.play == self._play:
            self._over()

    def on_timer(self) -> None:
        """The media host never told the end."""
        self._over()

    def _over(self) -> None:
        self.finish(Result.DONE, cause=self._cause)
