# SPDX-License-Identifier: GPL-2.0-or-later
"""Call back the telephone that transferred or put down its handset with a party on hold. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.announce import Announce
from firmware.calls.cause import cause_of
from firmware.calls.offer import Offer
from firmware.routing.steps import Result
from firmware.values import LineId, RingClass

if TYPE_CHECKING:
    from firmware.calls.call import Call

RECALL_S = 30.0  # six rings; then the party is told and let go
RETRY_S = 1.0
TRIES = 5  # a SIP phone that has just referred its party needs a moment to end its leg


class Recall(Offer):
    """Rings one telephone, whoever owns it."""

    name = "recall"

    def __init__(self, call: Call, target: tuple[str, LineId]) -> None:
        super().__init__(call, (), RECALL_S)
        self._target = target
        self._tries = 0

    def start(self) -> None:
        """Ring once the telephone is free."""
        extension, line = self._target
        self._tries += 1
        if not self.ctx.usable(line) and self._tries < TRIES:
            self.wait(RETRY_S)
            return
        if self.ctx.usable(line):
            self.rings.start(extension, line, RingClass.RECALL)
        else:
            self.call.write("skipped", extension=extension, why="busy")
        super().start()

    def on_timer(self) -> None:
        """Try again, or rung long enough."""
        if self.rings or self.talking:
            super().on_timer()
        else:
            self.start()

    def nobody(self, result: Result) -> None:
        """Tell the party before it is let go."""
        self.replace(Announce(self.call, ("transfer_failed",), cause_of(result)))
