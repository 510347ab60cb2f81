# SPDX-License-Identifier: GPL-2.0-or-later
"""What every analog line machine is told about its port."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.effects import OpenCard
from firmware.lines.countries import Country
from firmware.values import LegId, LineId


@dataclass(frozen=True, slots=True)
class Port:
    """One port of the line card and the network it belongs to."""

    line: LineId
    channel: int  # of the card's sound stream
    country: Country
    receive_gain_db: float = 0.0
    transmit_gain_db: float = 0.0
    echo_canceller: bool = True

    def open(self, leg: LegId) -> OpenCard:
        """Order that gives the leg this port's audio."""
        return OpenCard(
            leg, self.channel, self.echo_canceller, self.receive_gain_db, self.transmit_gain_db
        )
