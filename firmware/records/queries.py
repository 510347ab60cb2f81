# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the call records. Every function opens the file read-only and blocks on the disk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmware.records.database import open_readable
from firmware.records.derive import CallRecord, Event, derive

ADOPTION_S = 30.0  # after a start, before a call that was not adopted counts as interrupted

_OPEN = """
    SELECT call, MAX(id) AS last, MAX(run) AS run FROM events
    GROUP BY call HAVING SUM(kind = 'ended') = 0
"""


def list_calls(path: Path, limit: int = 20, now: datetime | None = None) -> list[CallRecord]:
    """Records of calls that are over, the one that ended last first; [] without a file.

    A call that a stop of the box cut off is listed once the next run is `ADOPTION_S` old.
    """
    connection = open_readable(path)
    if connection is None:
        return []
    with closing(connection):
        over = connection.execute(
            "SELECT id, call FROM events WHERE kind = 'ended' ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
        over += _cut_off(connection, now or datetime.now(UTC))
        over.sort(reverse=True)
        return [derive(call, _events(connection, call)) for _, call in over[:limit]]


def call_events(path: Path, call: str) -> list[Event]:
    """All events of one call, oldest first."""
    connection = open_readable(path)
    if connection is None:
        return []
    with closing(connection):
        return _events(connection, call)


def open_calls(path: Path) -> list[str]:
    """Calls without an end: alive, to be adopted, or cut off."""
    connection = open_readable(path)
    if connection is None:
        return []
    with closing(connection):
        return [call for call, _, _ in connection.execute(_OPEN).fetchall()]


def _cut_off(connection: sqlite3.Connection, now: datetime) -> list[tuple[int, str]]:
    """Calls without an end whose last event is of an earlier run than the present one."""
    row = connection.execute("SELECT id, began FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    if row is None:
        return []
    run, began = row[0], datetime.fromisoformat(row[1])
    if now - began < timedelta(seconds=ADOPTION_S):
        run -= 1
    return [(last, call) for call, last, its in connection.execute(_OPEN) if its < run]


def _events(connection: sqlite3.Connection, call: str) -> list[Event]:
    rows = connection.execute(
        "SELECT at, kind, data FROM events WHERE call = ? ORDER BY id", (call,)
    )
    return [Event(datetime.fromisoformat(at), kind, json.loads(data)) for at, kind, data in rows]
