# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the dashboard as text: from a status to what 80 columns can hold. Pure."""

from __future__ import annotations

from firmware.control.protocol import Status
from firmware.values import CallId
from firmware.views import CallView, LineView

WIDTH = 80
LINE_HEAD = "LINE       TYPE       STATE           EXT    WITH             TIME   NOTE"
CALL_HEAD = "CALL            WAY                         STATE       AT             TIME"


def title(status: Status, paused: bool) -> str:
    """Box, version, time, alarms."""
    alarms = f"ALARMS {len(status.alarms)}" if status.alarms else "no alarms"
    state = "PAUSED" if paused else f"{status.wall:%a %H:%M:%S}"
    left = f" {status.office[:30]}   v{status.version}   table {status.table[:8]}"
    return f"{left:<52}{state:>14}{alarms:>13} "


def line_rows(status: Status) -> dict[str, str]:
    """A row for each line, by its name; SIP phones that are idle and lines of nobody included."""
    calls = {call.id: call for call in status.calls}
    return {line.line: _line_row(line, calls) for line in status.lines}


def _line_row(line: LineView, calls: dict[CallId, CallView]) -> str:
    call = calls.get(line.call) if line.call is not None else None
    state = "NO SERVICE" if line.state == "out of service" else line.state
    party = _other(call, line.owner) if call else ""
    time = clock(call.seconds) if call else ""
    row = f" {line.line:<10} {line.kind:<10} {state:<15} {line.owner:<6} {party:<16} {time:<6}"
    return f"{row} {line.reason}"[:WIDTH].rstrip()


def _other(call: CallView, owner: str) -> str:
    """The party at the other end, as seen from one of the call's lines."""
    return (call.called if call.caller == owner else call.caller or "unknown")[:16]


def call_rows(status: Status) -> dict[str, str]:
    """A row for each call, by its identifier."""
    return {call.id: _call_row(call) for call in status.calls}


def _call_row(call: CallView) -> str:
    way = f"{call.caller or 'unknown'} > {call.called or call.scheme or '-'}"
    at = f"rings {len(call.ringing)}" if call.ringing else call.block
    start = call.id.split("T")[-1][:6]
    return f"  {start:<13} {way[:27]:<27} {call.state[:11]:<11} {at[:14]:<14} {clock(call.seconds)}"


def queue_row(status: Status) -> str:
    """All queues in one row."""
    parts = [
        f"{queue.name} {len(queue.waiting)} waiting ({clock(queue.longest_wait_s)})"
        for queue in status.queues
    ]
    messages = sum(agent.new_messages for agent in status.agents)
    media = "" if status.media_up else "   MEDIA HOST AWAY"
    text = f" QUEUES {'  '.join(parts) or 'none'}   VOICEMAIL {messages} new{media}"
    return text[:WIDTH]


def alarm_rows(status: Status, most: int) -> tuple[str, ...]:
    """The newest alarms, one a row; one row more says how many do not fit."""
    newest = sorted(status.alarms, key=lambda alarm: alarm.since, reverse=True)
    rows = [f" {alarm.since:%H:%M:%S} {alarm.text}"[:WIDTH] for alarm in newest[:most]]
    if len(newest) > most:
        rows[-1] = f" and {len(newest) - most + 1} more: tipring status"
    return tuple(rows)


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
