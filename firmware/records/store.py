# SPDX-License-Identifier: GPL-2.0-or-later
"""Voicemail messages and settings changed by telephone, kept over a restart.

Each change is one synced transaction of a few rows, in a thread of its own; message files are
deleted there too. Read once at start.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware.effects import (
    DeleteMessage,
    DiscardRecording,
    MarkMessage,
    SaveSetting,
    StoreMessage,
    StoreOrder,
)
from firmware.records.database import open_writable, script
from firmware.values import Message, Party, Presentation

log = logging.getLogger(__name__)

STEPS = (script("store.sql"),)
RETRY_S = 5.0  # between tries while the disk refuses
CLOSE_S = 10.0  # for the last orders at an orderly stop


class Store:
    """One per exchange; opens its file at once (blocks), carries orders out in its thread."""

    def __init__(self, path: Path, retry_s: float = RETRY_S) -> None:
        """Raises ConfigError for a file of a newer version of the program."""
        self._path = path
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._failing = False
        self._messages: tuple[Message, ...] = ()
        self._settings: dict[str, str] = {}
        try:
            self._read()
        except (sqlite3.Error, OSError) as error:  # a full disk must not keep the box from calls
            log.error("%s cannot be opened for writing: %s", path, error)
        self._orders: queue.SimpleQueue[StoreOrder | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store")
        self._thread.start()

    def _read(self) -> None:
        with closing(open_writable(self._path, STEPS)) as connection:
            self._messages = _read_messages(connection)
            self._settings = dict(connection.execute("SELECT key, value FROM settings"))

    def messages(self) -> tuple[Message, ...]:
        """All messages as they were at start, oldest first; those without a file are left out."""
        return tuple(message for message in self._messages if Path(message.path).exists())

    def settings(self) -> dict[str, str]:
        """All settings as they were at start."""
        return dict(self._settings)

    def carry_out(self, order: StoreOrder) -> None:
        """Take an order; does not block."""
        self._orders.put(order)

    def close(self) -> None:
        """Carry out what is left and end the thread; blocks for `CLOSE_S` at most."""
        self._closing.set()
        self._orders.put(None)
        self._thread.join(CLOSE_S)

    # ------------------------------------------------------------------ the thread

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            last_try = False
            while not self._try(order) and not last_try:
                last_try = self._closing.wait(self._retry_s)

    def _try(self, order: StoreOrder) -> bool:
        try:
            self._change(order)
        except (sqlite3.Error, OSError) as error:
            if not self._failing:  # once: the log is on a disk too
                log.error("%s waits for %s: %s", type(order).__name__, self._path, error)
            self._failing = True
            return False
        if self._failing:
            log.warning("%s can be written again", self._path)
        self._failing = False
        return True

    def _change(self, order: StoreOrder) -> None:
        if isinstance(order, DiscardRecording):  # makes room: must not need any
            _discard(Path(order.path))
            return
        with closing(open_writable(self._path, STEPS)) as connection:
            _ORDERS[type(order)](connection, order)


def _discard(path: Path) -> None:
    """A file that cannot go is told and left: orders behind this one must not wait for it."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.error("%s cannot be deleted (%s); delete it by hand", path, error.strerror)


def _read_messages(connection: sqlite3.Connection) -> tuple[Message, ...]:
    rows = connection.execute(
        "SELECT id, mailbox, path, number, name, presentation, absence, duration_s, received,"
        " heard FROM messages ORDER BY received"
    )
    return tuple(
        Message(
            id=row[0],
            mailbox=row[1],
            path=row[2],
            caller=Party(row[3], row[4], Presentation(row[5]), row[6]),
            duration_s=row[7],
            received=datetime.fromisoformat(row[8]),
            heard=bool(row[9]),
        )
        for row in rows
    )


def _store_message(connection: sqlite3.Connection, order: StoreMessage) -> None:
    message = order.message
    caller = message.caller
    connection.execute(
        "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            message.mailbox,
            message.path,
            caller.number,
            caller.name,
            caller.presentation.value,
            caller.absence,
            message.duration_s,
            message.received.isoformat(),
            int(message.heard),
        ),
    )


def _mark(connection: sqlite3.Connection, order: MarkMessage) -> None:
    connection.execute("UPDATE messages SET heard = 1 WHERE id = ?", (order.message,))


def _delete(connection: sqlite3.Connection, order: DeleteMessage) -> None:
    row = connection.execute("SELECT path FROM messages WHERE id = ?", (order.message,)).fetchone()
    connection.execute("DELETE FROM messages WHERE id = ?", (order.message,))
    if row is not None:
        Path(row[0]).unlink(missing_ok=True)


def _save(connection: sqlite3.Connection, order: SaveSetting) -> None:
    if order.value:
        statement = "INSERT OR REPLACE INTO settings VALUES (?, ?)"
        connection.execute(statement, (order.key, order.value))
    else:
        connection.execute("DELETE FROM settings WHERE key = ?", (order.key,))


_ORDERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    StoreMessage: _store_message,
    MarkMessage: _mark,
    DeleteMessage: _delete,
    SaveSetting: _save,
}
