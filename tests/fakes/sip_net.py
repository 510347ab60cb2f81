# SPDX-License-Identifier: GPL-2.0-or-later
"""A network in virtual time that joins SIP endpoints: whole, lossy, slow or doubling.

A phone is played by the same endpoint with one trunk that leads to the exchange, so every test
checks both sides. Ports of media open at once.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from firmware.clock import Now
from firmware.effects import OpenRtp, Originate, SendDatagram
from firmware.events import MediaFailed, RtpOpened
from firmware.sip.endpoint import SipEndpoint
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.settings import SipAccount, SipSettings, SipTrunk
from firmware.values import LegId, LineId, Party

EXCHANGE = ("192.0.2.1", 5060)
PHONE = ("192.0.2.50", 5060)
PROVIDER = ("198.51.100.7", 5060)
T = TypeVar("T")
START = datetime(2026, 10, 26, 10, 0, tzinfo=UTC)


@dataclass
class Packet:
    """One message on its way."""

    source: tuple[str, int]
    target: tuple[str, int]
    transport: str
    data: bytes

    @property
    def message(self) -> Request | Response:
        return parse_message(self.data)

    def __str__(self) -> str:
        message = self.message
        if isinstance(message, Request):
            return message.method
        return f"{message.code} {message.cseq.method}"


def tokens(seed: str) -> Callable[[], str]:
    """Unique, repeatable hexadecimal tokens."""
    count = itertools.count(1)
    return lambda: f"{next(count) * 2654435761 % 2**32:08x}{seed.encode().hex():0<8.8}{0:04x}"


@dataclass
class Node:
    """One endpoint with everything it gave out."""

    net: Net
    address: tuple[str, int]
    endpoint: SipEndpoint
    media: bool = True  # False: ports cannot be opened
    seen: list[object] = field(default_factory=list)

    def order(self, order: object) -> None:
        self.net.take(self, self.endpoint.on_order(order, self.net.now))

    def fact(self, fact: object) -> None:
        self.net.take(self, self.endpoint.on_fact(fact, self.net.now))

    def start(self) -> None:
        self.net.take(self, self.endpoint.start(self.net.now))

    def receive(self, data: bytes, source: tuple[str, str, int]) -> list[Any]:
        """Give bytes as if a stranger had sent them; returns what came out."""
        out = self.endpoint.on_message(data, source, self.net.now)
        self.net.take(self, out)
        return out

    def of(self, kind: type[T]) -> list[T]:
        """Facts and effects of one kind so far."""
        return [item for item in self.seen if isinstance(item, kind)]

    def last(self, kind: type[T]) -> T:
        return self.of(kind)[-1]

    def call(self, line: str, called: str, leg: int = 7, number: str = "101") -> LegId:
        self.order(Originate(LegId(leg), LineId(line), called, Party(number, "Anna")))
        return LegId(leg)


class Net:
    """Virtual time, the nodes, and what becomes of packets."""

    def __init__(self, delay_s: float = 0.01) -> None:
        self.time_s = 1000.0
        self.delay_s = delay_s
        self.nodes: dict[tuple[str, int], Node] = {}
        self.packets: list[Packet] = []  # everything that was sent
        self.fate: Callable[[Packet], Iterable[float]] = lambda packet: (self.delay_s,)
        self._queue: list[tuple[float, int, Packet]] = []
        self._count = itertools.count()

    @property
    def now(self) -> Now:
        return Now(self.time_s, START + timedelta(seconds=self.time_s))

    def add(self, address: tuple[str, int], **settings: Any) -> Node:
        host, port = address
        base = SipSettings(host, port, "office", b"secret of the test", **settings)
        legs = itertools.count(1)
        endpoint = SipEndpoint(base, lambda: LegId(next(legs)), tokens(host))
        self.nodes[address] = Node(self, address, endpoint)
        return self.nodes[address]

    def take(self, node: Node, items: Iterable[object]) -> None:
        for item in items:
            node.seen.append(item)
            if isinstance(item, SendDatagram):
                self._send(node, item)
            elif isinstance(item, OpenRtp):
                answer: object = RtpOpened(item.leg, node.address[0], 10000 + 2 * item.leg)
                if not node.media:
                    answer = MediaFailed(item.leg, "OpenRtp", "no port is free")
                node.fact(answer)

    def _send(self, node: Node, item: SendDatagram) -> None:
        packet = Packet(node.address, (item.host, item.port), item.transport, item.data)
        self.packets.append(packet)
        for delay_s in self.fate(packet):
            heapq.heappush(self._queue, (self.time_s + delay_s, next(self._count), packet))

    def run(self, seconds: float) -> None:
        """Let time pass, delivering packets and timers in order."""
        end_s = self.time_s + seconds
        while True:
            arrival = self._queue[0][0] if self._queue else end_s + 1
            due = {a: n.endpoint.next_timeout() for a, n in self.nodes.items()}
            timer = min((t for t in due.values() if t is not None), default=end_s + 1)
            at_s = min(arrival, timer)
            if at_s > end_s:
                break
            self.time_s = max(self.time_s, at_s)
            if arrival <= timer:
                self._deliver(heapq.heappop(self._queue)[2])
            else:
                for node in list(self.nodes.values()):
                    self.take(node, node.endpoint.on_timer(self.now))
        self.time_s = end_s

    def _deliver(self, packet: Packet) -> None:
        node = self.nodes.get(packet.target)
        if node is not None:
            source = (packet.transport, *packet.source)
            self.take(node, node.endpoint.on_message(packet.data, source, self.now))

    def flow(self) -> list[str]:
        """Everything that was sent, by method or code."""
        return [str(packet) for packet in self.packets]


def account(extension: str = "109") -> SipAccount:
    return SipAccount(extension, f"pw{extension}", LineId(f"sip:{extension}"), "Olena")


def phone_trunk(extension: str = "109", transport: str = "udp") -> SipTrunk:
    """The exchange as the phone sees it."""
    host, port = EXCHANGE
    return SipTrunk(
        LineId("office"),
        host,
        port,
        transport,
        username=extension,
        password=f"pw{extension}",
        register=True,
    )


def provider_trunk(**changes: Any) -> SipTrunk:
    host, port = PROVIDER
    return SipTrunk(LineId("itsp"), host, **({"port": port} | changes))


def office(transport: str = "udp") -> tuple[Net, Node, Node]:
    """An exchange with one phone, 109, registered."""
    net = Net()
    exchange = net.add(EXCHANGE, accounts=(account(),))
    phone = net.add(PHONE, trunks=(phone_trunk(transport=transport),))
    exchange.start()
    phone.start()
    net.run(1)
    net.packets.clear()
    return net, exchange, phone
