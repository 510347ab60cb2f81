# SPDX-License-Identifier: GPL-2.0-or-later
"""What the exchange needs of the world: doors that adapters open. Standard library only.

None of these may block: each takes the order, returns, and does the work behind a queue.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from firmware.effects import CardOrder, MediaOrder, SendDatagram, StoreOrder, WriteEvent
from firmware.values import LineId


class CardPort(Protocol):
    """One line card (drivers.linecard)."""

    def send(self, order: CardOrder) -> bool:
        """Give an order; False when the card is down."""
        ...


class MediaPort(Protocol):
    """The media host (firmware.media.client)."""

    def send(self, order: MediaOrder) -> None:
        """Give an order; without a connection it is dropped (MediaDown was told)."""
        ...


class NetworkPort(Protocol):
    """SIP's sockets (firmware.sip.transport)."""

    def send(self, order: SendDatagram) -> None:
        """Send a message."""
        ...


class RecordPort(Protocol):
    """Call records (firmware.records.writer)."""

    def write(self, effect: WriteEvent, wall: datetime) -> None:
        """Append an event; never lost while the process lives."""
        ...


class StorePort(Protocol):
    """Mailboxes and kept settings (firmware.records)."""

    def carry_out(self, order: StoreOrder) -> None:
        """Store, mark or delete."""
        ...


class AlarmPort(Protocol):
    """Alarms of the box (firmware.alarms)."""

    def raise_alarm(self, key: str, text: str, wall: datetime) -> None:
        """An alarm began; again for the same key only changes its text."""
        ...

    def clear_alarm(self, key: str) -> None:
        """An alarm is over; unknown keys are ignored."""
        ...


CardOf = dict[LineId, CardPort]
"""Which card a line is on."""
