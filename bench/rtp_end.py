# SPDX-License-Identifier: GPL-2.0-or-later
"""One end of an RTP stream: sends A-law every 20 ms, notes what comes and when."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import statistics
import struct
import time

import numpy as np
import numpy.typing as npt

from bench.sip_phone import HOST, open_socket, receive
from native._core import ffi, lib

Samples = npt.NDArray[np.int16]

HEADER = struct.Struct("!BBHII")
VERSION = 0x80
PCMA = 8
ALAW_SILENCE = b"\xd5"
PACKET = 160  # samples, 20 ms
PACKET_S = 0.02
NS_PER_S = 1_000_000_000
NS_PER_SAMPLE = NS_PER_S // 8000


def alaw_encode(samples: Samples) -> bytes:
    """G.711 A-law of int16 samples."""
    out = bytearray(len(samples))
    source = ffi.from_buffer("int16_t[]", samples.tobytes())
    lib.tr_alaw_encode(source, ffi.from_buffer("uint8_t[]", out), len(out))
    return bytes(out)


def alaw_decode(data: bytes) -> Samples:
    """int16 samples of G.711 A-law."""
    out = bytearray(2 * len(data))
    target = ffi.from_buffer("int16_t[]", out)
    lib.tr_alaw_decode(ffi.from_buffer("uint8_t[]", data), target, len(data))
    return np.frombuffer(out, np.int16)


class RtpEnd:
    """A socket for one talk; belongs to the running loop."""

    def __init__(self) -> None:
        self._socket = open_socket()
        self.port: int = self._socket.getsockname()[1]
        self.received: list[tuple[int, int, bytes]] = []  # arrival ns, RTP time, payload
        self.packets = 0
        self.keep = False  # keep payloads, or only count
        self._remote = (HOST, 0)
        self._sequence = secrets.randbelow(1 << 16)
        self._time = secrets.randbelow(1 << 31)
        self._source = secrets.randbits(32)
        self._task: asyncio.Task[None] | None = None
        self._sound = b""  # what is sent again and again
        self._words = b""  # what is sent once, in its place
        self._said = asyncio.Event()
        self._left_ns: list[int] = []  # when the words' packets left, less their place in them
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Stop and give the socket back."""
        if self._task is not None:
            self._task.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def start(self, remote_port: int, sound: Samples) -> None:
        """Send this sound again and again."""
        self._remote = (HOST, remote_port)
        self._sound = alaw_encode(sound)
        self._task = asyncio.create_task(self._send())

    async def say(self, words: Samples) -> int:
        """Send words once in the running stream; returns when their first packet left, ns.

        It is the median over all packets, so that one late packet does not count.
        """
        self._left_ns = []
        self._words = alaw_encode(words)
        self._said.clear()
        await self._said.wait()
        return round(statistics.median(self._left_ns))

    async def _send(self) -> None:
        start_s = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, start_s + number * PACKET_S - time.monotonic()))
            self._send_packet(self._next_payload(number))

    def _next_payload(self, number: int) -> bytes:
        if self._words:
            payload, self._words = self._words[:PACKET], self._words[PACKET:]
            place_ns = len(self._left_ns) * PACKET * NS_PER_SAMPLE
            self._left_ns.append(time.time_ns() - place_ns)
            if not self._words:
                self._said.set()
            return payload.ljust(PACKET, ALAW_SILENCE)
        start = number * PACKET % (len(self._sound) // PACKET * PACKET)
        return self._sound[start : start + PACKET]

    def _send_packet(self, payload: bytes) -> None:
        header = HEADER.pack(VERSION, PCMA, self._sequence, self._time, self._source)
        self._socket.sendto(header + payload, self._remote)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._time = (self._time + PACKET) & 0xFFFFFFFF

    def _readable(self) -> None:
        try:
            while True:
                data, at_ns = receive(self._socket)
                self.packets += 1
                if self.keep:
                    _, _, _, rtp_time, _ = HEADER.unpack_from(data)
                    self.received.append((at_ns, rtp_time, data[HEADER.size :]))
        except BlockingIOError:
            return

    def heard(self) -> tuple[Samples, int]:
        """What came, and when the packet with its first sample arrived (median of all), ns."""
        first_time = self.received[0][1]
        places = [(rtp_time - first_time) & 0xFFFFFFFF for _, rtp_time, _ in self.received]
        sound = np.zeros(max(places) + PACKET, np.int16)
        for place, (_, _, payload) in zip(places, self.received, strict=True):
            sound[place : place + PACKET] = alaw_decode(payload)
        arrivals = [
            at_ns - place * NS_PER_SAMPLE
            for place, (at_ns, _, _) in zip(places, self.received, strict=True)
        ]
        return sound, round(statistics.median(arrivals))
