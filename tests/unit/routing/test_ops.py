# SPDX-License-Identifier: GPL-2.0-or-later
"""Every exit of every operation is told, and leads to an operation that exists."""

from __future__ import annotations

from firmware.routing.ops import CallOut, End, Hours, exits
from tests.unit.routing.offices import compiled


def test_every_exit_leads_to_an_operation() -> None:
    ops = compiled().data.ops
    for op in ops:
        assert all(0 <= after < len(ops) for _, after in exits(op))
        assert bool(exits(op)) is not isinstance(op, End)


def test_exits_are_told_as_events() -> None:
    assert exits(Hours("hours", "office", 1, 2)) == (("is open", 1), ("is closed", 2))
    calls_out = CallOut("mobile", "050", ("city",), 30.0, no_answer=1, busy=2, failed=3)
    assert [event for event, _ in exits(calls_out)] == [
        "gets no answer",
        "finds the number busy",
        "finds no free trunk",
    ]
