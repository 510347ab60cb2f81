# SPDX-License-Identifier: GPL-2.0-or-later
"""The one clock of a process: the loop's monotonic seconds and the office's wall time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firmware.clock import Now


class OfficeClock:
    """Reads the real clocks; a rehearsal may begin at another time of day."""

    def __init__(self, zone: ZoneInfo, rehearsed: datetime | None = None) -> None:
        self._zone = zone
        self._offset = timedelta()
        if rehearsed is not None:
            aware = rehearsed if rehearsed.tzinfo else rehearsed.replace(tzinfo=zone)
            self._offset = aware - datetime.now(zone)

    def now(self) -> Now:
        """This instant. Needs a running loop."""
        mono_s = asyncio.get_running_loop().time()
        return Now(mono_s, datetime.now(self._zone) + self._offset)
