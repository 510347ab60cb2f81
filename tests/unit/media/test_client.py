# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange's end of the media socket, against a host that is a few lines of this file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware.effects import CloseLeg, OpenCard, OpenRtp
from firmware.errors import LocalError
from firmware.events import MediaDown, MediaFailed, MediaUp, RtpOpened
from firmware.media.client import MISSING_AFTER, EngineFigures, MediaClient, MediaSnapshot
from firmware.media.protocol import GetSnapshot, MediaCommand, MediaEvent, command_lines
from firmware.values import LegId
from firmware.wire import encode

GREETING = MediaUp((), "127.0.0.1")
FIGURES = EngineFigures(1.0, 100, 0, 0, 0, 5.0, 9, False, False, 0, 0, 0)
Answer = Callable[[MediaCommand], list[MediaEvent]]


class FakeHost:
    """Greets, answers what ``answer`` says, and can drop its visitors."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []
        self.heard: list[MediaCommand] = []

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        self._server.close()
        self.drop()
        self._path.unlink(missing_ok=True)  # Python 3.13 takes the socket away itself

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def say(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(encode(GREETING))
        lines = command_lines()
        while data := await reader.read(4096):
            for order in lines.feed(data):
                self.heard.append(order)
                for event in self._answer(order):
                    writer.write(encode(event))
        writer.close()


def open_answer(order: MediaCommand) -> list[MediaEvent]:
    if isinstance(order, OpenRtp):
        return [RtpOpened(order.leg, "127.0.0.1", 4000)]
    if isinstance(order, GetSnapshot):
        return [MediaSnapshot(order.request, FIGURES, ())]
    return []


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[MediaClient, asyncio.Queue[MediaEvent]]]:
    facts: asyncio.Queue[MediaEvent] = asyncio.Queue()
    client = MediaClient(str(path), facts.put_nowait, retry_s=0.03)
    task = asyncio.create_task(client.run())
    try:
        yield client, facts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_greeting_order_and_answer(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "media.sock", open_answer)
    await host.start()
    async with running(tmp_path / "media.sock") as (client, facts):
        assert await facts.get() == GREETING
        assert client.connected
        client.send(OpenRtp(LegId(3)))
        assert await facts.get() == RtpOpened(LegId(3), "127.0.0.1", 4000)
        assert host.heard == [OpenRtp(LegId(3))]
    await host.stop()


async def test_a_host_that_starts_later_is_found(tmp_path: Path) -> None:
    async with running(tmp_path / "media.sock") as (client, facts):
        client.send(CloseLeg(LegId(1)))  # dropped
        client.send(OpenRtp(LegId(2)))
        lost = await facts.get()
        assert isinstance(lost, MediaFailed)
        assert (lost.leg, lost.order) == (LegId(2), "OpenRtp")
        client.send(OpenCard(LegId(4), 0))
        lost = await facts.get()
        assert isinstance(lost, MediaFailed) and lost.order == "OpenCard"
        host = FakeHost(tmp_path / "media.sock", open_answer)
        await host.start()
        await client.wait_connected()
        assert await facts.get() == GREETING
        await host.stop()


async def test_a_host_that_never_starts_is_told_once(tmp_path: Path) -> None:
    async with running(tmp_path / "media.sock") as (_, facts):
        missing = await facts.get()
        assert isinstance(missing, MediaDown) and "start tipring media" in missing.reason
        for _ in range(3 * MISSING_AFTER):
            await asyncio.sleep(0.01)
        assert facts.empty()


async def test_a_lost_host_is_told_and_reached_again(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "media.sock", open_answer)
    await host.start()
    async with running(tmp_path / "media.sock") as (client, facts):
        assert await facts.get() == GREETING
        host.drop()
        assert isinstance(await facts.get(), MediaDown)
        assert await facts.get() == GREETING
        assert client.connected
    await host.stop()


async def test_a_bad_line_is_logged_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = FakeHost(tmp_path / "media.sock", open_answer)
    await host.start()
    async with running(tmp_path / "media.sock") as (_, facts):
        await facts.get()
        host.say(b'{"type": "Riddle"}\n' + encode(RtpOpened(LegId(1), "h", 2)))
        assert await facts.get() == RtpOpened(LegId(1), "h", 2)
    assert "Riddle" in caplog.text
    await host.stop()


async def test_a_host_that_reads_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.media.client.MAX_UNSENT_BYTES", -1)
    host = FakeHost(tmp_path / "media.sock", open_answer)
    await host.start()
    async with running(tmp_path / "media.sock") as (client, facts):
        await facts.get()
        client.send(OpenRtp(LegId(3)))
        assert isinstance(await facts.get(), MediaDown)
    await host.stop()


async def test_snapshot(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "media.sock", open_answer)
    await host.start()
    async with running(tmp_path / "media.sock") as (client, facts):
        await facts.get()
        first, second = await asyncio.gather(client.snapshot(), client.snapshot())
        assert first.engine == FIGURES
        assert (first.request, second.request) == (1, 2)
    await host.stop()


async def test_snapshot_without_an_answer(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "media.sock", lambda order: [])
    await host.start()
    async with running(tmp_path / "media.sock") as (client, facts):
        with pytest.raises(LocalError, match="cannot be reached"):
            await client.snapshot()
        await facts.get()
        with pytest.raises(LocalError, match="did not answer"):
            await client.snapshot(timeout_s=0.01)
        waiting = asyncio.create_task(client.snapshot())
        await asyncio.sleep(0)
        host.drop()
        with pytest.raises(LocalError, match="did not answer"):
            await waiting
    await host.stop()
