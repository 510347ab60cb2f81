# SPDX-License-Identifier: GPL-2.0-or-later
"""One turn of the core: all that one fact sets going, in the order it leaves. Pure."""

from __future__ import annotations

from collections import deque

from firmware.effects import CloseLeg, Effect, OpenCard, OpenRtp
from firmware.events import LegFact


class Turn:
    """Effects in order, and leg facts still to be told.

    Ports close last: when a leg ends the calls may still have to cut its recording. A port that
    opens goes behind those that close, since it may be for the same channel.
    """

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.facts: deque[LegFact] = deque()
        self._closing: list[Effect] = []

    def add(self, effect: Effect) -> None:
        """Take an effect on its way out."""
        if isinstance(effect, CloseLeg):
            self._closing.append(effect)
            return
        if isinstance(effect, OpenCard | OpenRtp):
            self.take()
        self.effects.append(effect)

    def take(self) -> list[Effect]:
        """All effects, with the ports that close behind them."""
        self.effects += self._closing
        self._closing = []
        return self.effects
