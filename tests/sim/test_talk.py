# SPDX-License-Identifier: GPL-2.0-or-later
"""The media engine on the simulated card: two telephones talk through the real audio path."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from board.sim.client import BoardError, SimulatedBoard
from board.sim.measure import compare, echo_db
from board.sim.voices import speak_text
from native.engine import Engine

SENTENCE = speak_text("Good morning, this is Anna from the office on the second floor.", "en+f3")
ANSWER = speak_text("Ні, сьогодні я не можу прийти на роботу.", "uk")


@pytest.mark.parametrize("ppm", [0.0, 200.0, -200.0])
async def test_two_telephones_hear_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ppm: float
) -> None:
    async with SimulatedBoard.start(tmp_path, ppm=ppm, firmware=False) as board:
        for name, value in board.alsa_environment().items():
            monkeypatch.setenv(name, value)
        with Engine() as engine:
            engine.start_card(board.alsa_device, board.channels)
            for leg in (1, 2):
                engine.open_card(leg, leg - 1)
            engine.join_bridge(1, [1, 2])
            anna, borys = board.phone("FXS1"), board.phone("FXS2")
            await asyncio.gather(anna.lift(), borys.lift())
            await borys.speak(ANSWER)  # one turn each, for the echo cancellers to settle
            await borys.speech_done()
            await anna.speak(SENTENCE)
            await anna.speech_done()
            own_ear, other_ear = await anna.listen(), await borys.listen()
            spoken = await anna.speak(SENTENCE)
            await anna.speech_done()
            own, own_start = await own_ear.stop()
            heard, heard_start = await other_ear.stop()
        result = compare(SENTENCE, heard, spoken.start_sample, heard_start)
        assert result.correlation > 0.99
        assert result.delay_ms < 60
        assert result.level_db == pytest.approx(-4.0, abs=1.0)  # two lines of 2 dB
        assert echo_db(SENTENCE, own, spoken.start_sample, own_start) < -35


async def test_a_board_that_was_killed_answers_with_a_sentence(tmp_path: Path) -> None:
    async with SimulatedBoard.start(tmp_path, firmware=False) as board:
        waiting = asyncio.create_task(board.phone("FXS1").wait_ringing(30))
        await board.phone("FXS1").lift()
        await board.kill()
        with pytest.raises(BoardError, match="has ended"):
            await waiting
        with pytest.raises(BoardError, match="has ended"):
            await board.phone("FXS1").lift()


async def test_two_clients_share_a_board(bare_board: SimulatedBoard) -> None:
    async with SimulatedBoard.connect(bare_board.run_dir) as second:
        await second.phone("FXS5").lift()
        assert await bare_board.phone("FXS5").off_hook()
        with pytest.raises(BoardError, match="only joined"):
            await second.kill()
    assert await bare_board.phone("FXS5").off_hook()


async def test_board_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, signal, sys\n"
        "from board.sim.client import SimulatedBoard\n"
        "async def main():\n"
        "    async with SimulatedBoard.start(sys.argv[1], firmware=False):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(tmp_path))
    assert await process.wait() == -9
    memory = (tmp_path / "card.shm").resolve()
    async with asyncio.timeout(10):
        while await asyncio.to_thread(memory.exists):
            await asyncio.to_thread(time.sleep, 0.05)
