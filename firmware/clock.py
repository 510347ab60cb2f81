# SPDX-License-Identifier: GPL-2.0-or-later
"""The one injected clock: monotonic seconds for machines, local wall time for schedules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Now:
    """One instant, handed to every machine with each fact."""

    mono_s: float  # monotonic seconds; all timers count in it
    wall: datetime  # aware local time of the office; schedules and records read it
