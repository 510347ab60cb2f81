# SPDX-License-Identifier: GPL-2.0-or-later
"""The console: a process of its own that watches the exchange over the control API."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.widgets import Static

from firmware.control.client import ControlClient
from firmware.control.protocol import Status
from firmware.errors import LocalError, PeerError
from firmware.values import CallId
from tui import rows
from tui.dashboard import Dashboard
from tui.keymap import HELP, KEYS

AGAIN_S = 1.0  # between attempts to reach an exchange that is away
TICK_S = 2.0  # between two looks at running times; each costs a serial line 113 bytes a row


class Console(App[None], inherit_bindings=False):
    """Dashboard and help; leaves the terminal as it found it."""

    CSS_PATH = "console.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "tipring"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.text, show=False) for key in KEYS
    ]

    def __init__(self, control: Path, tick_s: float = TICK_S, again_s: float = AGAIN_S) -> None:
        """``control``: the exchange's socket; the other two are seconds."""
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self._control = control
        self._tick_s = tick_s
        self._again_s = again_s
        self._paused = False
        self._heard: tuple[Status, float] | None = None  # last status and the loop's time then
        self._asked: CallId | None = None  # call whose hang-up waits for the second key

    def compose(self) -> ComposeResult:
        """The page and the help behind it."""
        yield Dashboard()
        yield Static("\n".join(HELP), id="help", markup=False)

    def on_mount(self) -> None:
        """Begin to watch; a lost terminal or an orderly stop ends the console."""
        self.query_one("#help").display = False
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(number, self.exit)
        self.set_interval(self._tick_s, self._draw)
        self.run_worker(self._watch_while_shown(), name="watch", exclusive=True)

    # ------------------------------------------------------------------ the exchange

    async def _watch_while_shown(self) -> None:
        try:
            await self._watch()
        except NoMatches:
            pass  # the page went first: the console is closing

    async def _watch(self) -> None:
        """Follow the exchange for ever, over its restarts."""
        while True:
            try:
                async with ControlClient(self._control) as client:
                    async for status in client.changes():
                        self._take(status)
                reason = "the exchange ended"
            except OSError as error:
                reason = f"{error.strerror or error} ({self._control})"
            except PeerError as error:
                reason = str(error)
            self._away(reason)
            await asyncio.sleep(self._again_s)

    def _away(self, reason: str) -> None:
        """What is shown is old from now on."""
        self._heard = None
        self._asked = None
        old = ", what you see is old" if self._page.status is not None else ""
        self._page.say(f"NO EXCHANGE{old}: {reason}")

    def _take(self, status: Status) -> None:
        came_back = self._heard is None
        self._heard = status, asyncio.get_running_loop().time()
        if came_back:
            self._page.say("")
        if self._asked is not None and self._asked not in {call.id for call in status.calls}:
            self._asked = None
            self._page.say("The call is over.")
        self._draw()

    def _draw(self) -> None:
        """Show the last status with its times as they are now."""
        if self._heard is not None and not self._paused:
            status, at = self._heard
            passed = asyncio.get_running_loop().time() - at
            self._page.show(rows.aged(status, passed), paused=False)

    @property
    def _page(self) -> Dashboard:
        return self.query_one(Dashboard)

    # ------------------------------------------------------------------ actions

    def action_previous(self) -> None:
        """Mark the call above."""
        self._mark(-1)

    def action_next(self) -> None:
        """Mark the call below."""
        self._mark(1)

    def _mark(self, step: int) -> None:
        self._withdraw()
        self._page.mark(step)

    def action_scroll_up(self) -> None:
        """Earlier lines."""
        self._page.scroll_lines(-1)

    def action_scroll_down(self) -> None:
        """Later lines."""
        self._page.scroll_lines(1)

    def action_hang_up(self) -> None:
        """First key asks, second key does; nothing while the exchange is away, as is said."""
        if self._heard is None:
            return
        call = self._page.marked_call
        if call is None:
            self._page.say("There is no call to hang up.")
        elif self._asked != call.id:
            self._asked = call.id
            self._page.say(f"d again hangs up {rows.caller_of(call)}; Esc keeps the call")
        else:
            self._asked = None
            self.run_worker(self._hang_up(call.id), name="hang-up")

    async def _hang_up(self, call: CallId) -> None:
        try:
            async with ControlClient(self._control) as client:
                await client.hang_up(call)
        except (OSError, PeerError) as error:
            self._page.say(f"The call was not hung up: {error}")
        else:
            self._page.say("Hung up.")

    def action_pause(self) -> None:
        """Stop or resume the live update."""
        self._paused = not self._paused
        if self._page.status is not None:
            self._page.show(self._page.status, self._paused)
        self._draw()

    def action_refresh(self) -> None:
        """Draw everything again, also what noise on the line has spoilt."""
        self.screen.refresh(repaint=True, layout=True, recompose=False)

    def action_help(self) -> None:
        """Show or leave the help."""
        help_page = self.query_one("#help")
        help_page.display = not help_page.display
        self._page.display = not help_page.display

    async def action_back(self) -> None:
        """Leave the question, the help, or the console."""
        if self._asked is not None:
            self._withdraw()
        elif self.query_one("#help").display:
            self.action_help()
        else:
            self.exit()

    def action_leave(self) -> None:
        """Leave the console from anywhere."""
        self.exit()

    def _withdraw(self) -> None:
        if self._asked is not None:
            self._asked = None
            self._page.say("")


def main(options: argparse.Namespace) -> int:
    """``tipring tui``; LocalError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LocalError("The console needs a terminal; without one, ask `tipring status`.")
    Console(options.control).run(mouse=False)
    return 0
