# SPDX-License-Identifier: GPL-2.0-or-later
"""The first page: lines, calls, queues and alarms, each row its own widget.

A row is sent to the terminal only when its text changed: on a serial line that is 113 bytes
instead of the 1,475 of a repainted table.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from firmware.control.protocol import Status
from tui import rows
from tui.keymap import FOOTER

RULE = " " + "-" * (rows.WIDTH - 2)
MOST_ALARMS = 3


class Row(Static):
    """One line of text that repaints only when it changed."""

    def __init__(self, text: str = "", id: str | None = None, classes: str = "") -> None:
        super().__init__(text, id=id, classes=f"row {classes}", markup=False)
        self.text = text

    def show(self, text: str) -> None:
        """Take a text."""
        if text != self.text:
            self.text = text
            self.update(text)


class Rows(VerticalScroll):
    """A list of rows by key; rows come, go and change."""

    can_focus = False

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._rows: dict[str, Row] = {}

    def show(self, texts: Mapping[str, str]) -> None:
        """Make the rows these."""
        for key in [key for key in self._rows if key not in texts]:
            self._rows.pop(key).remove()
        for key, text in texts.items():
            if key in self._rows:
                self._rows[key].show(text)
            else:
                self._rows[key] = Row(text)
                self.mount(self._rows[key])


class Dashboard(Vertical):
    """The page."""

    def __init__(self) -> None:
        super().__init__(id="dashboard")
        self.marked = 0  # index of the marked call
        self.status: Status | None = None

    def compose(self) -> ComposeResult:
        """Title, lines, calls, queues, alarms, message, footer."""
        yield Row(" connecting ...", id="title")
        yield Row(rows.LINE_HEAD.rjust(1), classes="head")
        yield Rows("lines")
        yield Row(RULE)
        yield Row(rows.CALL_HEAD, classes="head")
        yield Rows("calls")
        yield Row(RULE)
        yield Row("", id="queues")
        yield Rows("alarms")
        yield Row("", id="message")
        yield Row(" " + FOOTER, id="footer")

    def show(self, status: Status, paused: bool) -> None:
        """Draw a status."""
        self.status = status
        self.marked = max(0, min(self.marked, len(status.calls) - 1))
        self.query_one("#title", Row).show(rows.title(status, paused))
        self.query_one("#lines", Rows).show(rows.line_rows(status))
        self.query_one("#calls", Rows).show(self._marked_calls(status))
        self.query_one("#queues", Row).show(rows.queue_row(status))
        alarms = rows.alarm_rows(status, MOST_ALARMS)
        self.query_one("#alarms", Rows).show({str(n): text for n, text in enumerate(alarms)})

    def _marked_calls(self, status: Status) -> dict[str, str]:
        texts = rows.call_rows(status)
        for index, key in enumerate(texts):
            if index == self.marked:
                texts[key] = ">" + texts[key][1:]
        return texts

    def mark(self, step: int) -> None:
        """Move the mark among the calls."""
        self.marked += step
        if self.status is not None:
            self.show(self.status, False)

    def say(self, text: str) -> None:
        """The message line."""
        self.query_one("#message", Row).show(f" {text}" if text else "")
