# SPDX-License-Identifier: GPL-2.0-or-later
"""What the control API says, as plain data. Pure.

Requests are HTTP on a Unix socket; every answer is JSON of the classes below:

======  ====================  ==============================================================
GET     /v1/status            :class:`Status`
GET     /v1/records?limit=N   records of ended calls, newest first (docs/records.md)
GET     /v1/changes           one :class:`Status` a line: now, and after every change
POST    /v1/calls/ID/hang-up  204, also when the call is over already
======  ====================  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from firmware.errors import PeerError
from firmware.views import AgentView, Alarm, CallView, LineView, QueueView

STATUS = "/v1/status"
RECORDS = "/v1/records"
CHANGES = "/v1/changes"
HANG_UP = "/v1/calls/{call}/hang-up"
MOST_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class Status:
    """The box at one instant."""

    version: str
    office: str
    table: str  # hash of the routing table
    wall: datetime
    media_up: bool
    lines: tuple[LineView, ...]
    calls: tuple[CallView, ...]
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    alarms: tuple[Alarm, ...]
    counters: dict[str, int] = field(default_factory=dict)  # since the start; docs/faults.md


def encode(answer: object) -> bytes:
    """JSON of an answer."""
    return msgspec.json.encode(answer)


def decode_status(data: bytes) -> Status:
    """A status as sent; PeerError when the other end speaks another version."""
    try:
        return msgspec.json.decode(data, type=Status)
    except msgspec.MsgspecError as error:
        raise _other_version(error) from None


def decode_records(data: bytes) -> list[dict[str, Any]]:
    """Call records as sent; PeerError when the other end speaks another version."""
    try:
        return msgspec.json.decode(data, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise _other_version(error) from None


def _other_version(error: Exception) -> PeerError:
    return PeerError(f"The exchange speaks another version of the control API: {error}.")
