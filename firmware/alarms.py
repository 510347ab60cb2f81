# SPDX-License-Identifier: GPL-2.0-or-later
"""The alarms that stand now: raised by a key, cleared by the same key. Pure."""

from __future__ import annotations

from datetime import datetime

from firmware.views import Alarm


class Alarms:
    """All standing alarms, oldest first."""

    def __init__(self) -> None:
        self._standing: dict[str, Alarm] = {}

    def raise_alarm(self, key: str, text: str, wall: datetime) -> None:
        """An alarm began; one that stands keeps its time and takes the new text."""
        before = self._standing.get(key)
        self._standing[key] = Alarm(key, text, before.since if before else wall)

    def clear_alarm(self, key: str) -> None:
        """An alarm is over; unknown keys are ignored."""
        self._standing.pop(key, None)

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """Alarms that nobody cleared yet."""
        return tuple(self._standing.values())
