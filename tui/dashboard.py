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
from firmware.views import CallView
from tui import rows
from tui.keymap import FOOTER

RULE = " " + "-" * (rows.WIDTH - 2)
MOST_ALARMS = 2


class Row(Static):
    """One line of text that repaints only when it changed."""

    def __init__(self, text: str = "", id: str | None = None, classes: str = "") -> None:
        super().__init__(text, id=id, classes=f"row {classes}", markup=False)
        self.text = text

    def show(self, text: str) -> None:
        """Take a text."""
        if text != self.text:
            self.text = text
            self.update(text, layout=False)  # always one line: nothing else moves


class Rows(VerticalScroll, can_focus=False):
    """A list of rows by key; rows come, go and change."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.rows: dict[str, Row] = {}

    def show(self, texts: Mapping[str, str]) -> None:
        """Make the rows these."""
        for key in [key for key in self.rows if key not in texts]:
            self.rows.pop(key).remove()
        new = [key for key in texts if key not in self.rows]
        for key in new:
            self.rows[key] = Row(texts[key])
        self.mount_all(self.rows[key] for key in new)
        for key, text in texts.items():
            self.rows[key].show(text)


class Dashboard(Vertical):
    """The page."""

    def __init__(self) -> None:
        super().__init__(id="dashboard")
        self.marked = 0  # index of the marked call
        self.status: Status | None = None

    def compose(self) -> ComposeResult:
        """Title, lines, calls, queues, people, alarms, message, footer."""
        yield Row(" connecting ...", id="title")
        yield Row(rows.LINE_HEAD, classes="head")
        yield Rows("lines")
        yield Row(RULE)
        yield Row(rows.CALL_HEAD, classes="head")
        yield Rows("calls")
        yield Row(RULE)
        yield Row("", id="queues")
        yield Row("", id="people")
        yield Rows("alarms")
        yield Row("", id="message")
        yield Row(" " + FOOTER, id="footer")

    def show(self, status: Status, paused: bool) -> None:
        """Draw a status."""
        self._keep_mark(status)
        self.status = status
        self.query_one("#title", Row).show(rows.title(status, paused))
        self.query_one("#lines", Rows).show(rows.line_rows(status))
        self.query_one("#calls", Rows).show(rows.call_rows(status, self.marked))
        self.query_one("#queues", Row).show(rows.queue_row(status))
        self.query_one("#people", Row).show(rows.agent_row(status))
        alarms = rows.alarm_rows(status, MOST_ALARMS)
        self.query_one("#alarms", Rows).show({str(n): text for n, text in enumerate(alarms)})

    def _keep_mark(self, status: Status) -> None:
        """The mark stays with its call when calls before it end."""
        before = self.marked_call
        ids = [call.id for call in status.calls]
        if before is not None and before.id in ids:
            self.marked = ids.index(before.id)
        self.marked = max(0, min(self.marked, len(ids) - 1))

    @property
    def marked_call(self) -> CallView | None:
        """The call that is marked, None when there is none."""
        calls = self.status.calls if self.status is not None else ()
        return calls[self.marked] if self.marked < len(calls) else None

    def mark(self, step: int) -> None:
        """Move the mark among the calls."""
        if self.status is None or not self.status.calls:
            return
        self.marked = max(0, min(self.marked + step, len(self.status.calls) - 1))
        calls = self.query_one("#calls", Rows)
        calls.show(rows.call_rows(self.status, self.marked))
        call = self.status.calls[self.marked]
        calls.scroll_to_widget(calls.rows[call.id], animate=False)

    def scroll_lines(self, pages: int) -> None:
        """Show earlier (-1) or later (1) lines."""
        lines = self.query_one("#lines", Rows)
        step = max(1, lines.size.height - 1)
        lines.scroll_relative(y=pages * step, animate=False)

    def say(self, text: str) -> None:
        """The message line."""
        self.query_one("#message", Row).show(f" {text}"[: rows.WIDTH] if text else "")
