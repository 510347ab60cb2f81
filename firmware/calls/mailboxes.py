# SPDX-License-Identifier: GPL-2.0-or-later
"""Contents of all mailboxes, and recordings on their way into them. Pure.

A recording outlives its caller: the media host closes the file after the leg has ended, so
`pending` is kept here and not with the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from firmware.effects import (
    ClearAlarm,
    DeleteMessage,
    DiscardRecording,
    MarkMessage,
    RaiseAlarm,
    SetMessageWaiting,
    StoreMessage,
)
from firmware.events import RecordEnded
from firmware.values import CallId, LineId, Message, Party

if TYPE_CHECKING:
    from firmware.calls.context import Context

ALARM = "voicemail"
MIN_MESSAGE_S = 1.0  # shorter is a caller who hung up at the beep
MAX_MESSAGES = 100  # in one mailbox; then it is full until its owner deletes some
GOOD_ENDS = frozenset({"stopped", "limit", "silence", "closed"})  # others are error sentences
CLOSE_LIMIT_S = 60.0  # after a recording's longest time; then the media host has lost it


@dataclass(frozen=True, slots=True)
class Pending:
    """A recording that is not closed yet."""

    mailbox: str
    call: CallId
    caller: Party
    path: str
    began: datetime
    until: float  # monotonic s


class Mailboxes:
    """Messages by owner, oldest first."""

    def __init__(self, ctx: Context, folder: str, messages: Iterable[Message]) -> None:
        self._ctx = ctx
        self._folder = folder
        self._boxes: dict[str, list[Message]] = {}
        self.pending: dict[int, Pending] = {}
        for message in messages:
            self._boxes.setdefault(message.mailbox, []).append(message)

    # ------------------------------------------------------------------ contents

    def messages(self, mailbox: str, heard: bool) -> tuple[Message, ...]:
        """New or old messages, oldest first."""
        return tuple(m for m in self._boxes.get(mailbox, ()) if m.heard is heard)

    def full(self, mailbox: str) -> bool:
        """Whether no further message fits."""
        coming = sum(1 for p in self.pending.values() if p.mailbox == mailbox)
        return len(self._boxes.get(mailbox, ())) + coming >= MAX_MESSAGES

    def mark(self, message: Message) -> None:
        """It was listened to or saved."""
        box = self._boxes.get(message.mailbox, [])
        for index, known in enumerate(box):
            if known.id == message.id and not known.heard:
                box[index] = replace(known, heard=True)
                self._ctx.emit(MarkMessage(message.mailbox, message.id))
                self.show(message.mailbox)

    def delete(self, message: Message) -> None:
        """Its owner has no use for it."""
        box = self._boxes.get(message.mailbox, [])
        self._boxes[message.mailbox] = [known for known in box if known.id != message.id]
        self._ctx.emit(DeleteMessage(message.mailbox, message.id))
        self.show(message.mailbox)

    # ------------------------------------------------------------------ the waiting-message sign

    def show(self, mailbox: str) -> None:
        """Tell the owner's telephones whether new messages wait."""
        for line in self._ctx.table.device_lines(mailbox):
            self.show_on(line, mailbox)

    def show_on(self, line: LineId, mailbox: str) -> None:
        """Tell one telephone."""
        self._ctx.emit(SetMessageWaiting(line, bool(self.messages(mailbox, heard=False))))

    # ------------------------------------------------------------------ recordings

    def expect(self, mailbox: str, call: CallId, caller: Party, max_s: float) -> tuple[int, str]:
        """Number and path of a recording that begins."""
        record = self._ctx.ids.new_play()
        path = f"{self._folder}/{mailbox}/{call}-{record}.wav"
        now = self._ctx.now
        until = now.mono_s + max_s + CLOSE_LIMIT_S
        self.pending[record] = Pending(mailbox, call, caller, path, now.wall, until)
        return record, path

    def on_record_ended(self, fact: RecordEnded) -> None:
        """The file is closed: a message, or too short for one."""
        pending = self.pending.pop(fact.record, None)
        if pending is None:
            return
        self._watch_disk(pending, fact)
        if fact.duration_s < MIN_MESSAGE_S:
            self._ctx.emit(DiscardRecording(fact.path or pending.path))
            return
        ident = f"{pending.call}-{fact.record}"
        message = Message(
            ident, pending.mailbox, fact.path, pending.caller, fact.duration_s, pending.began
        )
        self._boxes.setdefault(pending.mailbox, []).append(message)
        self._ctx.emit(StoreMessage(message))
        self._ctx.write(
            pending.call,
            "message",
            mailbox=pending.mailbox,
            message=ident,
            seconds=round(fact.duration_s, 3),
        )
        self.show(pending.mailbox)

    def _watch_disk(self, pending: Pending, fact: RecordEnded) -> None:
        if fact.reason in GOOD_ENDS:
            self._ctx.emit(ClearAlarm(ALARM))  # the exchange may have raised it at its start
            return
        text = f"A message for {pending.mailbox} is lost or cut short: {fact.reason}"
        self._ctx.emit(RaiseAlarm(ALARM, f"{text.rstrip('.')}. Make room on the disk."))
        self._ctx.write(pending.call, "message-failed", mailbox=pending.mailbox, why=fact.reason)

    def next_timeout(self) -> float | None:
        """When the next recording counts as lost, monotonic s."""
        return min((pending.until for pending in self.pending.values()), default=None)

    def on_timer(self) -> None:
        """Forget recordings that the media host never closed."""
        now = self._ctx.now.mono_s
        for record, pending in tuple(self.pending.items()):
            if pending.until <= now:
                del self.pending[record]
                self._ctx.write(pending.call, "message-lost", mailbox=pending.mailbox)
