# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening a SQLite file of ours: durable settings, schema version, forward migration.

Blocks on the disk; each connection stays in the thread that opened it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from firmware.errors import ConfigError

log = logging.getLogger(__name__)

BUSY_S = 5.0  # a reader may hold the file that long while it checkpoints
_HERE = Path(__file__).parent


def script(name: str) -> str:
    """One of the SQL files beside this module."""
    return (_HERE / name).read_text(encoding="utf-8")


def open_writable(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    """Open or make a database and bring it to the newest version.

    `steps` are the scripts that lead from version 0 to 1, 1 to 2 and so on; each runs in one
    transaction with its version number. A damaged file is moved aside. Raises sqlite3.Error when
    the disk refuses, ConfigError for a file of a newer version of the program.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, steps)
    except sqlite3.OperationalError:
        raise  # full, locked, not permitted: the file itself may be sound
    except sqlite3.DatabaseError as error:
        aside = _free_name(path)
        log.error("%s is damaged (%s); it was moved to %s and begun anew", path, error, aside)
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _open(path, steps)


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _open(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a power cut takes no committed event
        _migrate(connection, path, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def open_readable(path: Path) -> sqlite3.Connection | None:
    """Open for queries only; None when there is no file yet, or its tables are just being made."""
    if not path.exists():
        return None
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0]:
            return connection
    except BaseException:  # a full disk has no room for the index of the log
        connection.close()
        raise
    connection.close()
    return None


def _migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise ConfigError(
            f"{path} has version {version}, this program knows {len(steps)}. "
            "Install the newer program again or move the file away."
        )
    for number, step in enumerate(steps[version:], start=version + 1):
        statement = f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;"
        try:
            connection.executescript(statement)
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
