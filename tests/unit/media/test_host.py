# SPDX-License-Identifier: GPL-2.0-or-later
"""The media host as its own process with the real engine: audio over loopback RTP.

The exchange is MediaClient in this process, or a process of its own where it is to be killed.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from firmware.effects import (
    CloseLeg,
    ConnectRtp,
    Detect,
    JoinBridge,
    OpenCard,
    OpenRtp,
    PlayFiles,
    StartRecording,
    StopRecording,
    TagLeg,
)
from firmware.errors import ConfigError
from firmware.events import (
    DigitHeard,
    MediaDown,
    MediaFailed,
    MediaUp,
    PlayEnded,
    RecordEnded,
    RtpOpened,
)
from firmware.media.client import MediaClient
from firmware.media.host import main, own_address
from firmware.media.protocol import NO_LEG, MediaEvent
from firmware.values import Codec, LegId
from firmware.wire import encode

ROOT = Path(__file__).resolve().parents[3]
ANNA, BORIS = LegId(11), LegId(12)
STEP_S, WAIT_S = 0.02, 10.0
SAMPLES = 160
START = (
    "import argparse,pathlib,sys\n"
    "from firmware.media.host import main\n"
    "sys.exit(main(argparse.Namespace(socket=pathlib.Path(sys.argv[1]), card='', channels=12,"
    " rtp_host='127.0.0.1', rtp_ports=None)))\n"
)
T = TypeVar("T")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Path]:
    """A running media host; its socket."""
    path = tmp_path / "media.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(path), cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    yield path
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), WAIT_S) == 0
    assert not path.exists()


class Exchange:
    """A client with its facts in a queue."""

    def __init__(self, path: Path) -> None:
        self.facts: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self.client = MediaClient(str(path), self.facts.put_nowait, retry_s=0.02)

    @classmethod
    @asynccontextmanager
    async def connected(cls, path: Path) -> AsyncIterator[Exchange]:
        exchange = cls(path)
        task = asyncio.create_task(exchange.client.run())
        try:
            yield exchange
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def expect(self, kind: type[T]) -> T:
        """The next fact of this class; others before it are passed over."""
        async with asyncio.timeout(WAIT_S):
            while True:
                fact = await self.facts.get()
                if isinstance(fact, kind):
                    return fact

    async def open(self, leg: LegId, phone: Phone) -> None:
        self.client.send(OpenRtp(leg))
        phone.to = (await self.expect(RtpOpened)).port
        self.client.send(ConnectRtp(leg, "127.0.0.1", phone.port, Codec.PCMA, 8))

    async def answered(self) -> None:
        """Return once everything sent so far has been carried out."""
        await self.client.snapshot()


class Phone(asyncio.DatagramProtocol):
    """Sends one A-law octet for ever, and keeps what it hears."""

    def __init__(self, octet: int) -> None:
        self.octet = octet
        self.port = 0
        self.to = 0
        self.heard: list[bytes] = []
        self._seq = 0

    @classmethod
    @asynccontextmanager
    async def talking(cls, octet: int) -> AsyncIterator[Phone]:
        loop = asyncio.get_running_loop()
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("127.0.0.1", 0))
        transport, phone = await loop.create_datagram_endpoint(lambda: cls(octet), sock=bound)
        phone.port = bound.getsockname()[1]
        task = asyncio.create_task(phone._talk(transport))
        try:
            yield phone
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            transport.close()

    async def _talk(self, transport: asyncio.DatagramTransport) -> None:
        while True:
            if self.to:
                header = struct.pack("!BBHII", 0x80, 8, self._seq % 65536, self._seq * SAMPLES, 7)
                transport.sendto(header + bytes([self.octet]) * SAMPLES, ("127.0.0.1", self.to))
                self._seq += 1
            await asyncio.sleep(STEP_S)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.append(data[12:])

    def hears(self, octet: int) -> bool:
        """The last packet is the other one's octet."""
        return bool(self.heard) and self.heard[-1].count(octet) > SAMPLES * 0.9


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(STEP_S)


@asynccontextmanager
async def talk(exchange: Exchange) -> AsyncIterator[tuple[Phone, Phone]]:
    """Two telephones in a bridge."""
    async with Phone.talking(0x95) as anna, Phone.talking(0xA5) as boris:
        await exchange.expect(MediaUp)
        await exchange.open(ANNA, anna)
        await exchange.open(BORIS, boris)
        exchange.client.send(JoinBridge(1, (ANNA, BORIS)))
        await until(lambda: anna.hears(0xA5) and boris.hears(0x95))
        yield anna, boris


async def test_two_legs_hear_each_other(host: Path) -> None:
    async with Exchange.connected(host) as exchange, talk(exchange):
        figures = await exchange.client.snapshot()
        legs = {leg.leg: leg for leg in figures.legs}
        assert set(legs) == {ANNA, BORIS}
        assert legs[ANNA].kind == "rtp" and legs[ANNA].bridge == 1
        await asyncio.sleep(0.2)
        figures = await exchange.client.snapshot()
        assert all(leg.packets_received > 5 and leg.packets_sent > 5 for leg in figures.legs)
        assert figures.engine.ticks > 10
        exchange.client.send(CloseLeg(ANNA))
        exchange.client.send(CloseLeg(BORIS))
        assert (await exchange.client.snapshot()).legs == ()


async def test_a_talk_outlives_a_killed_exchange(host: Path) -> None:
    """The exchange is a process and gets SIGKILL; a new one is greeted with what is held."""
    async with Exchange.connected(host) as exchange, talk(exchange) as (anna, boris):
        exchange.client.send(TagLeg(ANNA, '{"line": "FXS1"}'))
        await exchange.answered()
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c",
            "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
            "print(s.recv(9) and 1, flush=True); time.sleep(60)",
            str(host), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert other.stdout is not None
        assert (await other.stdout.readline()).strip() == b"1"  # it has taken our place
        await exchange.expect(MediaDown)
        other.kill()
        await other.wait()
        before = len(anna.heard), len(boris.heard)
        await until(lambda: len(anna.heard) > before[0] + 10 and len(boris.heard) > before[1] + 10)
        assert anna.hears(0xA5) and boris.hears(0x95)
        held = {leg.leg: leg for leg in (await exchange.expect(MediaUp)).held}
        assert held[ANNA].tag == '{"line": "FXS1"}'
        assert held[BORIS].tag == ""
        assert held[ANNA].rtp_port == anna.to
        assert held[ANNA].bridge == held[BORIS].bridge == 1
        exchange.client.send(CloseLeg(ANNA))
        assert [leg.leg for leg in (await exchange.client.snapshot()).legs] == [BORIS]


async def test_digits_recordings_and_files(host: Path, tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    async with Exchange.connected(host) as exchange, Phone.talking(0x95) as anna:
        await exchange.expect(MediaUp)
        await exchange.open(ANNA, anna)
        exchange.client.send(Detect(ANNA, digits=True))
        exchange.client.send(StartRecording(ANNA, 5, str(target), 60.0))
        exchange.client.send(PlayFiles(ANNA, 8, (str(tmp_path / "nothing.wav"),)))
        ended = await exchange.expect(PlayEnded)
        assert ended.play == 8 and "nothing.wav" in ended.reason
        await asyncio.sleep(0.3)
        exchange.client.send(StopRecording(ANNA))
        recorded = await exchange.expect(RecordEnded)
        assert (recorded.leg, recorded.record, recorded.path) == (ANNA, 5, str(target))
        assert recorded.reason == "stopped" and recorded.duration_s > 0.1
        assert target.read_bytes()[:4] == b"RIFF"


async def test_rfc_4733_digits_reach_the_exchange(host: Path) -> None:
    async with Exchange.connected(host) as exchange, Phone.talking(0xD5) as anna:
        await exchange.expect(MediaUp)
        exchange.client.send(OpenRtp(ANNA))
        port = (await exchange.expect(RtpOpened)).port
        exchange.client.send(
            ConnectRtp(ANNA, "127.0.0.1", anna.port, Codec.PCMA, 8, dtmf_payload_type=101)
        )
        exchange.client.send(Detect(ANNA, digits=True))
        await exchange.answered()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            for seq in range(6):
                event = struct.pack("!BBH", 9, 0x0A, 160 * (seq + 1))
                header = struct.pack("!BBHII", 0x80, 101, seq, 4000, 7)
                phone.sendto(header + event, ("127.0.0.1", port))
                await asyncio.sleep(STEP_S)
            heard = await exchange.expect(DigitHeard)
        assert (heard.leg, heard.digit) == (ANNA, "9")


async def test_a_recording_that_ends_alone_is_told_to_the_next_exchange(
    host: Path, tmp_path: Path
) -> None:
    async with Phone.talking(0x95) as anna:
        async with Exchange.connected(host) as first:
            await first.expect(MediaUp)
            await first.open(ANNA, anna)
            first.client.send(StartRecording(ANNA, 6, str(tmp_path / "m.wav"), 0.5))
            await first.answered()
        await until((tmp_path / "m.wav").exists)
        async with Exchange.connected(host) as second:
            assert [leg.leg for leg in (await second.expect(MediaUp)).held] == [ANNA]
            assert (await second.expect(RecordEnded)).reason == "limit"


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (CloseLeg(LegId(99)), "CloseLeg"),
        (CloseLeg(LegId(2**40)), "CloseLeg"),
        (OpenCard(LegId(1), channel=4000), "OpenCard"),
        (ConnectRtp(LegId(99), "nobody.invalid", 70000, Codec.PCMA, 8), "ConnectRtp"),
        (JoinBridge(1, (LegId(99),)), "JoinBridge"),
        (TagLeg(LegId(99), "x"), "TagLeg"),
    ],
)
async def test_an_impossible_order_is_refused_with_a_reason(
    host: Path, order: CloseLeg, name: str
) -> None:
    async with Exchange.connected(host) as exchange:
        await exchange.expect(MediaUp)
        exchange.client.send(order)
        failed = await exchange.expect(MediaFailed)
        assert failed.order == name and failed.reason.endswith(".")
        assert (await exchange.client.snapshot()).legs == ()


async def test_a_recording_that_cannot_begin_has_ended(host: Path) -> None:
    async with Exchange.connected(host) as exchange:
        await exchange.expect(MediaUp)
        exchange.client.send(StartRecording(LegId(99), 4, "/nowhere/a.wav", 1.0))
        ended = await exchange.expect(RecordEnded)
        assert (ended.record, ended.path, ended.duration_s) == (4, "/nowhere/a.wav", 0.0)
        assert "99" in ended.reason
        exchange.client.send(PlayFiles(LegId(99), 5, ("/nowhere/a.wav",)))
        assert (await exchange.expect(PlayEnded)).play == 5


async def test_sigterm_while_an_exchange_is_connected(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(path), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    async with Exchange.connected(path) as exchange:
        await exchange.expect(MediaUp)
        process.send_signal(signal.SIGTERM)
        await exchange.expect(MediaDown)
        _, log = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode == 0
    assert b"Traceback" not in log


async def test_noise_on_the_socket_does_no_harm(host: Path) -> None:
    async with Exchange.connected(host) as exchange:
        await exchange.expect(MediaUp)
        reader, writer = await asyncio.open_unix_connection(host)
        writer.write(b"\x00\xff{]\n[]\n" + b"z" * 100_000 + b"\n" + encode(OpenRtp(ANNA)))
        answers = [await reader.readline() for _ in range(5)]
        assert [b"MediaUp" in line for line in answers] == [True] + [False] * 4
        assert all(b"MediaFailed" in line for line in answers[1:4])
        assert b"RtpOpened" in answers[4]
        writer.close()
        assert [leg.leg for leg in (await exchange.expect(MediaUp)).held] == [ANNA]
        assert NO_LEG == 0


async def test_a_second_host_on_the_same_socket_is_refused(host: Path) -> None:
    async with Exchange.connected(host) as exchange:
        await exchange.expect(MediaUp)
        with pytest.raises(ConfigError, match="Another media host"):
            main(_options(host))


def test_a_socket_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(ConfigError, match="media socket"):
        main(_options(tmp_path / "plain" / "media.sock"))


def _options(path: Path) -> object:
    import argparse

    return argparse.Namespace(
        socket=path, card="", channels=12, rtp_host="127.0.0.1", rtp_ports=None
    )


def test_own_address_is_a_number() -> None:
    assert len(socket.inet_aton(own_address())) == 4
