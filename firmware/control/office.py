# SPDX-License-Identifier: GPL-2.0-or-later
"""``tipring check``, ``compile`` and ``what-if``: the office file on the command line."""

from __future__ import annotations

import argparse
import wave
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from firmware.config.load import load_office
from firmware.control.protocol import encode
from firmware.errors import ConfigError
from firmware.media.prompts import PromptStore, default_root
from firmware.routing.check import check_office, summary
from firmware.routing.compile import compile_office
from firmware.routing.explain import what_if as trace_caller
from firmware.routing.loading import TABLE_SUFFIX, table_of
from firmware.routing.table import Table
from firmware.values import LineId, Party

OUTSIDE = "outside"  # who answers a number outside
SPOKEN_S = 3.0  # a prompt that has no file yet


def check(options: argparse.Namespace) -> int:
    """Everything that is wrong with an office, or what it would be."""
    problems, found = check_office(options.office)
    if options.json:
        print(encode({"ok": not problems, "problems": problems, "summary": found}).decode())
    else:
        print("\n".join(map(str, problems)) or found)
    return 1 if problems else 0


def compile_(options: argparse.Namespace) -> int:
    """Write the table of an accepted office."""
    table = compile_office(load_office(options.office))
    path = options.output or options.office.with_suffix(TABLE_SUFFIX)
    try:
        table.save(path)
    except OSError as error:
        raise ConfigError(f"{path}: the table cannot be written ({error.strerror}).") from None
    if options.json:
        print(encode({"table": str(path), "summary": summary(table)}).decode())
    else:
        print(f"{summary(table)}\nwritten to {path}")
    return 0


def what_if(options: argparse.Namespace) -> int:
    """The way of one caller, step by step."""
    table = table_of(options.office)
    _check_people(table, *options.busy, options.answered_by)
    steps = trace_caller(
        table,
        LineId(options.line),
        Party(options.caller),
        options.at or datetime.now(table.time_zone),
        options.busy,
        options.keys,
        options.answered_by or None,
        _durations(table),
    )
    print(encode(steps).decode() if options.json else "\n".join(map(str, steps)))
    return 0


def _check_people(table: Table, *extensions: str) -> None:
    """A mistyped extension would silently be somebody who never answers."""
    for extension in extensions:
        if extension not in ("", OUTSIDE) and table.person(extension) is None:
            known = ", ".join(table.people)
            raise ConfigError(f"Nobody has extension {extension}. There are {known}.")


def _durations(table: Table) -> Callable[[str], float]:
    """Seconds of each prompt, from its file where it is built."""
    recordings = Path(table.data.recordings) if table.data.recordings else None
    store = PromptStore(default_root(), table.data.language, recordings)

    def duration_s(key: str) -> float:
        try:
            with wave.open(str(store.path(key)), "rb") as file:
                return file.getnframes() / file.getframerate()
        except (ConfigError, OSError, wave.Error):
            return SPOKEN_S

    return duration_s
