# SPDX-License-Identifier: GPL-2.0-or-later
"""Which legs the media host closes while no exchange is there to decide. Pure.

A talk goes on as long as its audio does: a restarted exchange adopts it. What nobody can hear or
end by hanging up (a leg outside a bridge, one whose sender fell silent) is closed after a while,
so that a crashed exchange does not hold lines and ports for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from firmware.values import LegId

ALONE_S = 30.0  # a new exchange takes a second; a caller in silence hangs up before this
SILENT_S = 60.0  # no packet or no card: the party or its network is gone


@dataclass(frozen=True, slots=True)
class LegState:
    """One open leg as the engine sees it."""

    leg: LegId
    bridge: int  # 0 when in none
    heard: int  # a count that grows while audio comes in


@dataclass(slots=True)
class _Since:
    alone_s: float  # monotonic time since when it has had no partner
    heard_s: float  # when its count last grew
    heard: int


class Adrift:
    """Watches the legs of an absent exchange; call look() about once a second."""

    def __init__(self) -> None:
        self._legs: dict[LegId, _Since] = {}

    def adopt(self) -> None:
        """An exchange is there: it decides."""
        self._legs.clear()

    def look(self, legs: Sequence[LegState], now_s: float) -> list[LegId]:
        """The legs to close now, each with nobody to talk to or nothing to be heard."""
        partners = Counter(state.bridge for state in legs if state.bridge)
        self._legs = {state.leg: self._update(state, partners, now_s) for state in legs}
        return [leg for leg, since in self._legs.items() if _is_over(since, now_s)]

    def _update(self, state: LegState, partners: Counter[int], now_s: float) -> _Since:
        since = self._legs.get(state.leg) or _Since(now_s, now_s, state.heard)
        if partners[state.bridge] > 1:
            since.alone_s = now_s
        if state.heard != since.heard:
            since.heard, since.heard_s = state.heard, now_s
        return since


def _is_over(since: _Since, now_s: float) -> bool:
    return now_s - since.alone_s >= ALONE_S or now_s - since.heard_s >= SILENT_S
