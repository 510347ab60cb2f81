# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the dashboard as text: from a status to what 80 columns can hold. Pure.

Whatever came from outside (numbers, names) is made printable here: a display name with an escape
sequence in it must not reach the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from firmware.control.protocol import Status
from firmware.control.text import clock, printable
from firmware.values import CallId
from firmware.views import AgentView, CallView, LineView, QueueView

WIDTH = 80
MAX_WAIT_TEXT = 3  # queues that are named; the others are counted

# Columns: name, width. A space stands before each.
LINE_COLUMNS = (("LINE", 11), ("TYPE", 9), ("STATE", 11), ("EXT", 6), ("WITH", 22), ("TIME", 6))
CALL_COLUMNS = (("CALLER", 20), ("CALLED", 20), ("STATE", 12), ("AT", 14), ("TIME", 6))


def _columns(columns: Sequence[tuple[str, int]], texts: Sequence[str]) -> str:
    """One row; what does not fit into its column is cut."""
    cells = [f" {text[:w]:<{w}}" for (_, w), text in zip(columns, texts, strict=True)]
    return "".join(cells)[:WIDTH].rstrip()


LINE_HEAD = _columns(LINE_COLUMNS, [name for name, _ in LINE_COLUMNS])
CALL_HEAD = " " + _columns(CALL_COLUMNS, [name for name, _ in CALL_COLUMNS])


def aged(status: Status, seconds: float) -> Status:
    """The same status when ``seconds`` have passed and nothing was heard of a change."""
    return replace(
        status,
        wall=status.wall + timedelta(seconds=seconds),
        calls=tuple(replace(call, seconds=call.seconds + seconds) for call in status.calls),
        queues=tuple(_aged_queue(queue, seconds) for queue in status.queues),
    )


def _aged_queue(queue: QueueView, seconds: float) -> QueueView:
    longer = queue.longest_wait_s + seconds if queue.waiting else 0.0
    return replace(queue, longest_wait_s=longer)


def title(status: Status, paused: bool) -> str:
    """Box, version, time of day, alarms."""
    alarms = f"ALARMS {len(status.alarms)}" if status.alarms else "no alarms"
    state = "PAUSED" if paused else f"{status.wall:%a %H:%M}"
    left = f" {printable(status.office)[:30]}   v{status.version}   table {status.table[:8]}"
    return f"{left[:55]:<55}{state:>11}{alarms:>13} "


def line_rows(status: Status) -> dict[str, str]:
    """A row for each line, by its name; SIP phones that are idle and lines of nobody included."""
    calls = {call.id: call for call in status.calls}
    return {line.line: _line_row(line, calls) for line in status.lines}


def _line_row(line: LineView, calls: dict[CallId, CallView]) -> str:
    call = calls.get(line.call) if line.call is not None else None
    out = line.state == "out of service"
    party = _other(call, line.owner) if call else ""
    time = clock(call.seconds) if call else ""
    cells = (line.line, line.kind, "NO SERVICE" if out else line.state, line.owner, party, time)
    if out:  # the reason needs the room of the other columns
        row = _columns(LINE_COLUMNS[:4], cells[:4])
        return f"{row:<42}{printable(line.reason)}"[:WIDTH].rstrip()
    return _columns(LINE_COLUMNS, cells)


def _other(call: CallView, owner: str) -> str:
    """The party at the other end, as seen from one of the call's lines."""
    mine = bool(owner) and call.caller == owner
    return printable(call.called if mine else call.caller or "unknown")


def call_rows(status: Status, marked: int) -> dict[str, str]:
    """A row for each call, by its identifier; ``>`` stands before the marked one."""
    return {
        call.id: (">" if index == marked else " ") + _call_row(call)
        for index, call in enumerate(status.calls)
    }


def _call_row(call: CallView) -> str:
    at = f"rings {len(call.ringing)}" if call.ringing else call.block
    called = call.called or call.scheme or "-"
    cells = (caller_of(call), printable(called), call.state, at, clock(call.seconds))
    return _columns(CALL_COLUMNS, cells)


def caller_of(call: CallView) -> str:
    """Number and name of a caller."""
    return printable(f"{call.caller} {call.caller_name}".strip() or "unknown")


def queue_row(status: Status) -> str:
    """How many calls and queues there are, and the queues where somebody waits."""
    waiting = [queue for queue in status.queues if queue.waiting]
    parts = [
        f"{queue.name} {len(queue.waiting)} waiting ({clock(queue.longest_wait_s)})"
        for queue in waiting[:MAX_WAIT_TEXT]
    ]
    if len(waiting) > MAX_WAIT_TEXT:
        parts.append(f"{len(waiting) - MAX_WAIT_TEXT} more")
    waits = "  ".join(parts) or "nobody waits"
    return f" CALLS {len(status.calls)}   QUEUES {len(status.queues)}: {waits}"[:WIDTH]


def agent_row(status: Status) -> str:
    """How many people are in which state, and the messages that wait for them."""
    agents = "  ".join(f"{count} {state}" for state, count in _states(status.agents))
    messages = sum(agent.new_messages for agent in status.agents)
    media = "" if status.media_up else "   MEDIA HOST AWAY"
    return f" PEOPLE {agents or 'none'}   VOICEMAIL {messages} new{media}"[:WIDTH]


def _states(agents: Sequence[AgentView]) -> list[tuple[str, int]]:
    states = [agent.state for agent in agents]
    return [(state, states.count(state)) for state in dict.fromkeys(states)]


def alarm_rows(status: Status, most: int) -> tuple[str, ...]:
    """The newest alarms, one a row; the last row says how many do not fit."""
    newest = sorted(status.alarms, key=lambda alarm: alarm.since, reverse=True)
    rows = [f" {alarm.since:%H:%M} {printable(alarm.text)}"[:WIDTH] for alarm in newest[:most]]
    if len(newest) > most:
        rows[-1] = f" and {len(newest) - most + 1} more: tipring status"
    return tuple(rows)
