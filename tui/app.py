# SPDX-License-Identifier: GPL-2.0-or-later
"""The console: a process of its own that watches the exchange over the control API."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from firmware.control.client import ControlClient
from firmware.control.protocol import Status
from firmware.errors import PeerError
from tui.dashboard import Dashboard
from tui.keymap import HELP, KEYS

AGAIN_S = 1.0  # between attempts to reach an exchange that is away


class Console(App[None]):
    """Dashboard and help; leaves the terminal as it found it."""

    CSS_PATH = "console.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "tipring"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.text, show=False) for key in KEYS
    ]

    def __init__(self, control: Path) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self._control = control
        self._paused = False
        self._asked: str = ""  # call whose hang-up waits for the second key

    def compose(self) -> ComposeResult:
        """The page and the help behind it."""
        yield Dashboard()
        yield Static("\n".join(HELP), id="help", markup=False)

    def on_mount(self) -> None:
        """Begin to watch."""
        self.query_one("#help").display = False
        self.run_worker(self._watch(), name="watch", exclusive=True)

    async def _watch(self) -> None:
        """Follow the exchange for ever, over its restarts."""
        while True:
            try:
                async with ControlClient(self._control) as client:
                    async for status in client.changes():
                        self._take(status)
                reason = "the exchange ended"
            except (OSError, PeerError) as error:
                reason = str(error)
            self._page.say(f"NO EXCHANGE on {self._control}: {reason}"[:79])
            await asyncio.sleep(AGAIN_S)

    def _take(self, status: Status) -> None:
        if self._page.status is None or not self._paused:
            self._page.show(status, self._paused)
        if not self._asked:
            self._page.say("")

    @property
    def _page(self) -> Dashboard:
        return self.query_one(Dashboard)

    # ------------------------------------------------------------------ actions

    def action_previous(self) -> None:
        """Mark the call above."""
        self._page.mark(-1)

    def action_next(self) -> None:
        """Mark the call below."""
        self._page.mark(1)

    async def action_hang_up(self) -> None:
        """First key asks, second key does."""
        status = self._page.status
        if status is None or not status.calls:
            self._page.say("No call to hang up.")
            return
        call = status.calls[self._page.marked]
        if self._asked != call.id:
            self._asked = call.id
            self._page.say(f"d again hangs up {call.caller or 'unknown'}; Esc keeps the call")
            return
        self._asked = ""
        async with ControlClient(self._control) as client:
            await client.hang_up(call.id)
        self._page.say("Hung up.")

    def action_pause(self) -> None:
        """Stop or resume the live update."""
        self._paused = not self._paused
        if self._page.status is not None:
            self._page.show(self._page.status, self._paused)

    def action_refresh(self) -> None:
        """Draw everything again."""
        self.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        """Show or leave the help."""
        help_page = self.query_one("#help")
        help_page.display = not help_page.display
        self._page.display = not help_page.display

    async def action_back(self) -> None:
        """Leave the question, the help, or the console."""
        if self._asked:
            self._asked = ""
            self._page.say("")
        elif self.query_one("#help").display:
            self.action_help()
        else:
            self.exit()


def main(options: argparse.Namespace) -> int:
    """``tipring tui``."""
    Console(options.control).run(mouse=False)
    return 0
