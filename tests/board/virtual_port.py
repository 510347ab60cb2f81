# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays a port of the card's firmware in virtual time, under the real MicroPython."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from board.sim.machine.start import FIRMWARE, MICROPYTHON, ROOT

Step = tuple[Any, ...]
Seen = list[tuple[int, str, list[Any]]]

RING_MODE, REVERSE, HOOK = 1, 2, 3
RELAY, RING, LOOP, POLARITY = 1, 2, 3, 4


def play(
    kind: str,
    steps: list[Step],
    until_ms: int,
    levels: dict[int, int] | None = None,
    pass_ms: int = 2,
) -> Seen:
    """What the port reported and moved, with times; the last entry is its state."""
    scenario = {
        "kind": kind,
        "steps": sorted(steps, key=lambda step: step[0]),
        "until_ms": until_ms,
        "levels": levels or {},
        "pass_ms": pass_ms,
    }
    here = ROOT / "tests/board/virtual"
    result = subprocess.run(
        [str(MICROPYTHON), str(here / "port.py")],
        input=json.dumps(scenario),
        env={"MICROPYPATH": f"{here}:{FIRMWARE}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr + result.stdout
    return [tuple(json.loads(line)) for line in result.stdout.splitlines()]


def pin(at_ms: float, number: int, level: int) -> Step:
    """An input turns."""
    return (round(at_ms), "pin", number, level)


def call(at_ms: float, method: str, *arguments: object) -> Step:
    """An order; the argument "now" becomes the time."""
    return (round(at_ms), "call", method, list(arguments))


def reports(seen: Seen, name: str = "") -> list[tuple[Any, ...]]:
    """Reports without times: (name, fields...); only those of one name if given."""
    skip = ("pin", "state")
    return [
        (what, *fields) for _, what, fields in seen if (what == name if name else what not in skip)
    ]


def moves(seen: Seen, number: int) -> list[tuple[int, int]]:
    """(ms, level) of one output."""
    return [(at, f[1]) for at, what, f in seen if what == "pin" and f[0] == number]
