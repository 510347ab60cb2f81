# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated board with its real firmware, and the host's own driver at the other end."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from board.sim.client import SimulatedBoard
from drivers.linecard.card import CardLink
from drivers.linecard.revision import read_revision
from firmware.events import BatteryChanged, CardFact, CardUp, PortState
from firmware.values import LineId

FACT_TIMEOUT_S = 10.0


class Host:
    """The host's end of the card: the facts that came, and ALSA programs on its sound stream."""

    def __init__(self, board: SimulatedBoard, folder: Path) -> None:
        self.board = board
        self.facts: list[CardFact] = []
        self._folder = folder
        self._arrived = asyncio.Event()
        revision = read_revision("tipring-8s4o-r1")
        lines = {port.name: LineId(port.name) for port in revision.ports}
        self.card = CardLink("card1", board.serial_path, revision, lines, self._take)

    def _take(self, fact: CardFact) -> None:
        self.facts.append(fact)
        self._arrived.set()

    async def wait_fact(self, *wanted: CardFact | type) -> CardFact:
        """The first fact that equals or is of a wanted one, now or later; those before it go."""
        async with asyncio.timeout(FACT_TIMEOUT_S):
            while True:
                for place, seen in enumerate(self.facts):
                    if seen in wanted or type(seen) in wanted:
                        del self.facts[: place + 1]
                        return seen
                self._arrived.clear()
                await self._arrived.wait()

    async def alsa(self, *command: str) -> asyncio.subprocess.Process:
        """Start aplay or arecord on the board's sound stream, 12 channels, 10 ms periods."""
        form = ("-D", self.board.alsa_device, "-c12", "-r8000", "-fS16_LE", "--period-size=80")
        return await asyncio.create_subprocess_exec(
            *command[:1],
            *form,
            *command[1:],
            env=os.environ | self.board.alsa_environment(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def play(self, sounds: dict[int, np.ndarray]) -> asyncio.subprocess.Process:
        """Send these sounds on these channels with aplay."""
        frames = np.zeros((max(map(len, sounds.values())), self.board.channels), np.int16)
        for channel, sound in sounds.items():
            frames[: len(sound), channel] = np.rint(sound)
        path = self._folder / "played.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(self.board.channels)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(frames.tobytes())
        return await self.alsa("aplay", "--buffer-size=640", str(path))

    async def record(self, seconds: int) -> np.ndarray:
        """What arecord captures in so many seconds: int16[n, 12]."""
        path = self._folder / "captured.wav"
        process = await self.alsa("arecord", "--buffer-size=1600", f"-d{seconds}", str(path))
        assert await process.wait() == 0
        with wave.open(str(path), "rb") as file:
            data = file.readframes(file.getnframes())
        return np.frombuffer(data, np.int16).reshape(-1, self.board.channels)


@pytest_asyncio.fixture
async def bare_board(tmp_path: Path) -> AsyncIterator[SimulatedBoard]:
    """Sound and wires without a card firmware."""
    async with SimulatedBoard.start(tmp_path, firmware=False) as board:
        yield board


@pytest_asyncio.fixture
async def host(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    """A board of country ``request.param`` (default UA) whose card is up."""
    country = getattr(request, "param", "UA")
    async with SimulatedBoard.start(tmp_path, country=country) as board:
        host = Host(board, tmp_path)
        running = asyncio.create_task(host.card.run())
        try:
            await host.wait_fact(CardUp)
            last = LineId("FXO4")  # seen at once, or when its detector has settled
            await host.wait_fact(
                BatteryChanged(last, present=True), PortState(last, False, False, True, False)
            )
            yield host
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
