# SPDX-License-Identifier: GPL-2.0-or-later
"""What the exchange and the media host say to each other.

Commands (exchange to host) are the media orders of ``firmware.effects`` and GetSnapshot; events
(host to exchange) are the media facts of ``firmware.events`` and MediaSnapshot. Both travel as
lines of ``firmware.wire`` on a Unix socket. The host speaks first, with MediaUp. No I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.effects import JoinBridge, MediaOrder, PlayFiles, StartRecording
from firmware.events import MediaDown, MediaFact, MediaFailed, PlayEnded, RecordEnded
from firmware.values import LegId
from firmware.wire import Lines, Registry, registry

NO_LEG = LegId(0)
"""Leg of a failure that belongs to none: a line that could not be read, an empty bridge."""


@dataclass(frozen=True, slots=True)
class GetSnapshot:
    """Ask for the engine's figures; MediaSnapshot with this ``request`` follows."""

    request: int


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What the engine counted since it started."""

    uptime_s: float
    ticks: int  # of 10 ms
    late_ticks: int  # begun more than 2 ms after their time
    max_late_us: int
    skipped_ticks: int
    mean_tick_us: float  # wall time of one tick
    max_tick_us: int
    realtime: bool  # runs under SCHED_FIFO
    card_running: bool
    card_xruns: int
    events_lost: int
    record_overruns: int  # samples not recorded because the disk stood still


@dataclass(frozen=True, slots=True)
class LegFigures:
    """One leg: where it is and what was counted since it was opened."""

    leg: LegId
    kind: str  # "card" or "rtp"
    channel: int  # card channel, -1 for RTP
    rtp_port: int  # local RTP port, 0 for card
    bridge: int  # 0 when in none
    packets_received: int
    packets_sent: int
    packets_lost: int
    packets_late: int
    packets_refused: int  # malformed, of strangers, or of another payload type
    concealed_samples: int
    jitter_ms: float
    delay_ms: float  # of the jitter buffer
    erl_db: float  # echo return loss of the line
    erle_db: float  # what the echo canceller takes off
    receive_dbm0: float
    transmit_dbm0: float


@dataclass(frozen=True, slots=True)
class MediaSnapshot:
    """Answer to GetSnapshot."""

    request: int
    engine: EngineFigures
    legs: tuple[LegFigures, ...]


MediaCommand = MediaOrder | GetSnapshot
"""What the host takes."""

MediaEvent = MediaFact | MediaSnapshot
"""What the host sends (MediaDown is the client's own word for its loss)."""

COMMANDS: Registry = registry(MediaCommand)
EVENTS: Registry = {
    name: kind for name, kind in registry(MediaEvent).items() if kind is not MediaDown
}


def command_lines() -> Lines:
    """What the host reads its socket with."""
    return Lines(COMMANDS)


def event_lines() -> Lines:
    """What the exchange reads its socket with."""
    return Lines(EVENTS)


def failure(order: MediaCommand, reason: str) -> MediaFailed | PlayEnded | RecordEnded:
    """The event that tells why ``order`` was not carried out; a play or recording has ended."""
    if isinstance(order, PlayFiles):
        return PlayEnded(order.leg, order.play, reason)
    if isinstance(order, StartRecording):
        return RecordEnded(order.leg, order.record, order.path, 0.0, reason)
    return MediaFailed(leg_of(order), type(order).__name__, reason)


def leg_of(order: MediaCommand) -> LegId:
    """The leg an order is about; the first one of a bridge."""
    if isinstance(order, GetSnapshot):
        return NO_LEG
    if isinstance(order, JoinBridge):
        return order.legs[0] if order.legs else NO_LEG
    return order.leg
