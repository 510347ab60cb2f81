# SPDX-License-Identifier: GPL-2.0-or-later
"""The card's sound stream as the board sees it: shared memory, sample clock, ALSA configuration.

The board owns the clock. Sample ``n`` is due at ``epoch + n / true_rate`` of CLOCK_MONOTONIC;
a block of 80 is worked on when all of it is due. alsa/stream_map.h describes the memory and who
writes which word. One thread, the board's loop; nothing here blocks.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
CHANNELS = 12
BLOCK = 80  # samples, 10 ms: the engine's tick
RING_FRAMES = 4096  # power of two; half of it is the largest buffer an application may ask for

MAGIC = 0x47525054
LAYOUT_VERSION = 1
DATA_OFFSET = 4096
FIXED_HEADER = struct.Struct("=IIIIIId")
# words of 64 bits after the fixed header
EPOCH_NS, CLAIMED, DONE, HEARTBEAT_NS = range(4)
XRUN_ORDERS, PLAYBACK_START, PLAYBACK_XRUNS, CAPTURE_XRUNS = range(4, 8)

MOST_LATE_S = 0.25  # later than this the clock slips, since the rings hold half a second
CATCH_UP_S = 0.005  # at most twice real time, so that the host can keep up with us

ASOUND_CONF = """\
# Written by the simulated board at its start; give it by ALSA_CONFIG_PATH.
</usr/share/alsa/alsa.conf>
pcm_type.tipring {{ lib "{plugin}" }}
pcm.tipring_sim {{ type tipring shm "{shm}" }}
"""

Frames = npt.NDArray[np.int16]


class CardStream:
    """The rings and words shared with the plug-in, and the pace at which they move."""

    def __init__(self, path: Path, ppm: float = 0.0, channels: int = CHANNELS) -> None:
        """Create the memory at ``path``; ``ppm`` is how much too fast the card's clock runs."""
        self.path = path
        self.true_rate_hz = RATE_HZ * (1.0 + ppm * 1e-6)
        self.sample = 0  # first sample of the next block
        self.late_blocks = 0
        self.worst_late_s = 0.0
        self._channels = channels
        self._last_s = 0.0
        self._memory = self._create(path)
        self._map_arrays()

    def _create(self, path: Path) -> mmap.mmap:
        ring_bytes = RING_FRAMES * self._channels * 2
        size = DATA_OFFSET + 2 * ring_bytes
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.ftruncate(descriptor, size)
            memory = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        fixed = (MAGIC, LAYOUT_VERSION, self._channels, RATE_HZ, RING_FRAMES, BLOCK)
        FIXED_HEADER.pack_into(memory, 0, *fixed, self.true_rate_hz)
        return memory

    def _map_arrays(self) -> None:
        count = RING_FRAMES * self._channels
        shape = (RING_FRAMES, self._channels)
        memory = self._memory
        self._words = np.frombuffer(memory, np.uint64, 8, FIXED_HEADER.size)
        self._playback = np.frombuffer(memory, np.int16, count, DATA_OFFSET).reshape(shape)
        offset = DATA_OFFSET + 2 * count
        self._capture = np.frombuffer(memory, np.int16, count, offset).reshape(shape)

    def start(self, now_s: float) -> None:
        """Sample 0 is now (CLOCK_MONOTONIC seconds)."""
        self._set_epoch(now_s)
        self._words[HEARTBEAT_NS] = time.monotonic_ns()

    def _set_epoch(self, epoch_s: float) -> None:
        self._epoch_s = epoch_s
        self._words[EPOCH_NS] = int(epoch_s * 1e9)

    def sample_at(self, now_s: float) -> int:
        """The card's sample number at a moment (CLOCK_MONOTONIC seconds)."""
        return int((now_s - self._epoch_s) * self.true_rate_hz)

    def next_block_s(self) -> float:
        """When the next block may be worked on."""
        due_s = self._epoch_s + (self.sample + BLOCK) / self.true_rate_hz
        return max(due_s, self._last_s + CATCH_UP_S)

    def begin_block(self, now_s: float) -> Frames:
        """Take the playback of the next block: int16[80, channels]. Slips the clock if too late."""
        late_s = now_s - (self._epoch_s + (self.sample + BLOCK) / self.true_rate_hz)
        self._last_s = now_s
        if late_s > 0.01:
            self.late_blocks += 1
            self.worst_late_s = max(self.worst_late_s, late_s)
        if late_s > MOST_LATE_S:
            self._set_epoch(self._epoch_s + late_s)
        self._words[CLAIMED] = self.sample + BLOCK
        rows = self._rows()
        frames = self._playback[rows].copy()
        self._playback[rows] = 0  # an application that stops is followed by silence, not by echoes
        return frames

    def end_block(self, capture: Frames) -> None:
        """Give the capture of the block begun: int16[80, channels]."""
        self._capture[self._rows()] = capture
        self.sample += BLOCK
        self._words[DONE] = self.sample
        self._words[HEARTBEAT_NS] = time.monotonic_ns()

    def _rows(self) -> npt.NDArray[np.int64]:
        return np.arange(self.sample, self.sample + BLOCK) & (RING_FRAMES - 1)

    def order_xrun(self) -> None:
        """Make both running streams fail once with EPIPE."""
        self._words[XRUN_ORDERS] += np.uint64(1)

    @property
    def xruns(self) -> tuple[int, int]:
        """Playback and capture xruns the plug-in has counted."""
        return int(self._words[PLAYBACK_XRUNS]), int(self._words[CAPTURE_XRUNS])

    def close(self) -> None:
        """Remove the memory; a program that still has it open gets ENODEV a little later."""
        self.path.unlink(missing_ok=True)


def write_asound_conf(path: Path, shm: Path) -> None:
    """Write the ALSA configuration that names our plug-in and the PCM ``tipring_sim``."""
    plugin = Path(__file__).parents[2] / "build" / "libasound_module_pcm_tipring.so"
    path.write_text(ASOUND_CONF.format(plugin=plugin, shm=shm), encoding="utf-8")
