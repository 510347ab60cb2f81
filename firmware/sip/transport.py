# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP and TCP under the SIP endpoint: the only file of the stack that touches sockets.

Received messages go to ``deliver(data, source)``; :meth:`Transport.send` takes SendDatagram. Host
names are resolved with the loop's resolver before anything is sent, never inside a send. A UDP
socket that fails is bound again; a TCP peer is reached over its own connection or a new one.
Runs on the exchange's event loop; nothing here blocks it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable

from firmware.effects import SendDatagram
from firmware.sip.framing import PONG, StreamFramer
from firmware.sip.grammar import SipError

log = logging.getLogger(__name__)

Source = tuple[str, str, int]
MAX_CONNECTIONS = 500  # phones on TCP in a small office are under 100
MAX_WAITING_OCTETS = 262_144  # unsent octets on one connection before it counts as stuck
IDLE_S = 900.0  # a connection without a message is closed; phones keep theirs alive faster
CONNECT_S = 5.0
REBIND_S = 1.0
NAME_LIFE_S = 60.0  # a provider may move; asked again at the next send after this


def local_address(listen: str) -> str:
    """The address that peers can answer to, for a socket that listens on ``listen``.

    For 0.0.0.0 and :: it is the box's address on its default route; nothing is sent to find it.
    """
    if listen not in ("0.0.0.0", "::", ""):
        return listen
    family = socket.AF_INET6 if listen == "::" else socket.AF_INET
    loopback, far = ("::1", "2001:db8::1") if listen == "::" else ("127.0.0.1", "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return loopback  # no network yet
        return str(probe.getsockname()[0])


class Transport:
    """Listens on one address with UDP and TCP."""

    def __init__(
        self,
        host: str,
        port: int,
        deliver: Callable[[bytes, Source], None],
        unreachable: Callable[[Source], None],
        resolved: Callable[[str, tuple[str, ...]], None] = lambda host, addresses: None,
    ) -> None:
        self.host = host
        self.port = port  # 0 before start: any free one
        self.counts = dict.fromkeys(("rebinds", "refused_connections", "send_errors"), 0)
        self._deliver = deliver
        self._unreachable = unreachable
        self._resolved = resolved
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._streams: dict[tuple[str, int], Stream] = {}
        self._waiting: dict[tuple[str, int], list[SendDatagram]] = {}  # for a connection
        self._names: dict[str, tuple[float, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def start(self) -> None:
        """Bind both sockets; raises OSError when the address is taken."""
        await self._bind_udp()
        loop = asyncio.get_running_loop()
        self._tcp = await loop.create_server(self._accept, self.host, self.port)

    async def stop(self) -> None:
        """Close everything."""
        self._closing = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tcp is not None:
            self._tcp.close()
        for stream in list(self._streams.values()):
            stream.close()
        if self._udp is not None:
            self._udp.close()
        await asyncio.sleep(0)  # lets the transports run their connection_lost

    async def watch_names(self, hosts: tuple[str, ...]) -> None:
        """Resolve the trunks' names every minute, for ever; runs as a task of the caller."""
        while True:
            for host in hosts:
                await self._resolve(host)
            await asyncio.sleep(NAME_LIFE_S)

    # ------------------------------------------------------------------ sending

    def send(self, datagram: SendDatagram) -> None:
        """Send one message; what cannot be delivered is told through ``unreachable``."""
        address = self._known_address(datagram.host)
        if address is None:
            self._spawn(self._send_to_name(datagram))
        elif not self._can_reach(address, datagram.port):
            self.counts["send_errors"] += 1
            peer = (datagram.transport, datagram.host, datagram.port)
            # Later: the caller is still carrying out what its machine gave it.
            asyncio.get_running_loop().call_soon(self._unreachable, peer)
        elif datagram.transport == "udp":
            self._send_udp(datagram, address)
        else:
            self._send_tcp(datagram, address)

    def _can_reach(self, address: str, port: int) -> bool:
        """Whether a send can be tried: asyncio closes the whole socket over one wrong port."""
        return 0 < port < 65536 and (":" in address) == (":" in self.host)

    def _send_udp(self, datagram: SendDatagram, address: str) -> None:
        if self._udp is not None and not self._udp.is_closing():  # else it is bound again soon
            self._udp.sendto(datagram.data, (address, datagram.port))

    def _send_tcp(self, datagram: SendDatagram, address: str) -> None:
        peer = (address, datagram.port)
        stream = self._streams.get(peer)
        if stream is not None:
            stream.write(datagram.data)
        elif peer in self._waiting:
            self._waiting[peer].append(datagram)
        else:
            self._waiting[peer] = [datagram]
            self._spawn(self._connect(peer))

    async def _connect(self, peer: tuple[str, int]) -> None:
        """Open a connection and send what waits for it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(lambda: Stream(self), *peer)
        except (OSError, TimeoutError) as error:
            log.warning("No TCP connection to %s:%s: %s", *peer, error)
        waiting = self._waiting.pop(peer)
        stream = self._streams.get(peer)
        for datagram in waiting:
            if stream is not None:
                stream.write(datagram.data)
            else:
                self._unreachable((datagram.transport, datagram.host, datagram.port))

    # ------------------------------------------------------------------ names

    def _known_address(self, host: str) -> str | None:
        """The address for a host if no look-up is needed."""
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass  # a name
        until_s, address = self._names.get(host, (0.0, ""))
        return address if until_s > asyncio.get_running_loop().time() else None

    async def _send_to_name(self, datagram: SendDatagram) -> None:
        if await self._resolve(datagram.host):
            self.send(datagram)
        else:
            self._unreachable((datagram.transport, datagram.host, datagram.port))

    async def _resolve(self, host: str) -> bool:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            log.warning("The name %s cannot be resolved: %s", host, error)
            return False
        addresses = tuple(dict.fromkeys(str(info[4][0]) for info in found))
        # IPv4 first: the listening socket is IPv4 unless the installer gave an IPv6 address.
        addresses = tuple(sorted(addresses, key=lambda a: (":" in a) != (":" in self.host)))
        self._names[host] = (loop.time() + NAME_LIFE_S, addresses[0])
        self._resolved(host, addresses)
        return True

    # ------------------------------------------------------------------ UDP

    async def _bind_udp(self) -> None:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: Datagrams(self), local_addr=(self.host, self.port)
        )
        self.port = self._udp.get_extra_info("sockname")[1]

    def received(self, data: bytes, source: Source) -> None:
        """A datagram or a framed message came."""
        self._deliver(data, source)

    def udp_lost(self) -> None:
        """The UDP socket failed: bind it again until it works."""
        if not self._closing:
            self._spawn(self._rebind())

    async def _rebind(self) -> None:
        while True:
            try:
                await self._bind_udp()
            except OSError as error:
                log.warning("SIP port %s cannot be bound again yet: %s", self.port, error)
                await asyncio.sleep(REBIND_S)
            else:
                self.counts["rebinds"] += 1
                return

    # ------------------------------------------------------------------ TCP

    def _accept(self) -> Stream:
        return Stream(self)

    def opened(self, stream: Stream) -> bool:
        """A connection stands; False when there are too many."""
        if len(self._streams) >= MAX_CONNECTIONS or self._closing:
            self.counts["refused_connections"] += 1
            return False
        self._streams[stream.peer] = stream
        return True

    def closed(self, stream: Stream) -> None:
        """A connection is gone; requests waiting on it fail."""
        if self._streams.get(stream.peer) is stream:
            del self._streams[stream.peer]
            if not self._closing:
                self._unreachable(("tcp", *stream.peer))

    def _spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A SIP transport task failed", exc_info=task.exception())


class Datagrams(asyncio.DatagramProtocol):
    """The UDP socket."""

    def __init__(self, owner: Transport) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._owner.received(data, ("udp", addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        log.debug("UDP error from the network: %s", exc)  # timers of the transactions decide

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.udp_lost()


class Stream(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, owner: Transport) -> None:
        self.peer = ("", 0)
        self._owner = owner
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = transport.get_extra_info("peername")[:2]
        if self._owner.opened(self):
            self._rest()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._rest()
        try:
            messages = self._framer.feed(data)
        except SipError as error:
            log.warning("TCP connection of %s:%s closed: %s", *self.peer, error)
            self.close()
            return
        if self._framer.pings:
            self.write(PONG * self._framer.pings)
            self._framer.pings = 0
        for message in messages:
            self._owner.received(message, ("tcp", *self.peer))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._owner.closed(self)

    def write(self, data: bytes) -> None:
        """Queue octets; a peer that takes none is dropped."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_WAITING_OCTETS:
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _rest(self) -> None:
        """Start the idle time anew."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)
