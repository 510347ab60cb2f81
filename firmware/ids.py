# SPDX-License-Identifier: GPL-2.0-or-later
"""Sources of identifiers, injected into the machines. Standard library only."""

from __future__ import annotations

from datetime import datetime

from firmware.values import CallId, LegId

LEGS_PER_S = 16  # no box of this size makes more; keeps numbers of two runs apart
LEG_LIMIT = 2**31 - 2


class LegIds:
    """Leg numbers that a restarted exchange does not use again for talks it adopts."""

    def __init__(self, started: datetime) -> None:
        self._next = int(started.timestamp()) * LEGS_PER_S % LEG_LIMIT

    def __call__(self) -> LegId:
        """A fresh leg number, 1..2**31-1."""
        self._next = self._next % LEG_LIMIT + 1
        return LegId(self._next)


class CallIds:
    """Call identifiers: start of this run and a counter, unique for ever on one box."""

    def __init__(self, started: datetime) -> None:
        self._prefix = started.strftime("%Y%m%dT%H%M%S.%f")[:-3]
        self._count = 0

    def __call__(self) -> CallId:
        """A fresh call identifier."""
        self._count += 1
        return CallId(f"{self._prefix}-{self._count}")
