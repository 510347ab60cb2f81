# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes call events to SQLite in a thread of its own, so that no call waits for the disk.

Everything that waits is committed at once, in one synced transaction. When the disk refuses,
calls go on: an alarm is told, events stay in memory up to a bound and are tried again.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from firmware.effects import WriteEvent
from firmware.errors import ConfigError
from firmware.records.database import open_writable, script

log = logging.getLogger(__name__)

MAX_KEPT = 50_000  # events in memory, about 20 MB: a busy day of an office of 15
MAX_BATCH = 1_000  # events in one transaction
RETRY_S = 5.0  # between tries while the disk refuses
CLOSE_S = 10.0  # for the last events at an orderly stop
STEPS = (script("schema.sql"),)
"""Schema versions, oldest first; a change is a new script at the end."""

_INSERT = "INSERT INTO events (run, call, at, kind, data) VALUES (?, ?, ?, ?, ?)"
Row = tuple[str, str, str, str]  # call, at, kind, data


class RecordWriter:
    """One per exchange. `write` may be called from any thread and never blocks on the disk."""

    def __init__(self, path: Path, alarm: Callable[[str], None], retry_s: float = RETRY_S) -> None:
        """`alarm` is called in the writer's thread: a sentence, "" when it writes again."""
        self.path = path
        self._alarm = alarm
        self._retry_s = retry_s
        self._rows: deque[Row] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._lost = 0  # events that found no room in memory
        self._failing = False
        self._run_id = 0
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._work, name="records")

    def start(self) -> None:
        """Begin to write; the file is opened (and made) by the thread."""
        self._thread.start()

    def write(self, effect: WriteEvent, wall: datetime) -> None:
        """Take one event; `wall` is aware."""
        data = json.dumps(effect.data, ensure_ascii=False, default=str)
        with self._changed:
            if len(self._rows) >= MAX_KEPT:
                self._lost += 1
                return
            self._rows.append((effect.call, wall.isoformat(), effect.kind, data))
            self._changed.notify_all()

    def flush(self, timeout_s: float = CLOSE_S) -> bool:
        """Wait until everything is committed; False when that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._rows, timeout_s)

    def close(self) -> None:
        """Commit what is left and end the thread; blocks for `CLOSE_S` at most."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    # ------------------------------------------------------------------ the thread

    def _work(self) -> None:
        self._open()  # a new run is in the file before its first call
        while True:
            batch = self._next_batch()
            if batch:
                self._commit(batch)
            if self._closing and (not self._rows or self._failing):
                break
        if self._rows:
            log.error("%d call events were not written to %s", len(self._rows), self.path)
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[Row]:
        with self._changed:
            if self._failing:
                self._changed.wait_for(lambda: self._closing, self._retry_s)
            else:
                self._changed.wait_for(lambda: self._rows or self._closing)
            return list(islice(self._rows, MAX_BATCH))

    def _open(self) -> bool:
        try:
            if self._connection is None:
                self._connection = open_writable(self.path, STEPS)
            if not self._run_id:
                began = datetime.now(UTC).isoformat()
                cursor = self._connection.execute("INSERT INTO runs (began) VALUES (?)", (began,))
                self._run_id = cursor.lastrowid or 0
            return True
        except (sqlite3.Error, OSError, ConfigError) as error:
            self._refused(error)
            return False

    def _commit(self, batch: list[Row]) -> None:
        if not self._open() or self._connection is None:
            return
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(_INSERT, [(self._run_id, *row) for row in batch])
        except sqlite3.Error as error:
            self._refused(error)
            return
        with self._changed:
            for _ in batch:
                self._rows.popleft()
            self._changed.notify_all()
        self._works()

    def _refused(self, error: Exception) -> None:
        """Tell once, and again when events begin to be lost; begin with a fresh connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        lost = f" {self._lost} are lost." if self._lost else ""
        if not self._failing or lost:
            self._alarm(
                f"Call records cannot be written to {self.path} ({error}). Make room on the disk; "
                f"calls go on and {len(self._rows)} events wait in memory.{lost}"
            )
        self._failing = True

    def _works(self) -> None:
        if self._failing:
            self._failing, self._lost = False, 0
            self._alarm("")
