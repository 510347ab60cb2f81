# SPDX-License-Identifier: GPL-2.0-or-later
"""What the media engine counts, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.values import LegId


@dataclass(frozen=True, slots=True)
class LegFigures:
    """One leg as of at most 100 ms ago; counts are since it was opened."""

    packets_received: int
    packets_sent: int
    packets_lost: int
    packets_late: int
    packets_refused: int  # malformed, of strangers, or of another payload type
    concealed_samples: int
    jitter_samples: int  # interarrival jitter, RFC 3550 6.4.1
    delay_samples: int  # of the jitter buffer
    send_errors: int
    erl_db: float  # echo return loss of the line
    erle_db: float  # what the echo canceller adds
    receive_dbm0: float  # level of the last 100 ms; -90 is silence
    transmit_dbm0: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's figures as of its last tick."""

    ticks: int
    sample: int  # engine sample count, 8,000 a second
    late_ticks: int  # began more than 2 ms after their time
    max_late_us: int
    skipped_ticks: int
    tick_us_total: int  # time spent in ticks
    max_tick_us: int
    realtime: bool  # the thread runs under SCHED_FIFO
    card_running: bool
    card_xruns: int
    card_starts: int
    card_lead_samples: int  # playback ahead of capture; grows after underruns
    events_lost: int
    record_overruns: int  # samples the disk did not take in time
    legs: dict[LegId, LegFigures]
