# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner of a mailbox listens to it by telephone: PIN, count, messages, 1 again 2 save 3 delete.

New messages come first, then the saved ones. A key counts while the message still plays. A message
that was played to its end without a key is kept as heard. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import Activity
from firmware.calls.announce import Announce
from firmware.calls.inputs import Input, NumberInput
from firmware.routing.steps import Outcome, Result
from firmware.values import Cause, Message

if TYPE_CHECKING:
    from firmware.calls.call import Call

PIN_TRIES = 3
PIN_TIMEOUT_S = 8.0
PIN_PAUSE_S = 3.0
CHOICE_TIMEOUT_S = 5.0
AGAIN, SAVE, DELETE = "1", "2", "3"


class Choice(Input):
    """Plays a message and its menu; a key of the menu counts, others are passed over."""

    name = "mailbox"

    def key(self, digit: str) -> None:
        """The choice, or the menu again."""
        if digit in (AGAIN, SAVE, DELETE):
            self.done(Result.PRESSED, digit)
            return
        self._prompts = ("mailbox_menu",)
        self._prompt()


class Retrieval(Activity):
    """One session at a mailbox."""

    name = "mailbox"

    def __init__(self, call: Call, mailbox: str) -> None:
        super().__init__(call)
        self._mailbox = mailbox
        person = call.table.person(mailbox)
        self._pin = "" if person is None else person.pin
        self._own = call.party().owner == mailbox
        self._exists = person is not None and person.mailbox
        self._tries = 0
        self._message: Message | None = None
        self._left: list[Message] = []
        self._open = False

    def start(self) -> None:
        """Who may listen: whoever knows the PIN; without one, the owner's own telephone."""
        if not self._exists or (not self._pin and not self._own):
            self.replace(Announce(self.call, ("not_permitted",), Cause.NOT_PERMITTED))
        elif self._pin:
            self._ask(())
        else:
            self._count()

    def _ask(self, before: tuple[str, ...]) -> None:
        prompts = (*before, "mailbox_enter_pin")
        self.call.begin(NumberInput(self.call, prompts, PIN_TIMEOUT_S, PIN_PAUSE_S))

    def resume(self, outcome: Outcome) -> None:
        """A code or a choice."""
        if not self._open:
            self._check(outcome.digits)
        elif self._message is not None:
            self._chosen(self._message, outcome.digits)
        else:
            self._next(("mailbox_first_message",))

    # ------------------------------------------------------------------ the PIN

    def _check(self, digits: str) -> None:
        self._tries += 1
        if digits == self._pin:
            self._count()
        elif self._tries < PIN_TRIES:
            self._ask(("mailbox_wrong_pin",))
        else:
            self.call.write("mailbox-refused", mailbox=self._mailbox)
            prompts = ("mailbox_wrong_pin", "goodbye")
            self.replace(Announce(self.call, prompts, Cause.NOT_PERMITTED))

    # ------------------------------------------------------------------ the messages

    def _count(self) -> None:
        self._open = True
        self.call.write("mailbox", mailbox=self._mailbox)
        new = self.ctx.mailboxes.messages(self._mailbox, heard=False)
        saved = self.ctx.mailboxes.messages(self._mailbox, heard=True)
        self._left = [*new, *saved]
        if not self._left:
            self._goodbye(("mailbox_no_messages",))
            return
        number_keys = self.ctx.speech.number_keys
        said: tuple[str, ...] = ()
        if new:
            said += ("mailbox_new_messages", *number_keys(len(new)))
        if saved:
            said += ("mailbox_saved_messages", *number_keys(len(saved)))
        self.call.begin(Announce(self.call, said))

    def _next(self, intro: tuple[str, ...]) -> None:
        self._message = self._left.pop(0)
        self._play(self._message, intro)

    def _play(self, message: Message, intro: tuple[str, ...]) -> None:
        number = self.ctx.speech.digit_keys(message.caller.number) or ("mailbox_unknown_caller",)
        prompts = (*intro, "mailbox_message_from", *number, message.path, "mailbox_menu")
        self.call.begin(Choice(self.call, prompts, CHOICE_TIMEOUT_S))

    def _chosen(self, message: Message, key: str) -> None:
        if key == AGAIN:
            self._play(message, ())
            return
        if key == DELETE:
            self.ctx.mailboxes.delete(message)
        else:
            self.ctx.mailboxes.mark(message)
        said = "mailbox_deleted" if key == DELETE else "mailbox_saved"
        if self._left:
            self._next((said, "mailbox_next_message"))
        else:
            self._goodbye((said, "mailbox_end"))

    def _goodbye(self, prompts: tuple[str, ...]) -> None:
        self.replace(Announce(self.call, (*prompts, "goodbye")))
