# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets under the endpoint: what peers can do to them, and how they come back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from firmware.effects import SendDatagram
from firmware.sip import transport as module
from firmware.sip.transport import Source, Transport
from tests.unit.sip.raw import request

HOST = "127.0.0.1"
MESSAGE = request("OPTIONS")


class Bench:
    """A transport and what it told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, Source]] = asyncio.Queue()
        self.unreachable: asyncio.Queue[Source] = asyncio.Queue()
        self.names: dict[str, tuple[str, ...]] = {}
        self.transport = Transport(
            HOST,
            0,
            lambda data, source: self.messages.put_nowait((data, source)),
            self.unreachable.put_nowait,
            self.names.__setitem__,
        )

    async def next(self) -> tuple[bytes, Source]:
        async with asyncio.timeout(5):
            return await self.messages.get()

    def send(self, transport: str, host: str, port: int, data: bytes = MESSAGE) -> None:
        self.transport.send(SendDatagram(transport, host, port, data))


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.transport.start()
    yield bench
    await bench.transport.stop()


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Bench]:
    peer = Bench()
    await peer.transport.start()
    yield peer
    await peer.transport.stop()


@pytest.mark.parametrize("kind", ["udp", "tcp"])
@pytest.mark.parametrize("host", [HOST, "localhost"])
async def test_messages_go_both_ways(bench: Bench, peer: Bench, kind: str, host: str) -> None:
    bench.send(kind, host, peer.transport.port)
    data, source = await peer.next()
    assert (data, source[:2]) == (MESSAGE, (kind, HOST))
    peer.send(*source)
    assert (await bench.next())[0] == MESSAGE
    assert (host in bench.names) is (host == "localhost")


async def test_messages_that_wait_for_one_connection(bench: Bench, peer: Bench) -> None:
    for number in range(3):
        bench.send("tcp", HOST, peer.transport.port, request("OPTIONS", Call_ID=str(number)))
    got = [await peer.next() for _ in range(3)]
    assert len({source for _, source in got}) == 1
    assert [b"Call-ID: %d" % n in data for n, (data, _) in enumerate(got)] == [True] * 3


def test_local_address() -> None:
    assert module.local_address("192.0.2.7") == "192.0.2.7"
    for listen in ("0.0.0.0", "::", ""):
        assert module.local_address(listen) not in ("0.0.0.0", "::", "")


async def test_tcp_stream_in_pieces_with_keep_alive(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection(HOST, bench.transport.port)
    writer.write(b"\r\n\r\n" + MESSAGE[:30])
    await writer.drain()
    assert await reader.readexactly(2) == b"\r\n"
    writer.write(MESSAGE[30:] + MESSAGE)
    assert [(await bench.next())[0] for _ in range(2)] == [MESSAGE, MESSAGE]
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(5):
        assert (await bench.unreachable.get())[0] == "tcp"


async def test_stream_that_cannot_be_followed_is_closed(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection(HOST, bench.transport.port)
    writer.write(b"x" * 40_000)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_unreachable_peers_are_told(bench: Bench) -> None:
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        port = closed.getsockname()[1]
        bench.send("tcp", HOST, port)
        async with asyncio.timeout(6):
            assert await bench.unreachable.get() == ("tcp", HOST, port)
    bench.send("udp", "no-such-host.invalid", 5060)
    async with asyncio.timeout(10):
        assert await bench.unreachable.get() == ("udp", "no-such-host.invalid", 5060)


async def test_address_that_cannot_be_sent_to_harms_nothing(bench: Bench, peer: Bench) -> None:
    """An address of another family, or a port out of range, costs that message only."""
    bench.send("udp", "2001:db8::1", 5060)
    bench.send("udp", HOST, 70_000)
    async with asyncio.timeout(5):
        assert await bench.unreachable.get() == ("udp", "2001:db8::1", 5060)
        assert await bench.unreachable.get() == ("udp", HOST, 70_000)
    bench.send("udp", HOST, peer.transport.port)
    assert (await peer.next())[0] == MESSAGE
    assert bench.transport.counts["rebinds"] == 0


async def test_udp_socket_that_dies_is_bound_again(bench: Bench, peer: Bench) -> None:
    port = bench.transport.port
    assert bench.transport._udp is not None
    bench.transport._udp.abort()
    async with asyncio.timeout(5):
        while not bench.transport.counts["rebinds"]:
            bench.send("udp", HOST, peer.transport.port)
            await asyncio.sleep(0.01)
    assert bench.transport.port == port
    peer.send("udp", HOST, port)
    assert (await bench.next())[0] == MESSAGE


async def test_too_many_connections_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 1)
    first = await asyncio.open_connection(HOST, bench.transport.port)
    first[1].write(MESSAGE)
    await bench.next()
    second = await asyncio.open_connection(HOST, bench.transport.port)
    async with asyncio.timeout(5):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await second[0].readexactly(1)
    assert bench.transport.counts["refused_connections"] == 1
    for _, writer in (first, second):
        writer.close()


async def test_idle_connection_is_closed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.05)
    reader, writer = await asyncio.open_connection(HOST, bench.transport.port)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_names_are_watched(bench: Bench) -> None:
    watch = asyncio.create_task(bench.transport.watch_names(("localhost",)))
    async with asyncio.timeout(5):
        bench.send("udp", "localhost", bench.transport.port)
        await bench.next()
    assert HOST in bench.names["localhost"]
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
