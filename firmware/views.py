# SPDX-License-Identifier: GPL-2.0-or-later
"""What people may watch: lines, calls, queues, people and alarms as plain data.

Never live objects. Made by the calls and the exchange, sent by the control API, shown by the
console. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from firmware.values import CallId, LineId


@dataclass(frozen=True, slots=True)
class LineView:
    """One line."""

    line: LineId
    kind: str
    owner: str  # extension, "" if nobody's
    state: str  # idle, out of service, off hook, dialling, calling, ringing, connected, ...
    reason: str  # why out of service
    legs: int
    call: CallId | None


@dataclass(frozen=True, slots=True)
class CallView:
    """One call."""

    id: CallId
    direction: str
    caller: str
    caller_name: str
    called: str  # who talks, or the number dialled
    state: str  # talk, held, early, or what the caller goes through
    scheme: str
    block: str
    seconds: float
    talk_seconds: float
    lines: tuple[LineId, ...]
    ringing: tuple[str, ...]  # extensions


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue."""

    name: str
    strategy: str
    waiting: tuple[CallId, ...]
    longest_wait_s: float
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentView:
    """One person."""

    extension: str
    name: str
    state: str  # free, ringing, busy, wrap-up, signed-off, unreachable
    wrap_up_s: float  # rest that is left
    new_messages: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one instant."""

    lines: tuple[LineView, ...]
    calls: tuple[CallView, ...]
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm that stands; ``text`` says what is wrong, where, and what to do."""

    key: str
    text: str
    since: datetime
