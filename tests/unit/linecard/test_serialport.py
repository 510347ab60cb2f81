# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.linecard import serialport
from drivers.linecard.serialport import SerialPort


class Pair:
    """A serial port on a pseudo-terminal, and what it did."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.got = b""
        self.lost: list[str] = []
        self.port = SerialPort(os.ttyname(self.slave), 115_200, self._take, self.lost.append)

    def _take(self, data: bytes) -> None:
        self.got += data

    def unplug(self) -> None:
        for fd in (self.master, self.slave):
            os.close(fd)
        self.master = self.slave = -1

    def close(self) -> None:
        self.port.close()
        if self.master >= 0:
            self.unplug()


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


async def until(holds: object) -> None:
    for _ in range(500):
        if holds():  # type: ignore[operator]
            return
        await asyncio.sleep(0.002)
    raise AssertionError("not within a second")


async def test_both_ways(pair: Pair) -> None:
    os.write(pair.master, b"up\x03\x11\x13\r\n")
    await until(lambda: pair.got == b"up\x03\x11\x13\r\n")
    pair.port.write(b"down\x03\r\n")
    assert os.read(pair.master, 99) == b"down\x03\r\n"


async def test_nothing_waiting_is_no_loss(pair: Pair) -> None:
    pair.port.read_waiting()
    assert pair.lost == []


async def test_what_waits_can_be_taken_before_the_loop_looks(pair: Pair) -> None:
    os.write(pair.master, b"already here")
    pair.port.read_waiting()
    assert pair.got == b"already here"


async def test_what_does_not_fit_goes_later_and_in_order(pair: Pair) -> None:
    sent = bytes(n % 251 for n in range(40_000))
    for start in range(0, len(sent), 1_000):
        pair.port.write(sent[start : start + 1_000])
    came = b""
    while len(came) < len(sent):
        await asyncio.sleep(0)
        try:
            came += os.read(pair.master, 4_096)
        except BlockingIOError:
            await asyncio.sleep(0.001)
    assert came == sent
    assert pair.lost == []


async def test_a_port_that_takes_nothing_is_lost(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serialport, "MAX_UNWRITTEN", 10_000)
    for _ in range(100):
        pair.port.write(bytes(1_000))
    assert pair.lost == ["it takes no more bytes"]


async def test_unplugged_while_reading(pair: Pair) -> None:
    pair.unplug()
    await until(lambda: pair.lost)
    assert len(pair.lost) == 1
    pair.port.write(b"into the void")
    pair.port.read_waiting()
    assert len(pair.lost) == 1


async def test_unplugged_while_writing(pair: Pair) -> None:
    pair.unplug()
    pair.port.write(b"x")
    assert pair.lost == ["Input/output error"]


async def test_a_port_is_ours_alone(pair: Pair) -> None:
    with pytest.raises(OSError, match="lock"):
        SerialPort(os.ttyname(pair.slave), 115_200, print, print)


async def test_no_port() -> None:
    with pytest.raises(OSError, match="/dev/nowhere"):
        SerialPort("/dev/nowhere", 115_200, print, print)
