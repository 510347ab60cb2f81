# SPDX-License-Identifier: GPL-2.0-or-later
"""A full disk: calls go on, nobody is told that his message was kept, and records come later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from board.demo.stage import Stage
from board.sim.client import ExchangeLine, Samples
from board.sim.measure import compare
from board.sim.recogniser import recognise
from board.sim.tones import COUNTRIES
from board.sim.voices import speak_text
from board.sim.wavefile import read_wav
from firmware.errors import PeerError
from tests.scenario.disk import SmallDisk
from tests.scenario.scene import LONG_S, SUNDAY, Scene, settle

OFFICE, AT = "r1", SUNDAY
pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER, OTHER_CALLER = "0501234567", "0671234567"
MESSAGE = "Please call me back about the parcel, it did not arrive."
NORMAL = 16
SAMPLES_PER_S = 8_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def disk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SmallDisk]:
    """The disk that will hold the records and messages."""
    async with SmallDisk.at(tmp_path_factory.mktemp("office") / "data") as disk:
        yield disk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(disk: SmallDisk) -> AsyncIterator[Stage]:
    """The office on that disk."""
    async with Stage.open(disk.folder.parent, OFFICE, AT) as stage:
        yield stage


async def test_disk_full(scene: Scene, disk: SmallDisk) -> None:
    """Messages fail openly, talks do not notice, records wait in memory until there is room."""
    scene.expect_in_log("StoreMessage waits for", "database or disk is full", "disk I/O error")
    first, second = scene.line(1), scene.line(2)
    await first.call(CALLER)
    await second.call(OTHER_CALLER)
    await _to_the_beep(scene, first, CALLER)
    await first.speak(speak_text(MESSAGE, "en+m4"))
    await settle(1.0)  # a part of it is on the disk
    disk.fill(scene.stage)
    await _to_the_beep(scene, second, OTHER_CALLER)
    assert "disk" in await scene.alarm("voicemail")
    await scene.alarm("records")
    await first.released(LONG_S)
    await second.released(LONG_S)
    await scene.talk_inside(3, 4)
    await scene.phone(3).hang_up()
    await scene.phone(4).wait_hears("busy", LONG_S)
    await scene.phone(4).hang_up()
    assert not await _records_now(scene.stage)
    disk.free(scene.stage)
    await scene.no_alarm("records")
    records = await scene.records(3)
    assert {record["caller"] for record in records} == {CALLER, OTHER_CALLER, "103"}
    assert all(record["cause"] == NORMAL for record in records)


async def test_message_ends_before_the_busy_tone(scene: Scene, disk: SmallDisk) -> None:
    """A caller hangs up and the exchange only gives busy tone: the message holds his words."""
    line, words = scene.line(1), speak_text(MESSAGE, "en+m4")
    known = _messages(disk.folder)
    await line.call(CALLER)
    await _to_the_beep(scene, line, CALLER)
    await settle(0.7)
    await line.speak(words)
    await line.speech_done()
    await line.hang_up("busy-tone")
    await line.released(LONG_S)
    await scene.no_alarm()
    (record,) = await scene.records(1)
    assert record["mailbox"] == "101" and record["hung_up_by"] == "caller"
    (path,) = _messages(disk.folder) - known
    message = read_wav(path)
    assert recognise(message[-2 * SAMPLES_PER_S :], COUNTRIES["UA"]) != "busy"
    assert not _has_busy_tone(message), "no burst of it is left at the end"
    assert compare(words, message, max_delay_ms=5_000).correlation >= 0.8


async def _records_now(stage: Stage) -> list[dict[str, Any]]:
    """What is on the disk, if it can be read at all: SQLite needs room for that, too."""
    try:
        return await stage.records()
    except PeerError as error:
        assert "cannot be read" in str(error)
        return []


async def _to_the_beep(scene: Scene, line: ExchangeLine, caller: str) -> None:
    """A caller who knows the announcement skips it with a key."""

    async def announced() -> bool:
        calls = (await scene.status()).calls
        return any(call.block == "message" and call.caller == caller for call in calls)

    await scene.until(announced, "the announcement of the mailbox")
    await line.dial("1")
    await settle(0.2)  # the key's own echo
    await line.wait_hears("tone", LONG_S)


def _has_busy_tone(message: Samples) -> bool:
    """Whether the last half second holds a burst of 425 Hz alone, as the recogniser hears it."""
    tail = message[-SAMPLES_PER_S // 2 :]
    return recognise(tail, COUNTRIES["UA"]) == "tone"


def _messages(folder: Path) -> set[Path]:
    return set((folder / "voicemail" / "101").glob("*.wav"))
