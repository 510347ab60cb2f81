# SPDX-License-Identifier: GPL-2.0-or-later
"""What the exchange offers to its consoles: snapshots, records, and the acts they may order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from firmware import __version__
from firmware.alarms import Alarms
from firmware.calls.switch import Switch
from firmware.control.protocol import Status
from firmware.core import Core
from firmware.errors import HardwareError
from firmware.reactor import Reactor
from firmware.records.derive import CallRecord
from firmware.records.queries import list_calls
from firmware.routing.table import Table
from firmware.values import CallId


class Backend:
    """Reads the live machines between two facts; runs in the event loop's thread."""

    def __init__(
        self,
        reactor: Reactor,
        core: Core,
        switch: Switch,
        table: Table,
        alarms: Alarms,
        media_up: Callable[[], bool],
        records: Path,
        counters: Callable[[], Mapping[str, int]],
    ) -> None:
        """``counters``: what the adapters counted since the start."""
        self._reactor = reactor
        self._core = core
        self._switch = switch
        self._table = table
        self._alarms = alarms
        self._media_up = media_up
        self._records = records
        self._counters = counters

    def status(self) -> Status:
        """The box now."""
        now = self._reactor.clock.now()
        view = self._switch.snapshot(now)
        return Status(
            version=__version__,
            office=self._table.data.office,
            table=self._table.hash,
            wall=now.wall,
            media_up=self._media_up(),
            lines=view.lines,
            calls=view.calls,
            queues=view.queues,
            agents=view.agents,
            alarms=self._alarms.standing,
            counters={**self._core.counters(now), **self._counters()},
        )

    def hang_up(self, call: CallId) -> None:
        """End a call on behalf of a console."""
        self._reactor.act(lambda now: self._core.hang_up(call, now), f"hang-up of {call}")

    async def records(self, limit: int) -> list[CallRecord]:
        """Records of ended calls, newest first; HardwareError when the disk does not give them."""
        try:
            return await asyncio.to_thread(list_calls, self._records, limit)
        except sqlite3.Error as error:
            sentence = f"Call records cannot be read from {self._records} now: {error}."
            raise HardwareError(sentence) from None

    def changed(self) -> asyncio.Event:
        """Set after the next change."""
        return self._reactor.changed()
