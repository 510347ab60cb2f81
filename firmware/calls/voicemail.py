# SPDX-License-Identifier: GPL-2.0-or-later
"""A caller leaves a message: prompts, beep, recording, thanks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import PROMPT_LIMIT_S, Activity
from firmware.calls.announce import Announce
from firmware.calls.mailboxes import GOOD_ENDS
from firmware.effects import StartRecording, StopRecording
from firmware.events import PlayEnded, RecordEnded
from firmware.routing.steps import Outcome, Result

if TYPE_CHECKING:
    from firmware.calls.call import Call

SILENCE_S = 8.0  # a caller who says nothing that long has finished
KEY_TRIM_S = 0.15  # the key that ended the recording is not part of the message
CLOSE_S = 5.0  # for the media host to close the file


class Deposit(Activity):
    """Records what the party says into a mailbox."""

    name = "voicemail"

    def __init__(self, call: Call, mailbox: str, prompts: tuple[str, ...], max_s: float) -> None:
        super().__init__(call)
        self._mailbox = mailbox
        self._prompts = prompts
        self._max_s = max_s
        self._play = 0
        self._record = 0
        self._closing = False

    def start(self) -> None:
        """Prompts and beep, unless nothing can be recorded."""
        if self.ctx.mailboxes.full(self._mailbox):
            self.finish(Result.FULL)
            return
        self._say((*self._prompts, "beep"))

    def _say(self, prompts: tuple[str, ...]) -> None:
        self._play = self.call.play(prompts)
        if self._play:
            self.wait(PROMPT_LIMIT_S)
        else:
            self._begin()

    def _begin(self) -> None:
        self._play = 0
        served = self.call.party()
        record, path = self.ctx.mailboxes.expect(
            self._mailbox, self.call.id, self.call.shown(), self._max_s
        )
        self._record = record
        self.ctx.emit(StartRecording(served.id, record, path, self._max_s, SILENCE_S))
        self.wait(self._max_s + CLOSE_S)

    def on_play_ended(self, fact: PlayEnded) -> None:
        """The beep is over."""
        if self._play and fact.play == self._play:
            self._begin()

    def on_digit(self, digit: str) -> bool:
        """A key skips the prompts; during the recording it ends it."""
        if self._closing:
            return False
        if self._record:
            self._close(KEY_TRIM_S)
        else:
            self._say(("beep",))
        return True

    def _close(self, trim_s: float) -> None:
        self._closing = True
        self.ctx.emit(StopRecording(self.call.party().id, trim_s))
        self.wait(CLOSE_S)

    def on_record_ended(self, fact: RecordEnded) -> None:
        """The file is closed: thanks, or the truth."""
        if fact.record == self._record:
            good = fact.reason in GOOD_ENDS
            self._close_with("message_recorded" if good else "message_not_recorded")

    def on_timer(self) -> None:
        """A prompt or a recording that the media host never ended."""
        if self._record:
            self._close_with("message_not_recorded")
        else:
            self._begin()

    def _close_with(self, prompt: str) -> None:
        self.deadline = None
        self._record = 0
        self._closing = True
        self.call.begin(Announce(self.call, (prompt,)))

    def resume(self, outcome: Outcome) -> None:
        """The caller knows what became of his message."""
        self.finish(Result.DONE)

    def stop(self, why: str) -> None:
        """The caller hung up: the message ends before the tones that told us."""
        if self._record and not self._closing:
            self.ctx.emit(StopRecording(self.call.party().id, self.call.busy_tone_s))
