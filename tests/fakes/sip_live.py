# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIP endpoint on loopback under its real transport, for independent peers to talk to.

Ports of media are bound but nothing is sent from them. Arriving calls ring and are answered.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from firmware.clock import Now
from firmware.effects import Alert, Answer, CloseLeg, OpenRtp, SendDatagram
from firmware.events import LegArrived, RtpOpened
from firmware.sip.endpoint import SipEndpoint
from firmware.sip.settings import SipSettings
from firmware.sip.transport import Source, Transport
from firmware.values import LegId

HOST = "127.0.0.1"
T = TypeVar("T")


def free_port() -> int:
    """A UDP port nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class LiveSip:
    """Endpoint, transport and one timer, as the exchange joins them."""

    def __init__(self, port: int, **settings: Any) -> None:
        base = SipSettings(HOST, port, "office", secrets.token_bytes(16), **settings)
        legs = itertools.count(1)
        self.endpoint = SipEndpoint(base, lambda: LegId(next(legs)), lambda: secrets.token_hex(16))
        self.transport = Transport(
            HOST, port, self._deliver, self._unreachable, self.endpoint.on_resolved
        )
        self.seen: list[object] = []
        self.sent: list[SendDatagram] = []
        self.answer_after_s: float | None = 0.05  # None: ring for ever
        self._sockets: dict[LegId, socket.socket] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @property
    def now(self) -> Now:
        return Now(asyncio.get_running_loop().time(), datetime.now(UTC))

    async def start(self) -> None:
        await self.transport.start()
        self.take(self.endpoint.start(self.now))

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.transport.stop()
        for bound in self._sockets.values():
            bound.close()

    def order(self, order: object) -> None:
        self.take(self.endpoint.on_order(order, self.now))

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in self.seen if isinstance(item, kind)]

    async def wait_for(self, kind: type[T], count: int = 1, timeout_s: float = 10.0) -> T:
        """The fact or effect number ``count`` of this kind."""
        async with asyncio.timeout(timeout_s):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)[count - 1]

    def take(self, items: Iterable[object]) -> None:
        for item in items:
            self._carry_out(item)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.endpoint.next_timeout()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._tick)
        self._changed.set()

    def _carry_out(self, item: object) -> None:
        if isinstance(item, SendDatagram):
            self.sent.append(item)
            self.transport.send(item)
            return
        self.seen.append(item)
        if isinstance(item, OpenRtp):
            bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            bound.bind((HOST, 0))
            self._sockets[item.leg] = bound
            opened = RtpOpened(item.leg, HOST, bound.getsockname()[1])
            self.take(self.endpoint.on_fact(opened, self.now))
        elif isinstance(item, CloseLeg):
            self._sockets.pop(item.leg).close()
        elif isinstance(item, LegArrived):
            self.order(Alert(item.leg))
            if self.answer_after_s is not None:
                loop = asyncio.get_running_loop()
                loop.call_later(self.answer_after_s, self.order, Answer(item.leg))

    def _tick(self) -> None:
        self.take(self.endpoint.on_timer(self.now))

    def _deliver(self, data: bytes, source: Source) -> None:
        self.take(self.endpoint.on_message(data, source, self.now))

    def _unreachable(self, source: Source) -> None:
        self.take(self.endpoint.on_unreachable(source, self.now))
