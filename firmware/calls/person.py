# SPDX-License-Identifier: GPL-2.0-or-later
"""Ring one person: forwards, all his devices, at last his mailbox. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.offer import Offer
from firmware.calls.voicemail import Deposit
from firmware.routing.steps import Outcome, Refused, Result, ToFeature

if TYPE_CHECKING:
    from firmware.calls.call import Call

MAX_FORWARDS = 5  # a longer chain goes in a circle
MESSAGE_LIMIT_S = 180.0


class PersonCall(Offer):
    """A person as target; `mailbox` False when a scheme decides what follows."""

    def __init__(
        self, call: Call, extension: str, timeout_s: float | None = None, mailbox: bool = False
    ) -> None:
        person = call.table.person(extension)
        seconds = timeout_s if timeout_s is not None else person.answer_time_s if person else 0.0
        super().__init__(call, (extension,), seconds)
        self.extension = extension
        self._mailbox = mailbox and person is not None and person.mailbox

    def start(self) -> None:
        """Forward always, else ring."""
        if not self._forward("always"):
            super().start()

    def nobody(self, result: Result) -> None:
        """Forward by reason, else the mailbox, else tell."""
        if self._forward("busy" if result is Result.BUSY else "no-answer"):
            return
        if self._mailbox and result is Result.NO_ANSWER:
            prompts = ("leave_message_after_tone",)
            self.replace(Deposit(self.call, self.extension, prompts, MESSAGE_LIMIT_S))
        else:
            self.finish(result)

    def _forward(self, kind: str) -> bool:
        """Send the party on; False when there is no such forward or it leads nowhere."""
        target = self.ctx.settings.forward(kind, self.extension)
        chain = self.call.forwards
        if not target or self.extension in chain or len(chain) >= MAX_FORWARDS:
            return False
        destination = self.call.table.dial(self.extension, target)
        if isinstance(destination, Refused | ToFeature):
            self.call.write("forward-failed", extension=self.extension, to=target, why=kind)
            return False
        chain.append(self.extension)
        self.deadline = None
        self.call.write("forwarded", extension=self.extension, to=target, why=kind)
        self.call.go(destination)
        return True

    def resume(self, outcome: Outcome) -> None:
        """Where the forward led nobody answered either."""
        self.finish(outcome.result)
