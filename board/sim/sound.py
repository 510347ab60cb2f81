# SPDX-License-Identifier: GPL-2.0-or-later
"""Mouths and ears: what a port's party says and hears, block by block on the card's clock.

A mouth plays one sound at a time. The ears of all ports share one ring of the last 8 seconds,
written in one stroke per block; a recording keeps copies for as long as it runs. One thread, the
board's loop.
"""

from __future__ import annotations

import asyncio

import numpy as np
import numpy.typing as npt

from board.sim.audio import BLOCK
from board.sim.levels import Floats

HISTORY_SAMPLES = 1 << 16  # 8.2 s: the longest ringback cadence and a caller-ID pause


class Mouth:
    """One sound at a time, from the next block on."""

    def __init__(self) -> None:
        self._sound: Floats = np.zeros(0, np.float32)
        self._place = 0
        self._done = asyncio.Event()
        self._done.set()

    @property
    def speaking(self) -> bool:
        """Whether there is anything left to say."""
        return not self._done.is_set()

    def say(self, sound: Floats) -> None:
        """Replace what is being said; float32[n] in units of int16."""
        self._sound = sound
        self._place = 0
        self._done.clear()
        if not len(sound):
            self._done.set()

    def hush(self) -> None:
        """Stop at once."""
        self._done.set()

    async def done(self) -> None:
        """Wait until all is said, or hushed."""
        await self._done.wait()

    def add_to(self, row: Floats) -> None:
        """Add the next block to ``row`` (float32[80])."""
        piece = self._sound[self._place : self._place + BLOCK]
        row[: len(piece)] += piece
        self._place += BLOCK
        if self._place >= len(self._sound):
            self._done.set()


class Recording:
    """Everything one ear hears from ``start_sample`` on."""

    def __init__(self, channel: int, start_sample: int) -> None:
        self.channel = channel
        self.start_sample = start_sample
        self._blocks: list[npt.NDArray[np.int16]] = []

    def add(self, blocks: npt.NDArray[np.int16], at_ear: npt.NDArray[np.bool_]) -> None:
        """Take one block of all lines: int16[channels, 80]; silence from a handset on hook."""
        self._blocks.append(blocks[self.channel] * at_ear[self.channel])

    def samples(self) -> npt.NDArray[np.int16]:
        """What was heard, int16[n]."""
        return np.concatenate([np.zeros(0, np.int16), *self._blocks])


class Ears:
    """What came down every line in the last 8 seconds, and who records it at his ear."""

    def __init__(self, channels: int) -> None:
        self._ring = np.zeros((channels, HISTORY_SAMPLES), np.int16)
        self._sample = 0  # end of what was heard
        self.recordings: set[Recording] = set()

    def write(self, blocks: npt.NDArray[np.int16], at_ear: npt.NDArray[np.bool_]) -> None:
        """Take the next block of all lines: int16[channels, 80]; bool[channels]: off hook."""
        places = np.arange(self._sample, self._sample + BLOCK) & (HISTORY_SAMPLES - 1)
        self._ring[:, places] = blocks
        self._sample += BLOCK
        for recording in self.recordings:
            recording.add(blocks, at_ear)

    def heard(self, channel: int, since: int, until: int | None = None) -> npt.NDArray[np.int16]:
        """Samples ``since`` to ``until`` (default: now) of one ear, as far as they are kept."""
        end = self._sample if until is None else min(until, self._sample)
        start = max(since, self._sample - HISTORY_SAMPLES, 0)
        places = np.arange(start, max(start, end)) & (HISTORY_SAMPLES - 1)
        return np.asarray(self._ring[channel, places])

    def listen(self, channel: int) -> Recording:
        """Begin a recording with the next block."""
        recording = Recording(channel, self._sample)
        self.recordings.add(recording)
        return recording
