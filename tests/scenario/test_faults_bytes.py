# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed SIP, RTP and card bytes while people talk: counted, answered where due, not noticed."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from board.sim.measure import compare
from board.sim.peers.ports import LOOPBACK
from board.sim.voices import speak_text
from tests.scenario.scene import LONG_S, MONDAY, Scene

OFFICE, AT = "r1", MONDAY
pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAST_LIKENESS = 0.8
WORDS = "Every word of this must arrive."
INVITE = (
    "INVITE sip:101@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{branch}\r\n"
    "From: <sip:109@{host}>;tag=a\r\nTo: <sip:101@{host}>\r\nCall-ID: {branch}@garbage\r\n"
    "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:109@{via}>\r\n{more}"
    "Content-Length: {length}\r\n\r\n"
)
VIAS = ("127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:0", "[::1]:5060", "nowhere.invalid:5060", "")


async def test_sip_garbage(scene: Scene) -> None:
    """The talk goes on, bad messages are counted, and OPTIONS is answered as before."""
    async with scene.stage.sip_phones("109") as sip:
        await sip.dial("109", "101")
        await scene.phone(1).wait_ringing(LONG_S)
        await scene.phone(1).lift()
        await scene.talks(1)
        before = (await scene.status()).counters
        with closing(_peer(scene)) as peer:
            for message in _bad_messages(scene.stage.sip_address):
                peer.send(message)
                await asyncio.sleep(0.002)
            await _tcp_garbage(scene.stage.sip_address)

            async def counted() -> bool:
                now = (await scene.status()).counters
                return now["sip.bad"] > before["sip.bad"] + 50

            await scene.until(counted, "bad messages counted")
            assert await asyncio.to_thread(_answers_options, peer, scene.stage.sip_address)
        assert len((await scene.status()).calls) == 1
        await sip.hang_up("109")
        await scene.phone(1).wait_hears("busy", LONG_S)
        await scene.phone(1).hang_up()
    (record,) = await scene.records(1)
    assert (record["caller"], record["answered_by"], record["cause"]) == ("109", "101", 16)


async def test_rtp_garbage(scene: Scene) -> None:
    """A stranger's packets at the port of a talk are not heard."""
    async with scene.stage.sip_phones("109") as sip:
        await sip.dial("109", "101")
        await scene.phone(1).wait_ringing(LONG_S)
        await scene.phone(1).lift()
        await scene.talks(1)
        ports = _udp_ports(scene.stage.pid("media"))
        assert ports
        words = speak_text(WORDS, "en+f3")
        ear = await scene.phone(1).listen()
        await sip.speak("109", words)
        chance = random.Random(4)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            for number in range(150):
                for port in ports:
                    stranger.sendto(_bad_packet(chance, number), (LOOPBACK, port))
                await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)
        heard, _ = await ear.stop()
        found = compare(words, heard, max_delay_ms=5_000)
        assert found.correlation >= LEAST_LIKENESS, found
        await sip.hang_up("109")
        await scene.phone(1).wait_hears("busy", LONG_S)
        await scene.phone(1).hang_up()
    await scene.records(1)


def _bad_messages(server: str) -> Iterator[bytes]:
    chance = random.Random(3)
    for number in range(60):
        yield chance.randbytes(chance.randrange(1, 1400))
        sound = INVITE.format(host=server, via=server, branch=f"t{number}", more="", length=0)
        yield sound.encode()[: chance.randrange(10, 200)]
    for number, via in enumerate(VIAS):
        text = INVITE.format(host=server, via=via, branch=f"v{number}", more="", length=0)
        yield text.encode()
    huge = f"X-Huge: {'x' * 60_000}\r\n"
    yield INVITE.format(host=server, via=server, branch="h", more=huge, length=0).encode()
    many = "Route: <sip:a@b>\r\n" * 2_000
    yield INVITE.format(host=server, via=server, branch="m", more=many, length=0).encode()
    yield INVITE.format(host=server, via=server, branch="l", more="", length=99_999).encode()
    yield b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"
    yield b"\0" * 1_000


async def _tcp_garbage(server: str) -> None:
    """A stream that is no SIP is closed by the exchange."""
    host, _, port = server.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n" * 100)
    async with asyncio.timeout(LONG_S):
        await reader.read()
    writer.close()


def _peer(scene: Scene) -> socket.socket:
    host, _, port = scene.stage.sip_address.partition(":")
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind((LOOPBACK, 0))
    peer.connect((host, int(port)))
    peer.settimeout(LONG_S)
    return peer


def _answers_options(peer: socket.socket, server: str) -> bool:
    own = "{}:{}".format(*peer.getsockname())
    text = INVITE.format(host=server, via=own, branch="options", more="", length=0)
    text = text.replace("INVITE", "OPTIONS").replace("sip:101@", "sip:", 1)
    peer.send(text.encode())
    while True:  # answers to what came before are waiting there too
        answer = peer.recv(65_536)
        if b"OPTIONS" in answer:
            return answer.startswith(b"SIP/2.0 200")


def _bad_packet(chance: random.Random, number: int) -> bytes:
    header = bytes([0x80, 8]) + number.to_bytes(2, "big") + bytes(8)
    return chance.choice((chance.randbytes(chance.randrange(0, 200)), header + b"\x55" * 160))


def _udp_ports(pid: int) -> list[int]:
    """Local UDP ports of a process."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if found := re.match(r"socket:\[(\d+)\]", str(link.readlink())):
            sockets.add(found[1])
    rows = [row.split() for row in Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]]
    return [int(row[1].partition(":")[2], 16) for row in rows if row[9] in sockets]
