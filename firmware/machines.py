# SPDX-License-Identifier: GPL-2.0-or-later
"""What the core joins: the facts that reach it and the machines that take them.

Facts of the card, the media host and the legs are in :mod:`firmware.events`; those of the network
are here, since only the SIP machine sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from firmware.clock import Now
from firmware.effects import Effect
from firmware.events import CardFact, LegFact, MediaFact
from firmware.values import CallId, LegId

Out = list[Effect | LegFact]


# ---------------------------------------------------------------------- facts of the network


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A SIP message came in."""

    data: bytes
    source: tuple[str, str, int]  # transport, host, port


@dataclass(frozen=True, slots=True)
class PeerUnreachable:
    """A SIP message could not be delivered."""

    source: tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class NameResolved:
    """A SIP trunk's host name has these addresses now."""

    host: str
    addresses: tuple[str, ...]


NetworkFact = MessageReceived | PeerUnreachable | NameResolved
Fact = CardFact | MediaFact | LegFact | NetworkFact


# ---------------------------------------------------------------------- machines


class LineMachine(Protocol):
    """What the core needs of an analog line (and of the SIP machine, which owns many lines)."""

    def on_fact(self, fact: object, now: Now) -> Out: ...

    def on_order(self, order: object, now: Now) -> Out: ...

    def on_timer(self, now: Now) -> Out: ...

    def next_timeout(self) -> float | None: ...

    def restore(self, leg: LegId, tag: str, now: Now) -> Out: ...


class SipMachine(LineMachine, Protocol):
    """The SIP endpoint: a line machine that also takes messages."""

    def start(self, now: Now) -> Out: ...

    def stop(self, now: Now) -> Out: ...

    def on_unreachable(self, source: tuple[str, str, int], now: Now) -> Out: ...

    def on_resolved(self, host: str, addresses: tuple[str, ...]) -> None: ...

    def snapshot(self, now: Now) -> dict[str, Any]: ...

    def restore_contacts(self, contacts: list[dict[str, Any]], now: Now) -> Out: ...

    def on_message(self, data: bytes, source: tuple[str, str, int], now: Now) -> Out: ...


class CallMachine(Protocol):
    """The calls: take leg facts and the ends of plays and recordings, give orders."""

    def start(self, now: Now) -> list[Effect]: ...

    def on_fact(self, fact: object, now: Now) -> list[Effect]: ...

    def on_timer(self, now: Now) -> list[Effect]: ...

    def next_timeout(self) -> float | None: ...

    def hang_up(self, call: CallId, now: Now) -> list[Effect]: ...
