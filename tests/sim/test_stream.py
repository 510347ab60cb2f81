# SPDX-License-Identifier: GPL-2.0-or-later
"""The ALSA plug-in under unchanged ALSA programs: its clock, its echo, its faults."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from board.sim.client import SimulatedBoard
from board.sim.hybrid import ERL_DB, LINE_LOSS_DB, NOISE_DBM0, echo_paths
from board.sim.levels import level_dbm0
from tests.sim.conftest import Host


@pytest.mark.parametrize("ppm", [0.0, 100_000.0])
async def test_capture_runs_at_the_cards_rate(tmp_path: Path, ppm: float) -> None:
    async with SimulatedBoard.start(tmp_path, ppm=ppm, firmware=False) as board:
        before = await board.statistics()
        captured = await Host(board, tmp_path).record(2)
        after = await board.statistics()
    samples = after["samples"] - before["samples"]
    rate_hz = samples / (after["clock_s"] - before["clock_s"])
    assert rate_hz == pytest.approx(8000 * (1 + ppm * 1e-6), rel=0.03)  # blocks may come late
    assert len(captured) == 16_000
    assert samples >= 15_500  # 2 s of capture, less what was there when it was asked


async def test_playing_and_capturing_at_once_loses_nothing(
    bare_board: SimulatedBoard, tmp_path: Path
) -> None:
    host = Host(bare_board, tmp_path)
    tone = 3000 * np.sin(2 * np.pi * 500 / 8000 * np.arange(24_000))
    phone = bare_board.phone("FXS1")
    await phone.lift()
    recording = await phone.listen()
    playing = await host.play({0: tone})
    captured = await host.record(2)
    assert await playing.wait() == 0
    heard, _ = await recording.stop()
    statistics = await bare_board.statistics()
    assert (statistics["playback_xruns"], statistics["capture_xruns"]) == (0, 0)
    assert _phase_jumps(heard, 23_000) == 0
    assert level_dbm0(captured[8000:, 0]) > NOISE_DBM0 + 20  # the hybrid's echo of the tone


def _phase_jumps(heard: np.ndarray, count: int) -> int:
    """Breaks in a 500 Hz tone: 16 samples on, everything repeats."""
    start = int(np.flatnonzero(np.abs(heard) > 500)[0]) + 160
    tone = heard[start : start + count].astype(float)
    return int(np.sum(np.abs(tone[16:] - tone[:-16]) > 300))


async def test_echo_return_loss_is_what_the_hybrids_have(
    bare_board: SimulatedBoard, tmp_path: Path
) -> None:
    host = Host(bare_board, tmp_path)
    noise = np.random.default_rng(5).normal(0, 2000, 24_000)
    playing = await host.play(dict.fromkeys(range(12), noise))
    captured = await host.record(2)
    assert await playing.wait() == 0
    for channel, path in enumerate((echo_paths() * 2)[:12]):
        expected = level_dbm0(np.convolve(noise, path).astype(np.float32)) - ERL_DB[channel % 5]
        assert level_dbm0(captured[8000:, channel]) == pytest.approx(expected, abs=0.5)


async def test_mouth_reaches_the_card_with_the_lines_loss(
    bare_board: SimulatedBoard, tmp_path: Path
) -> None:
    phone = bare_board.phone("FXS3")
    await phone.lift()
    noise = np.random.default_rng(6).normal(0, 2000, 32_000).astype(np.int16)
    await phone.speak(noise)
    captured = await Host(bare_board, tmp_path).record(2)
    loss_db = level_dbm0(noise) - level_dbm0(captured[4000:12_000, 2])
    assert loss_db == pytest.approx(LINE_LOSS_DB, abs=0.3)
    assert level_dbm0(captured[4000:12_000, 3]) == pytest.approx(NOISE_DBM0, abs=1.0)


async def test_ordered_xrun_is_counted_and_survived(
    bare_board: SimulatedBoard, tmp_path: Path
) -> None:
    recording = asyncio.create_task(Host(bare_board, tmp_path).record(2))
    phone = bare_board.phone("FXS1")
    await phone.lift()
    await phone.speak(np.zeros(8000, np.int16))
    await phone.speech_done()  # one second later arecord is in the middle of it
    await bare_board.inject_xrun()
    captured = await recording  # arecord prepares again and goes on
    assert len(captured) == 16_000
    assert (await bare_board.statistics())["capture_xruns"] == 1


async def test_pcm_of_a_board_that_is_gone_cannot_be_opened(tmp_path: Path) -> None:
    async with SimulatedBoard.start(tmp_path, firmware=False) as board:
        await board.kill()
    process = await Host(board, tmp_path).alsa("arecord", "-d1", str(tmp_path / "none.wav"))
    assert await process.wait() != 0


async def test_board_that_dies_ends_its_streams(tmp_path: Path) -> None:
    async with SimulatedBoard.start(tmp_path, firmware=False) as board:
        host = Host(board, tmp_path)
        recording = await host.alsa("arecord", "--fatal-errors", "-d60", str(tmp_path / "cut.wav"))
        phone = board.phone("FXS1")
        await phone.lift()
        await phone.speak(np.zeros(4000, np.int16))
        await phone.speech_done()  # half a second later arecord runs
        await board.kill()
        async with asyncio.timeout(15):
            assert await recording.wait() != 0
